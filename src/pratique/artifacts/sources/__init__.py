"""Find an artifact's files: a folder, a file, a hub revision."""
