"""Findings and receipts and a pack in, a decision out. Pure: no clock, no I/O."""
