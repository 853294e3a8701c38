"""Known vulnerabilities: fetch, index and match what OSV, KEV and EPSS say; VEX in and out."""
