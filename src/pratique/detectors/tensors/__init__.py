"""Rules of the stage `tensors`."""
