"""Plan, run and cache an inspection: views x rules -> findings and receipts."""
