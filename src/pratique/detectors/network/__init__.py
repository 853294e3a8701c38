"""What a model did when it was loaded and asked: rules over the trace of a detonation."""
