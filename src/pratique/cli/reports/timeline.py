"""A detonation for people: each loader in a line, and what it did, its runs laid over another."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from pratique.artifacts.traces import WHOLE
from pratique.cli.reports.safe import plain
from pratique.cli.reports.words import many
from pratique.core.trace import Detonation, Ending, Event, Outcome, Run
from pratique.detectors.network.addresses import is_resolving
from pratique.detectors.network.places import changed, is_temporary

LOOKING = frozenset({"thread", "import", "audit", "socket", "sleep", "signal"})
"""Calls that are shown only where somebody wants all of them, as are files that are only read."""

_SAYS = {
    Ending.FINISHED: "finished",
    Ending.FAILED: "refused the file",
    Ending.CRASHED: "crashed",
    Ending.DEADLINE: "ended at its deadline",
    Ending.MEMORY: "ended for its memory",
    Ending.REFUSED: "not run",
    Ending.PROTOCOL: "broke the protocol",
}
_HOME = re.compile(r"(?<![\w/])/home/[^/\s]+/")
_FIRST = ("path", "argv", "name", "address", "port", "to", "family", "type", "mode", "seconds")


@dataclass(slots=True)
class Deed:
    """One thing that was done, in every run of one loader over one file that shows it.

    `says` are its details in one line, with anybody's home folder as `~`.
    """

    event: Event
    says: str = ""
    count: int = 0
    conditions: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Pair:
    """One loader over one file, under several conditions; `planted` are paths of decoys."""

    runs: tuple[Run, ...]
    planted: tuple[str, ...] = ()

    @property
    def head(self) -> str:
        """Return loader, version and file."""
        version = max((run.version for run in self.runs), key=len)
        file = "the whole folder" if self.runs[0].target in WHOLE else self.runs[0].target
        made = f"({version})" if version else ""
        return " ".join(filter(None, (self.runs[0].loader, made, "over", file)))

    @property
    def conditions(self) -> tuple[str, ...]:
        """Return the names of those that it was run under."""
        ran = [run for run in self.runs if run.ending is not Ending.REFUSED]
        return tuple(dict.fromkeys(run.condition.name for run in ran))

    @property
    def tail(self) -> str:
        """Return how it went, in one line."""
        if not self.conditions:
            return f"not run: {plain(self.runs[0].says)}"
        endings = Counter(_SAYS[run.ending] for run in self.runs)
        told = [f"{says} x{count}" if len(endings) > 1 else says for says, count in endings.items()]
        seconds = sum(run.seconds for run in self.runs)
        parts = [many(len(self.conditions), "condition"), f"{seconds:.1f} s", ", ".join(told)]
        if any(run.inferred for run in self.runs):
            parts.append("inferred")
        normal, odd = sum(run.normal for run in self.runs), sum(map(_odd, self.runs))
        parts.append(f"{normal:,} usual events, " + (f"{odd:,} others" if odd else "no others"))
        return " · ".join(parts)

    def deeds(self, *, every: bool) -> list[Deed]:
        """Return what was done, in order of time: everything, or acts alone.

        Acts that differ in their phase alone are one: a thread may wake before or after the end.
        """
        found: dict[tuple[object, ...], Deed] = {}
        for run in self.runs:
            for event in run.events:
                if not every and self._looks(event):
                    continue
                says = _HOME.sub("~/", what(event))
                phase = event.phase if every else ""
                key = (event.call, phase, event.process, event.outcome, says)
                deed = found.setdefault(key, Deed(event, says))
                deed.count += event.count
                if run.condition.name not in deed.conditions:
                    deed.conditions.append(run.condition.name)
        return sorted(found.values(), key=lambda deed: deed.event.at_ms)

    def _looks(self, event: Event) -> bool:
        """Tell whether an event is none but a look, or a file in the temporary folder."""
        reads = event.call in {"open", "dlopen"} and event.word("mode") in {"read", ""}
        if reads and event.word("path").endswith(self.planted):
            return False
        path = changed(event.call, event)
        light = reads or (path and is_temporary(path)) or event.word("target") == "self"
        if event.call in {"connect", "sendto"} and is_resolving(event):
            return True
        return event.call in LOOKING or (bool(light) and event.outcome is Outcome.LET)

    def under(self, deed: Deed) -> str:
        """Return the conditions of a deed in words."""
        if len(deed.conditions) == len(self.conditions):
            return "always"
        return "only " + ", ".join(deed.conditions)


def pairs(seen: Detonation) -> list[Pair]:
    """Return all runs by loader and file, in the order in which they were planned."""
    found: dict[tuple[str, str], list[Run]] = {}
    for run in seen.runs:
        found.setdefault((run.loader, run.target), []).append(run)
    planted = tuple(d.name.removeprefix("~") for d in seen.decoys if d.kind == "file")
    return [Pair(tuple(runs), planted) for runs in found.values()]


def what(event: Event) -> str:
    """Return an event's details in one line, the words that say most first."""
    words = dict(event.detail)
    told = [words.pop(word) for word in _FIRST if word in words]
    told += [f"{word}={text}" for word, text in words.items()]
    return " ".join(plain(text, 160) for text in told)


def outcome(event: Event) -> str:
    """Return what became of a call, in a word; nothing where it was let through."""
    return {Outcome.LET: "", Outcome.DENIED: "denied", Outcome.FAKED: "faked"}[event.outcome]


def tried(seen: Detonation) -> Sequence[str]:
    """Return the conditions that runs took place under."""
    names = [run.condition.name for run in seen.runs if run.ending is not Ending.REFUSED]
    return list(dict.fromkeys(names))


def setting(seen: Detonation) -> Iterator[tuple[str, str]]:
    """Yield (word, value) pairs about how the model was run."""
    yield "tier", " · ".join(filter(None, (plain(seen.tier) or "none", plain(seen.recorder))))
    yield "conditions", ", ".join(map(plain, tried(seen))) or "none"
    if seen.untried:
        yield "untried", ", ".join(dict.fromkeys(plain(name) for name, _ in seen.untried))
    if seen.decoys:
        yield "decoys", _planted(seen)
    for name, why in seen.missing:
        yield "missing", f"{plain(name)}: {plain(why)}"


def _planted(seen: Detonation) -> str:
    kinds = Counter(decoy.kind for decoy in seen.decoys)
    names = {"file": "file", "environment": "variable"}
    told = [many(count, names[kind]) for kind, count in kinds.items() if kind in names]
    others = sum(count for kind, count in kinds.items() if kind not in names)
    ending = "" if others == 1 else "es"
    return ", ".join([*told, f"{others} address{ending}"] if others else told)


def _odd(run: Run) -> int:
    return sum(event.count for event in run.events)
