"""NET013 run-differs-by-condition."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.traces import DetonationTrace
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Stage
from pratique.core.trace import Ending, Run
from pratique.detectors.base import Detector
from pratique.detectors.network.acts import Act, acts, conditions_of, place, told
from pratique.detectors.network.dormant import described, ended, grave, pair, weighty


def _merely_late(act: Act, view: DetonationTrace) -> bool:
    """Tell whether an act came after the inference, in the run that waits the longest for such."""
    first = next(run for run in view.runs if (run.loader, run.target) == pair(act))
    return act.event.phase == "idle" and first.condition.name in act.conditions


class RunDiffersByCondition(Detector[DetonationTrace]):
    """A model acts under one condition and not under another.

    ## What it looks for
    Connections, names, programs, processes, written files, libraries and odd requests that some
    conditions (another day, user, host, locale or input) bring about and others do not, among runs
    that came to their end; and a loader that fails under one condition alone.

    ## Why it matters
    This is what a trap looks like: quiet while it is examined, awake on a certain day, for a
    certain user or at a certain word. An honest model does the same under all of them.

    What was done is a finding of its own; this one says that it was kept back.

    ## What to do
    Do not load the model, and do not trust a run that showed nothing: the next condition was only
    not tried.

    ## What it cannot see
    Conditions that were not tried: the report lists those that were.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("NET013"),
        slug="run-differs-by-condition",
        stage=Stage.NETWORK,
        severity=Severity.CRITICAL,
        confidence=Confidence.MEDIUM,
        refs=(
            "CWE-511",
            "CWE-506",
            "ATLAS:AML.T0018.000",
            "ATLAS:AML.T0018.002",
            "OWASP-LLM:2025-LLM04",
        ),
        since="0.1",
    )
    reads: ClassVar[type[DetonationTrace]] = DetonationTrace

    def inspect(self, view: DetonationTrace) -> Iterator[Finding]:
        """Report each once for a loader and a file."""
        whole = ended(view)
        for act in acts(whole, grave):
            if len(act.conditions) < act.tried and not _merely_late(act, whole):
                yield told(
                    type(self),
                    act,
                    f"{described(act.event)}, but only under: {', '.join(sorted(act.conditions))}",
                    None if act.tried > 1 and weighty(act.event) else Severity.MEDIUM,
                    others=", ".join(sorted(conditions_of(whole)[pair(act)] - {*act.conditions})),
                )
        yield from self._endings(whole)

    def _endings(self, view: DetonationTrace) -> Iterator[Finding]:
        """Report a loader that fails under one condition, given the same inputs."""
        groups: dict[tuple[str, str, int], dict[str, Run]] = {}
        for run in view.runs:
            same = run.loader, run.target, run.condition.inputs
            groups.setdefault(same, {})[run.condition.name] = run
        for runs in groups.values():
            failed = sorted(name for name, r in runs.items() if r.ending is Ending.FAILED)
            if failed and len(failed) < len(runs):
                run = runs[failed[0]]
                yield self.finding(
                    place(run),
                    f"fails to load, but only under: {', '.join(failed)}",
                    severity=Severity.MEDIUM,
                    error=run.says,
                    loader=f"{run.loader}@{run.version}",
                )
