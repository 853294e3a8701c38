"""Rules of the stage `integrity`."""
