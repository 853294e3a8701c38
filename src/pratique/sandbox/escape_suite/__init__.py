"""The outside of the escape suite: what attempts aim at, and what tells whether they got it."""
