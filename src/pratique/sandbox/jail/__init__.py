"""Tier 1: bubblewrap with nothing in it, a user of its own, Landlock and seccomp inside."""
