"""The story of a scan: open, read, judge; every file leaves an account."""

from pratique.artifacts.sources.base import Source
from pratique.core.scan import Scan
from pratique.flows.asked import Asked


def scan(source: Source, asked: Asked) -> Scan:
    """Return the account of an artifact's inspection.

    Raises:
        MachineError: the store or the workers cannot be started.

    """
    raise NotImplementedError(source.name, asked)
