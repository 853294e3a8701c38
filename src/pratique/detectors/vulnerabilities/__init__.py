"""Known vulnerabilities: what the package needs, and what its files do to their loaders."""
