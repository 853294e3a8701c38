"""What a package names: its components, out of the facts of its files."""

from pratique.artifacts.inventory.collect import collect

__all__ = ["collect"]
