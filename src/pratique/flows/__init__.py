"""The stories: scan, badge, verify. The only files where rooms meet."""
