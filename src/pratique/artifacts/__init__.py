"""Open hostile files as typed, bounded views; judge nothing."""
