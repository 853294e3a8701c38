"""What a caller asks of a flow, apart from the artifact itself."""

from dataclasses import dataclass, field
from pathlib import Path

from pratique.core.finding import Digest
from pratique.core.limits import Limits
from pratique.core.ports import Quiet, Watcher


@dataclass(frozen=True, slots=True)
class Asked:
    """How to scan. `cache` is the store's folder, None for one that lives as long as the run.

    `expect` is the digest that the whole artifact must have: of a single file its SHA-256, of a
    folder its root digest. `signature` is what the caller found out about the publisher's
    signature: (kind, data) pairs for rules over the repository.
    """

    limits: Limits = field(default_factory=Limits)
    jobs: int = 2
    jail: bool = True
    cache: Path | None = None
    expect: Digest | None = None
    signature: tuple[tuple[str, object], ...] = ()
    watcher: Watcher = field(default_factory=Quiet)
