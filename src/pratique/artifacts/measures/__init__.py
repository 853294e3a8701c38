"""Read the blocks once, in one pass, and tell what was in them."""
