"""The engine's own revision, named in receipts and in each result's key."""

ENGINE = 6
"""Counts up when the engine itself reads, measures or lists differently."""
