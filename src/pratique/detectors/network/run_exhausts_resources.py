"""NET015 run-exhausts-resources."""

import re
from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.traces import CAME_TO_AN_END, DetonationTrace
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Stage
from pratique.core.trace import Ending, Run
from pratique.detectors.base import Detector
from pratique.detectors.network.acts import place

_SAYS = {
    Ending.CRASHED.value: ("brings its loader down", Severity.HIGH),
    Ending.MEMORY.value: ("takes more memory than it was given", Severity.HIGH),
    Ending.DEADLINE.value: ("does not end before its deadline", Severity.MEDIUM),
    "cut": ("does more than a trace can hold", Severity.MEDIUM),
    "flood": ("floods the log of whoever loads it", Severity.MEDIUM),
    "full": ("writes more than it was given room for", Severity.MEDIUM),
}
_FULL = re.compile(r"No space left on device|File too large|Disk quota exceeded")


def _what(run: Run) -> str:
    """Return how a run used up what it had; a loader that finds no room tells it as its error."""
    if run.ending is Ending.FAILED and _FULL.search(run.says):
        return "full"
    if run.ending in CAME_TO_AN_END and any(event.call == "flood" for event in run.events):
        return "flood"
    return "cut" if run.cut and run.ending in CAME_TO_AN_END else run.ending.value


class RunExhaustsResources(Detector[DetonationTrace]):
    """A model uses up time, memory, disk or log, or brings its loader down.

    ## What it looks for
    Runs that were ended at their deadline (medium) or for their memory, processes that died,
    loaders that found no more room to write (medium), floods of the log (medium), and runs that did
    more than a trace can hold (medium).

    ## Why it matters
    Whoever loads the model loses the machine or the service with it. A loader that dies has usually
    read what it should not have: a fault that a better made file may turn into running code.

    ## What to do
    Raise `--deadline` for a model that is honestly large. Otherwise ask for an intact copy, and
    report a crash to the loader's makers.

    ## What it cannot see
    Costs that arise only with inputs that were not tried.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("NET015"),
        slug="run-exhausts-resources",
        stage=Stage.NETWORK,
        severity=Severity.HIGH,
        confidence=Confidence.MEDIUM,
        refs=(
            "CWE-400",
            "CWE-770",
            "CWE-787",
            "ATLAS:AML.T0029",
            "OWASP-LLM:2025-LLM10",
        ),
        since="0.1",
    )
    reads: ClassVar[type[DetonationTrace]] = DetonationTrace

    def inspect(self, view: DetonationTrace) -> Iterator[Finding]:
        """Report each once for a loader and a file."""
        groups: dict[tuple[str, str, str], list[Run]] = {}
        for run in view.runs:
            what = _what(run)
            if what in _SAYS:
                groups.setdefault((run.loader, run.target, what), []).append(run)
        for (_, _, what), runs in groups.items():
            says, severity = _SAYS[what]
            yield self.finding(
                place(runs[0]),
                says,
                severity=severity,
                conditions=", ".join(run.condition.name for run in runs),
                loader=f"{runs[0].loader}@{runs[0].version}",
                why=runs[0].says,
            )
