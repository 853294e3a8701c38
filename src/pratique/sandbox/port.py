"""The one port to every tier: start a program in a sandbox, ask it, end it, and read its trace.

    with choose(Tier.JAIL).start(job) as inmate:
        for frame in inmate.ask({"do": "load"}, deadline_s=60): ...
        ending = inmate.close()

The contract is the same for all tiers and tests/unit/sandbox/test_contract.py holds each to it:
nothing gets out but bounded JSON frames; the deadline ends it whatever it does; `close` leaves no
process, mount, cgroup or file behind; the death of this process does the same.
"""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path
from typing import Any, Protocol, Self

from pratique.core.errors import MachineError
from pratique.core.jail import JailReport
from pratique.core.limits import GiB, MiB
from pratique.core.trace import Condition, Event


class Tier(IntEnum):
    """How strong the isolation is; a higher one is never replaced by a lower one in silence."""

    JAIL = 1
    GVISOR = 2
    MICROVM = 3


class TierError(MachineError):
    """A tier was demanded that this machine does not offer."""

    def __init__(self, says: str, mend: str = "") -> None:
        super().__init__(says)
        self._mend = mend

    def hint(self) -> str:
        """Say how to get it."""
        return self._mend or super().hint()


@dataclass(frozen=True, slots=True)
class Mount:
    """A file or folder of this machine that the inmate may read at the path `inside`."""

    host: Path
    inside: str


@dataclass(frozen=True, slots=True)
class Bounds:
    """What an inmate may use: bytes of memory and of its tmpfs, processes, seconds."""

    memory: int = 8 * GiB
    tmp: int = 256 * MiB
    processes: int = 256
    cpu_s: int = 600
    deadline_s: float = 120.0


@dataclass(frozen=True, slots=True)
class Job:
    """What to run and with what.

    `program` is a dotted module with `serve(request, send)`, imported inside; `python` is the
    interpreter whose environment it sees (its installed packages come along), `paths` are more
    folders of Python packages, mounted read-only and put on its path. `home` are (relative path,
    content) files of the home folder, `environment` are variables; both may be decoys. `record`
    asks for a trace; decoys then answer in its empty network, and `canary` is what their cloud
    metadata service gives away; `strace` has that program write down the calls once more, where it
    may. `condition` says as whom, where and when it believes to run.
    """

    program: str
    python: Path = Path(sys.executable)
    mounts: tuple[Mount, ...] = ()
    paths: tuple[Path, ...] = ()
    bounds: Bounds = field(default_factory=Bounds)
    condition: Condition = field(default_factory=Condition)
    home: tuple[tuple[str, bytes], ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    record: bool = False
    canary: str = ""
    strace: bool = False


@dataclass(frozen=True, slots=True)
class Offer:
    """Whether this machine offers a tier: `says` what was tried, `mend` how to get it."""

    tier: Tier
    usable: bool
    says: str
    mend: str = ""


class Inmate(Protocol):
    """A running program in a sandbox."""

    @property
    def report(self) -> JailReport:
        """Return which mechanisms hold it."""

    def ask(self, request: Mapping[str, Any], deadline_s: float) -> Iterator[dict[str, Any]]:
        """Send one request and yield the frames of its answer.

        Raises:
            WorkerError: `why` is "crashed", "deadline", "memory" or "protocol"; the inmate is dead.

        """

    def finish(self, deadline_s: float) -> str:
        """Let it end by itself, exit handlers and waiting threads included, and say how it did.

        The answer is "" for an orderly end, else words such as "was killed by SIGSEGV" or "still
        ran after 5 s". What it started may go on until `close`.
        """

    def close(self) -> None:
        """End it and all it started, and leave nothing behind; twice does no harm."""

    def trace(self) -> tuple[tuple[Event, ...], bool]:
        """Return what was recorded, and whether some was lost to a bound; after `close`."""

    def __enter__(self) -> Self:
        """Return itself."""

    def __exit__(self, *args: object) -> None:
        """Close it."""


class Sandbox(Protocol):
    """One tier."""

    tier: Tier

    def offer(self) -> Offer:
        """Try what this tier needs, for real, and tell."""

    def start(self, job: Job) -> Inmate:
        """Start a program.

        Raises:
            JailError: a mechanism that this tier stands on did not hold.
            TierError: this machine does not offer the tier.

        """
