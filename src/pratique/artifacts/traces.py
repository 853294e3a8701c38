"""The view of a detonation: what loaders and a first inference did, and what was not seen of it."""

from collections.abc import Iterator
from dataclasses import dataclass

from pratique.artifacts.reader import View
from pratique.core.trace import Detonation, Ending, Event, Run
from pratique.core.trace_json import load

CAME_TO_AN_END = frozenset({Ending.FINISHED, Ending.FAILED})
"""A loader that refuses a file has come to its end as well: everything it did was seen."""

WHOLE = frozenset({"", "."})
"""Targets that stand for the artifact itself."""

MOST_REASONS = 20
MOST_MAKERS = 24
_WHY = {
    Ending.CRASHED: "the process died, so what it would have done next was not seen",
    Ending.DEADLINE: "it was ended at its deadline",
    Ending.MEMORY: "it was ended for its use of memory",
    Ending.REFUSED: "it was not run",
    Ending.PROTOCOL: "it broke the rules of its channel and was ended",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DetonationTrace(View):
    """All runs of one artifact. Events that a loader's baseline explains are not among them.

    `covered` are the bytes of files that a loader took in, or 1 for an artifact of no bytes at all
    of which something ran.
    """

    detonation: Detonation

    @property
    def runs(self) -> tuple[Run, ...]:
        """Return every run, those that could not take place included."""
        return self.detonation.runs

    def events(self) -> Iterator[tuple[Run, Event]]:
        """Yield every event with its run, in order."""
        return self.detonation.events()


def trace_of(body: bytes) -> DetonationTrace:
    """Return the view of a detonation that was written as JSON.

    Raises:
        MalformedError: the bytes are no trace.

    """
    return view_of(load(body))


def view_of(detonation: Detonation) -> DetonationTrace:
    """Return the view of a detonation, with what could not be seen in words."""
    reasons = list(dict.fromkeys(unseen(detonation)))
    told = reasons[:MOST_REASONS]
    if len(reasons) > MOST_REASONS:
        told.append(f"and {len(reasons) - MOST_REASONS} more reasons")
    ran = any(run.ending is not Ending.REFUSED for run in detonation.runs)
    return DetonationTrace(
        detonation=detonation,
        covered=max(detonation.covered, 1) if ran else 0,
        partial="; ".join(told),
    )


def makers(detonation: Detonation) -> tuple[str, ...]:
    """Return the `name@version` of what ran and watched: tier, recorder, each loader that ran."""
    ran = {f"{r.loader}@{r.version}" for r in detonation.runs if r.ending is not Ending.REFUSED}
    told = sorted(ran)
    if len(told) > MOST_MAKERS:
        told = [*told[:MOST_MAKERS], f"and {len(told) - MOST_MAKERS} more loaders"]
    watching = [detonation.recorder] if detonation.recorder else []
    return (f"tier:{detonation.tier}", *watching, *told)


def unseen(detonation: Detonation) -> Iterator[str]:
    """Yield why the trace does not show everything that was to be tried, the gravest first."""
    if not detonation.runs and not detonation.unloaded:
        yield "no loader of this version takes any of its files, so nothing was run"
    for path, why in detonation.unloaded:
        yield f"{path or 'some files'}: {why}"
    yield from _cut_short(detonation)
    untried: dict[str, list[str]] = {}
    for name, why in detonation.untried:
        untried.setdefault(why, []).append(name)
    for why, names in untried.items():
        yield f"not tried: {', '.join(dict.fromkeys(names))}: {why}"


def _cut_short(detonation: Detonation) -> Iterator[str]:
    """Yield which runs did not come to their end, those with one reason as one."""
    groups: dict[tuple[str, str], list[str]] = {}
    for run in detonation.runs:
        why = ""
        if run.ending not in CAME_TO_AN_END:
            why = run.says or _WHY[run.ending]
        elif run.cut:
            why = "did more than a trace can hold"
        if why:
            groups.setdefault((_named(run), why), []).append(run.condition.name)
    every = {run.condition.name for run in detonation.runs}
    for (named, why), names in groups.items():
        under = "" if set(names) == every else f" under {', '.join(names)}"
        yield f"{named}{under}: {why}"


def _named(run: Run) -> str:
    return f"{run.loader} over {'the folder' if run.target in WHOLE else run.target}"
