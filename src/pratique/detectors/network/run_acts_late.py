"""NET014 run-acts-late."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.traces import DetonationTrace
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Stage
from pratique.core.trace import Event
from pratique.detectors.base import Detector
from pratique.detectors.network.acts import acts, deed, told
from pratique.detectors.network.dormant import described, grave

LONG_S = 30.0
_WAITS = {"sleep": "sleeps for", "timer": "sets a clock to"}
_LATE = frozenset({"idle", "exit"})


def _key(word: str, event: Event) -> tuple[str, ...] | None:
    if word in _WAITS:
        return (word, _length(event)) if _seconds(event) >= LONG_S else None
    if word == "signal":
        return None if _by_system(event) else (word,)
    mark = grave(word, event)
    return (*mark, event.phase) if mark and event.phase in _LATE else None


def _by_system(event: Event) -> bool:
    """Tell whether it is what the C library does in `system()`."""
    return (event.word("signal"), event.word("kind")) == ("SIGQUIT", "ignored")


def _seconds(event: Event) -> float:
    try:
        return float(event.word("seconds"))
    except ValueError:
        return 0.0


def _length(event: Event) -> str:
    """Return a time in the unit that fits, so that a small difference makes no other finding."""
    seconds = _seconds(event)
    for unit, long in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * long:
            return f"{seconds // long:.0f} {unit}"
    return "about a minute"


class RunActsLate(Detector[DetonationTrace]):
    """A model waits, and acts when nobody looks any more.

    ## What it looks for
    Connections, names, programs, processes, written files and odd requests after the model was
    loaded and asked, or as its process ends; clocks and sleeps of half a minute or more, and
    handlers for signals that end a process.

    ## Why it matters
    Whoever examines a model stops looking when it is loaded. A thread that wakes later, a timer or
    an exit handler is how code gets past that moment.

    ## What to do
    Do not load the model outside of a sandbox. Read what it did late: that is what it was made for.

    ## What it cannot see
    What would happen later than the run lasted. After the first inference it waits for three
    seconds, then for threads that Python itself waits for at its end, up to `--deadline`.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("NET014"),
        slug="run-acts-late",
        stage=Stage.NETWORK,
        severity=Severity.HIGH,
        confidence=Confidence.MEDIUM,
        refs=(
            "CWE-511",
            "CWE-506",
            "ATLAS:AML.T0018.002",
            "OWASP-LLM:2025-LLM03",
        ),
        since="0.1",
    )
    reads: ClassVar[type[DetonationTrace]] = DetonationTrace

    def inspect(self, view: DetonationTrace) -> Iterator[Finding]:
        """Report each once for a loader and a file."""
        for act in acts(view, _key):
            word = deed(act.event)
            if word in _WAITS:
                says, severity = f"{_WAITS[word]} {_length(act.event)}", Severity.MEDIUM
            elif word == "signal":
                says, severity = "handles signals that end a process", Severity.MEDIUM
            else:
                says, severity = f"{described(act.event)}, {act.when()}", Severity.HIGH
            yield told(type(self), act, says, severity, phase=act.event.phase)
