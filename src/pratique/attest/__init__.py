"""Sign what was checked and what was decided, and verify it offline."""
