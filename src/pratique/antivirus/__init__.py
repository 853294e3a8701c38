"""Ask an antivirus that somebody runs, and know when it did not really look."""
