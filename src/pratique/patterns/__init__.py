"""What secrets, confusable text and markup look like; pure, shared by detectors and gateway."""
