"""What a detonation saw: events in time, runs under conditions, and what could not be run.

Whatever a guest says of itself (phases, Python stacks) is hearsay and marked as such: `source` is
`python` for it. `kernel` events were seen by the recorder outside, `sink` ones by the decoys.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

TIERS: Final = ("jail", "gvisor", "microvm")
"""How strongly a detonation can be isolated, weakest first."""


def rank(tier: str) -> int:
    """Return a tier's place in `TIERS`, from 1, however it was labelled on; 0 for none of them."""
    found = [n for n, name in enumerate(TIERS, 1) if tier.partition("-")[0] == name]
    return found[0] if found else 0


class Outcome(StrEnum):
    """What became of a system call."""

    LET = "let"
    DENIED = "denied"
    FAKED = "faked"


class Ending(StrEnum):
    """How a run came to its end."""

    FINISHED = "finished"
    FAILED = "failed"  # the loader raised, as it does over a broken or malicious file
    CRASHED = "crashed"  # the process died
    DEADLINE = "deadline"
    MEMORY = "memory"
    REFUSED = "refused"  # a loader that is not installed, a tier that is not offered
    PROTOCOL = "protocol"  # the guest broke the rules of the channel


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that a process did, folded with the `count - 1` equal ones that followed.

    `at_ms` counts from the start of the run, `call` is the kernel's name without variants (`open`
    stands for openat and openat2, `fork` for clone, vfork and clone3) or one of `dns`, `received`,
    `sleep`, `thread`, `dlopen`, `import`. `process` numbers processes by appearance, from 1.
    `detail` are sorted (word, text) pairs, each text at most 500 characters.
    """

    at_ms: int
    call: str
    process: int
    phase: str
    detail: tuple[tuple[str, str], ...] = ()
    outcome: Outcome = Outcome.LET
    stack: tuple[str, ...] = ()
    source: str = "kernel"
    count: int = 1

    def word(self, name: str) -> str:
        """Return the text of one detail, empty where there is none."""
        return next((text for word, text in self.detail if word == name), "")


@dataclass(frozen=True, slots=True)
class Condition:
    """Under what a run took place: `clock_s` seconds from now, who, where, and which inputs."""

    name: str = "now"
    clock_s: int = 0
    user: str = "ml"
    host: str = "workstation"
    locale: str = "C.UTF-8"
    inputs: int = 0


@dataclass(frozen=True, slots=True)
class Decoy:
    """Something planted that no honest model touches: `kind` is `file`, `environment` or `address`.

    `name` is its path, variable or address; `value` the canary text that must never leave.
    """

    kind: str
    name: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """One loader over one target under one condition.

    `target` is relative to the model, `loader` and `version` name what loaded it, `inferred` tells
    whether a first inference ran. `events` are those that the loader's baseline does not explain:
    the others are counted in `normal`, and `baseline` says which one it was, such as
    `torch-load@2.13.0, shipped`. `cut` tells that events were lost to a bound.

    A run that was planned and did not take place is one that ended as REFUSED.
    """

    loader: str
    version: str
    target: str
    condition: Condition
    ending: Ending
    says: str = ""
    seconds: float = 0.0
    inferred: bool = False
    events: tuple[Event, ...] = ()
    cut: bool = False
    normal: int = 0
    baseline: str = ""


@dataclass(frozen=True, slots=True)
class Detonation:
    """All runs of one artifact, what was planted, and what could not be run.

    `covered` of `size` bytes are those of files that a loader took in; `unloaded` are (path, why)
    pairs of files that should have been loaded and were not, `untried` are (name, why) pairs of
    conditions under which a planned run did not take place. `recorder` is the `name@version` of
    what watched.
    """

    tier: str
    size: int = 0
    covered: int = 0
    runs: tuple[Run, ...] = ()
    decoys: tuple[Decoy, ...] = ()
    unloaded: tuple[tuple[str, str], ...] = ()
    held: tuple[str, ...] = ()
    missing: tuple[tuple[str, str], ...] = ()
    untried: tuple[tuple[str, str], ...] = ()
    recorder: str = ""

    def events(self) -> Iterator[tuple[Run, Event]]:
        """Yield every event with its run, in order."""
        for run in self.runs:
            for event in run.events:
                yield run, event
