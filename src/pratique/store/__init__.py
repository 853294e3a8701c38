"""Remember results and receipts; the work to do is what is planned minus what has a receipt."""
