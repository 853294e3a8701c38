"""Programs that a worker runs in tests: each `serve` does what a broken or hostile one would."""
