"""What the rules over a trace share: an act, how often and under which conditions, and by whom."""

import re
from bisect import bisect_left
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final

from pratique.artifacts.traces import WHOLE, DetonationTrace
from pratique.core.finding import Confidence, Finding, Severity, Span
from pratique.core.trace import Event, Run
from pratique.detectors.base import Detector

WHEN: Final = {
    "start": "before anything is loaded",
    "import": "while its code is imported",
    "load": "while it is loaded",
    "infer": "in its first inference",
    "idle": "after it was loaded and asked",
    "exit": "as its process ends",
}
"""Phases in words. The guest tells them of itself: good for a person, never for a decision."""

_AUDIT: Final = {
    "socket.connect": "connect",
    "socket.sendto": "sendto",
    "socket.sendmsg": "sendto",
    "socket.bind": "bind",
    "socket.getaddrinfo": "dns",
    "socket.gethostbyname": "dns",
    "os.system": "execve",
    "os.exec": "execve",
    "os.posix_spawn": "execve",
    "os.spawn": "execve",
    "subprocess.Popen": "execve",
    "os.fork": "fork",
    "os.forkpty": "fork",
    "ctypes.dlopen": "dlopen",
}
HEARSAY: Final = "python"
_ADDRESS: Final = re.compile(r"[\d.]+|[0-9a-fA-F:.%]*:[0-9a-fA-F:.%\w]*")
NEAR_MS: Final = 50


Stacks = list[tuple[int, tuple[str, ...]]]
"""When Python told which frames led to some call, in the order of time."""


@dataclass(slots=True)
class Act:
    """One thing that a loader did over one file: `event` is the first of its kind, in `run`.

    `conditions` are the names of those under which it was seen, of `tried`; `times` counts all.
    `stacks` are what Python told of such calls, `preview` the first bytes that any of them sent.
    """

    run: Run
    event: Event
    tried: int
    stacks: Stacks = field(default_factory=list)
    times: int = 0
    preview: str = ""
    conditions: list[str] = field(default_factory=list)

    @property
    def hearsay(self) -> bool:
        """Tell whether only the guest's own Python told of it."""
        return self.event.source == HEARSAY

    def when(self) -> str:
        """Return in words at which moment it was done first."""
        return WHEN.get(self.event.phase, "while it runs")

    def under(self) -> str:
        """Return the conditions in words."""
        if len(self.conditions) == self.tried:
            return f"every one tried ({self.tried})"
        return ", ".join(self.conditions)


def deed(event: Event) -> str:
    """Return what an event is: its call, or for an audit event the call that it stands for."""
    return _AUDIT.get(event.word("event"), event.call) if event.call == "audit" else event.call


def deeds(run: Run) -> Iterator[tuple[str, Event]]:
    """Yield each event of a run with what it is, and the name that its address was given for.

    What the guest's Python tells of itself counts only where nobody outside saw such a call: else
    everything would be told twice.
    """
    seen = {event.call for event in run.events if event.source != HEARSAY}
    names: dict[str, str] = {}
    for event in run.events:
        word = deed(event)
        if event.source == HEARSAY and word in seen:
            continue
        address = event.word("address")
        if word == "dns" and address:
            names[address] = event.word("name")
        elif address in names and not event.word("name"):
            told = (*event.detail, ("name", names[address]))
            event = replace(event, detail=told)  # noqa: PLW2901 - the same, named
        yield word, event


def acts(view: DetonationTrace, key: Callable[[str, Event], Hashable | None]) -> Iterator[Act]:
    """Yield what was done, equal things as one: `key` says what makes it equal, None leaves it out.

    Nothing is left out for its number: what is worse may come last. The engine bounds findings.
    """
    found: dict[tuple[str, str], dict[Hashable, Act]] = {}
    tried = conditions_of(view)
    for run in view.runs:
        pair = run.loader, run.target
        own, stacks = found.setdefault(pair, {}), _stacks(run)
        for word, event in deeds(run):
            mark = key(word, event)
            if mark is None:
                continue
            if mark not in own:
                own[mark] = Act(run, event, len(tried[pair]), stacks.get(word, []))
            act = own[mark]
            act.times += event.count
            act.preview = act.preview or event.word("preview")
            if run.condition.name not in act.conditions:
                act.conditions.append(run.condition.name)
    for own in found.values():
        yield from own.values()


def conditions_of(view: DetonationTrace) -> dict[tuple[str, str], set[str]]:
    """Return by (loader, target) the names of the conditions that it was run under."""
    told: dict[tuple[str, str], set[str]] = {}
    for run in view.runs:
        told.setdefault((run.loader, run.target), set()).add(run.condition.name)
    return told


def place(run: Run) -> Span:
    """Return where a finding about a run is: the file that was loaded, and the loader."""
    return Span(chain=(run.loader,) if run.target in WHOLE else (run.target, run.loader))


def told(
    rule: type[Detector[Any]],
    act: Act,
    says: str,
    severity: Severity | None = None,
    **evidence: str,
) -> Finding:
    """Return the finding of a rule about an act; what a person asks next is its evidence."""
    evidence |= {
        "conditions": act.under(),
        "loader": f"{act.run.loader}@{act.run.version}",
        "outcome": act.event.outcome.value,
        "stack": " < ".join(stack_of(act)),
        "times": str(act.times) if act.times > 1 else "",
    }
    if act.event.process > 1:
        evidence["process"] = f"number {act.event.process}, which it started"
    if act.hearsay:
        evidence["source"] = "the guest's own Python told it; nobody outside saw the call"
    return rule.finding(
        place(act.run),
        says,
        severity=severity,
        confidence=Confidence.MEDIUM if act.hearsay else None,
        **{word: text for word, text in evidence.items() if text},
    )


def stack_of(act: Act) -> tuple[str, ...]:
    """Return the Python frames that led to an act, innermost first, as far as Python told them."""
    if act.event.stack:
        return act.event.stack
    at = act.event.at_ms
    after = bisect_left(act.stacks, (at,))
    nearby = act.stacks[max(0, after - 1) : after + 1]
    near = [(abs(ms - at), stack) for ms, stack in nearby if abs(ms - at) <= NEAR_MS]
    return min(near)[1] if near else ()


def _stacks(run: Run) -> dict[str, Stacks]:
    found: dict[str, Stacks] = {}
    for event in run.events:
        if event.stack:
            found.setdefault(deed(event), []).append((event.at_ms, event.stack))
    return {word: sorted(some) for word, some in found.items()}


def name_of(event: Event) -> str:
    """Return the name of a host that an event is about; of an audit event the first argument.

    Empty for an address in the place of a name: nobody is asked for that.
    """
    name = event.word("name") or event.word("args").partition(", ")[0]
    return "" if _ADDRESS.fullmatch(name) else name


def said(event: Event, *words: str) -> str:
    """Return the first of these details that an event has; of an audit event its arguments."""
    return next((event.word(word) for word in words if event.word(word)), event.word("args"))
