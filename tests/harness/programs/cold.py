"""A program that cannot get warm."""


def warm() -> None:
    """Fail, as with a broken rule."""
    raise RuntimeError("no rules to compile")
