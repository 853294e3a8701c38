"""What was found out, kept by content: receipts, findings and facts; the record of truth."""
