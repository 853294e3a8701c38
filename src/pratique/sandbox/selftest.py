"""What this machine offers, what holds a worker, and what a worker tried in vain."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pratique.core.errors import JailError, WorkerError
from pratique.core.limits import KiB, MiB
from pratique.sandbox.syscalls import this_machine
from pratique.sandbox.workers import Zygote

HEAP, SCRATCH = 256 * MiB, 64 * KiB
DEADLINE_S = 60.0
PROGRAM = "pratique.sandbox.probe"


@dataclass(frozen=True, slots=True)
class Probe:
    """One line of the self-test.

    `machine: ...` is offered, `jail: ...` holds, `attempt: ...` was stopped, `allowed: ...` works:
    `held` is the good answer of each. `says` is what the kernel said.
    """

    name: str
    held: bool
    says: str


def self_test() -> tuple[Probe, ...]:
    """Return what this machine offers and what was tried in vain; a machine without says why."""
    found: list[Probe] = []
    for part in (_machine, _jail):
        try:
            found += part()
        except (JailError, WorkerError) as e:
            found.append(Probe("jail", held=False, says=str(e)))
    return tuple(found)


def _machine() -> Iterator[Probe]:
    with (
        Zygote.start(PROGRAM, jail=False, heap=HEAP, scratch=SCRATCH) as zygote,
        zygote.worker() as worker,
    ):
        for frame in worker.ask({"do": "machine"}, [], DEADLINE_S):
            yield Probe(frame["probe"], frame["held"], frame["says"])


def _jail() -> Iterator[Probe]:
    with Zygote.start(PROGRAM, heap=HEAP, scratch=SCRATCH) as zygote:
        for name in zygote.report.held:
            yield Probe(f"jail: {name}", held=True, says="holds")
        for name, why in zygote.report.missing:
            yield Probe(f"jail: {name}", held=False, says=why)
        yield from _attempts(zygote)
        if _has_x32():
            yield _x32(zygote)


def _attempts(zygote: Zygote) -> Iterator[Probe]:
    with (
        tempfile.NamedTemporaryFile() as file,
        tempfile.TemporaryFile() as scratch,
        zygote.worker() as worker,
    ):
        file.write(bytes(4 * KiB))
        file.flush()
        with Path(file.name).open("rb") as read_only:
            fds = [read_only.fileno(), scratch.fileno()]
            for frame in worker.ask({"do": "probe", "heap": HEAP}, fds, DEADLINE_S):
                yield Probe(frame["probe"], frame["held"], frame["says"])


def _has_x32() -> bool:
    try:
        return bool(this_machine().x32_bit)
    except JailError:
        return False


def _x32(zygote: Zygote) -> Probe:
    """Make a call with x32's numbers: the filter kills, so it takes a worker of its own."""
    name = "attempt: x32 system call"
    try:
        with zygote.worker() as worker:
            told = list(worker.ask({"do": "x32"}, [], DEADLINE_S))
    except WorkerError as e:
        return Probe(name, "SIGSYS" in str(e), str(e))
    return Probe(name, held=False, says=str(told[0]["says"]) if told else "no answer")
