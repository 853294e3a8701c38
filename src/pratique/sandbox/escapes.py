"""Run the escape suite against a sandbox, from outside, and judge what became of each attempt.

    enclose(user=False)
    results = run(JailSandbox())

An attempt is judged by what is seen outside wherever that is possible: a listener that heard it, a
canary that was read or written, a process that is left, a supervisor that did not come back. The
inmate's own word counts for what only the kernel inside could tell. What is not known is open.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from pratique.sandbox.escape_suite.control import Control
from pratique.sandbox.escape_suite.enclosure import demand_enclosure, enclose
from pratique.sandbox.escape_suite.encounter import Encounter, Setting
from pratique.sandbox.escape_suite.targets import VARIABLE, Targets
from pratique.sandbox.escape_suite.verdict import (
    Promise,
    Result,
    Seen,
    Verdict,
    catalogue,
    judge,
)
from pratique.sandbox.port import Sandbox, Tier
from pratique.sandbox.syscalls import this_machine

__all__ = [
    "VARIABLE",
    "Control",
    "Promise",
    "Result",
    "Verdict",
    "catalogue",
    "enclose",
    "run",
]

BATCH_S = 40.0
_LATER = "persistence"
"""The group that is judged last: a later inmate tells what an earlier one planted."""


def run(
    sandbox: Sandbox | Control,
    names: Sequence[str] | None = None,
    *,
    record: bool = False,
    tell: Callable[[Result], None] | None = None,
) -> tuple[Result, ...]:
    """Make the attempts `names`, by default all, in inmates of `sandbox`; return their verdicts.

    `tell` is called with each as it is known. With `record` the inmates are recorded. The process
    was started with a canary in its environment variable `VARIABLE`.

    Raises:
        OpenGroundError: this process is not in a bare network namespace.
        JailError: the sandbox does not start.

    """
    demand_enclosure(user=isinstance(sandbox, Control))
    chosen = [p for p in catalogue() if names is None or p.name in names]
    with Targets([p.name for p in chosen]) as targets:
        setting = Setting(sandbox, record, targets, targets.secrets())
        suite = _Suite(setting, tell or _silent)
        suite.run(chosen)
    order = {p.name: n for n, p in enumerate(chosen)}
    return tuple(sorted(suite.results, key=lambda r: order[r.attempt]))


def _silent(_: Result) -> None:
    """Tell nobody."""


@dataclass(slots=True)
class _Suite:
    """One run and its results so far."""

    setting: Setting
    tell: Callable[[Result], None]
    results: list[Result] = field(default_factory=list)
    harm: dict[str, str] = field(default_factory=dict)

    def run(self, chosen: Sequence[Promise]) -> None:
        """Make the quiet attempts of each group in one inmate, then each loud one in its own."""
        fitting = [p for p in chosen if p.machine in ("", this_machine().name)]
        for one in (p for p in chosen if p not in fitting):
            self._give(one, Verdict.NOT_APPLICABLE, f"fits {one.machine} only")
        planted: list[tuple[Promise, Seen, float]] = []
        for group in dict.fromkeys(p.group for p in fitting):
            quiet = [p for p in fitting if p.group == group and not p.alone]
            for one, seen, seconds in self._batches(quiet):
                if group == _LATER:
                    planted.append((one, seen, seconds))
                else:
                    self._judge(one, seen, seconds)
        for one in (p for p in fitting if p.alone):
            began = time.monotonic()
            seen = self._meet([one], one.deadline_s)
            self._judge(one, seen, time.monotonic() - began)
        for one, seen, seconds in planted:
            self._judge(one, seen, seconds)

    def _batches(self, quiet: Sequence[Promise]) -> Iterator[tuple[Promise, Seen, float]]:
        """Make attempts in one inmate; if one of them ends it, go on behind it in the next."""
        rest = list(quiet)
        while rest:
            began = time.monotonic()
            seen = self._meet(rest, BATCH_S)
            done = [p for p in rest if p.name in {*seen.told, seen.begun}]
            done = done or rest  # it began nothing: of none of them is anything known
            for one in done:
                yield one, seen, (time.monotonic() - began) / len(done)
            rest = [p for p in rest if p not in done]

    def _meet(self, attempts: Sequence[Promise], deadline_s: float) -> Seen:
        seen = Encounter(self.setting, attempts).run(deadline_s)
        self.harm |= {name: says for name, says in seen.harm.items() if name}
        return seen

    def _judge(self, one: Promise, seen: Seen, seconds: float) -> None:
        seen.harm |= {name: says for name, says in self.harm.items() if name == one.name}
        own_kernel = self.setting.sandbox.tier is not Tier.JAIL
        self._give(one, *judge(one, seen, own_kernel=own_kernel), seconds)

    def _give(self, one: Promise, verdict: Verdict, says: str, seconds: float = 0.0) -> None:
        result = Result(one.name, one.group, verdict, says, round(seconds, 3))
        self.results.append(result)
        self.tell(result)
