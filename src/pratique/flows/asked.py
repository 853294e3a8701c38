"""What a caller asks of a flow, apart from the artifact itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from pratique.advisories.vex import Statement
from pratique.core.finding import Digest
from pratique.core.limits import Limits
from pratique.core.ports import Quiet, Watcher
from pratique.core.trace import Detonation
from pratique.engine.repository import Said

__all__ = ["Asked", "Publisher", "Said"]


class Publisher(Protocol):
    """Checks the publisher's signature."""

    def said(self, digests: Mapping[str, str]) -> Said:
        """Return how it came out over the hex SHA-256 of every file, by path."""


class Detonator(Protocol):
    """Loads a model in a sandbox as its users would, and asks it something."""

    def run(self, place: Path, watcher: Watcher) -> Detonation:
        """Return what was seen.

        Raises:
            MachineError: the sandbox or the interpreter does not start.

        """


@dataclass(frozen=True, slots=True)
class Asked:
    """How to scan. `cache` is the store's folder, None for one that lives as long as the run.

    `expect` is the digest that the whole artifact must have: of a single file its SHA-256, of a
    folder its root digest. `publisher` checks who signed it. `detonator` makes a scan a deep one.
    `advisories` is the folder of the advisory database, which may be `max_age_days` old,
    `vex` what somebody says of its matches; `rules` are the user's own, packed, `clamd` the
    address of an antivirus.
    """

    limits: Limits = field(default_factory=Limits)
    jobs: int = 2
    jail: bool = True
    cache: Path | None = None
    expect: Digest | None = None
    publisher: Publisher | None = None
    detonator: Detonator | None = None
    advisories: Path | None = None
    max_age_days: int | None = None
    vex: tuple[Statement, ...] = ()
    rules: bytes = b""
    clamd: str = ""
    watcher: Watcher = field(default_factory=Quiet)
