"""NET016 run-attacks-sandbox."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.traces import DetonationTrace
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Stage
from pratique.core.trace import Ending, Event, Outcome, Run
from pratique.detectors.base import Detector
from pratique.detectors.network.acts import acts, place, told

_NOT_OURS = frozenset({"1", "-1", "0", "2", "parent", "supervisor"})
"""Process 1 and 2 are the sandbox's own, 0 and -1 are everything that can be reached."""


def _key(word: str, event: Event) -> str | None:
    return _aim(event) if word == "kill" and event.word("target") != "self" else None


def _aim(event: Event) -> str:
    return event.word("target") or "of unknown number"


class RunAttacksSandbox(Detector[DetonationTrace]):
    """A model attacks what it is kept in.

    ## What it looks for
    Messages that break the rules of the channel to the sandbox, signals to processes that the run
    did not start, and attempts to stop the recorder.

    ## Why it matters
    Nothing but malware knows that it is in a sandbox and turns against it. What it did afterwards
    may be hidden, so the rest of the trace is worth less.

    ## What to do
    Do not load the model. Detonate it again in a stronger tier, `--tier microvm`, if you need to
    know more.

    ## What it cannot see
    An attack that succeeds. The escape suite shows what was tried against each tier.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("NET016"),
        slug="run-attacks-sandbox",
        stage=Stage.NETWORK,
        severity=Severity.CRITICAL,
        confidence=Confidence.HIGH,
        refs=(
            "CWE-693",
            "CWE-506",
            "ATLAS:AML.T0018.002",
            "OWASP-LLM:2025-LLM03",
        ),
        since="0.1",
    )
    reads: ClassVar[type[DetonationTrace]] = DetonationTrace

    def inspect(self, view: DetonationTrace) -> Iterator[Finding]:
        """Report each once for a loader and a file."""
        broken: dict[tuple[str, str], list[Run]] = {}
        for run in view.runs:
            if run.ending is Ending.PROTOCOL:
                broken.setdefault((run.loader, run.target), []).append(run)
        for runs in broken.values():
            yield self.finding(
                place(runs[0]),
                "breaks the rules of the channel to the sandbox",
                conditions=", ".join(run.condition.name for run in runs),
                loader=f"{runs[0].loader}@{runs[0].version}",
                why=runs[0].says,
            )
        for act in acts(view, _key):
            aim = _aim(act.event)
            foreign = aim in _NOT_OURS or act.event.outcome is Outcome.DENIED
            signal = act.event.word("signal") or "unknown"
            yield told(
                type(self),
                act,
                f"sends signal {signal} to process {aim} {act.when()}",
                None if foreign else Severity.MEDIUM,
                target=aim,
            )
