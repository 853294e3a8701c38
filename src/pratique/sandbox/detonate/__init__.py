"""Load a model as its users would, in a sandbox, under many conditions, and tell what it did."""

from pratique.sandbox.detonate.conditions import CONDITIONS
from pratique.sandbox.detonate.run import Options, Progress, detonate

__all__ = ["CONDITIONS", "Options", "Progress", "detonate"]
