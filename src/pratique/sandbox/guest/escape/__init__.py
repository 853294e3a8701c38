"""Attempts to get out of a sandbox, made inside it; sandbox/escapes.py judges them from outside."""
