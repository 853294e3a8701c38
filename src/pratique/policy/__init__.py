"""Findings and receipts, weighed by an organisation's pack, become a decision. Pure."""
