"""What was found becomes a statement, a signature and a badge; and all of it can be verified."""
