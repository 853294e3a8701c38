"""The database's past, step by step."""
