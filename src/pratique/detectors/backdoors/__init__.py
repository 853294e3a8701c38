"""Rules of the stage `backdoors`."""
