"""NET006 run-spawns-processes."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.traces import DetonationTrace
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Stage
from pratique.core.trace import Outcome
from pratique.detectors.base import Detector
from pratique.detectors.network.acts import acts, deed, told

BOMB = 16
"""No loader needs so many."""


class RunSpawnsProcesses(Detector[DetonationTrace]):
    """A model starts processes of its own when it is loaded or asked.

    ## What it looks for
    Processes that the loader does not start for an honest model: one is a medium finding, sixteen
    or more in one run, or one that was refused for its number, a high one.

    ## Why it matters
    Processes that copy themselves bring a machine down, and one that leaves its parent goes on
    after the loader has ended.

    ## What to do
    Ask the publisher why the model needs a process. Load it only where processes are counted and
    end with their parent.

    ## What it cannot see
    Threads, which loaders use as a matter of course.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("NET006"),
        slug="run-spawns-processes",
        stage=Stage.NETWORK,
        severity=Severity.MEDIUM,
        confidence=Confidence.HIGH,
        refs=(
            "CWE-400",
            "CWE-770",
            "ATLAS:AML.T0029",
            "OWASP-LLM:2025-LLM10",
        ),
        since="0.1",
    )
    reads: ClassVar[type[DetonationTrace]] = DetonationTrace

    def inspect(self, view: DetonationTrace) -> Iterator[Finding]:
        """Report each once for a loader and a file."""
        forks: dict[tuple[str, str], int] = {}
        for run in view.runs:
            pair = run.loader, run.target
            own = sum(event.count for event in run.events if deed(event) == "fork")
            forks[pair] = max(own, forks.get(pair, 0))
        for act in acts(view, lambda word, _: "fork" if word == "fork" else None):
            most = forks[act.run.loader, act.run.target]
            denied = act.event.outcome is Outcome.DENIED
            many = most >= BOMB or denied
            yield told(
                type(self),
                act,
                "starts processes without end" if many else "starts a process of its own",
                Severity.HIGH if many else None,
                processes=f"{most} in one run",
                flags=act.event.word("flags"),
            )
