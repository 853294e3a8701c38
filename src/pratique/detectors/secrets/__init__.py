"""Rules of the stage `secrets`."""
