"""Tar in all its dialects: v7, ustar, GNU and pax (POSIX.1-2001, GNU tar manual appendix D)."""
