"""One reader per format: hostile bytes in, typed views out."""
