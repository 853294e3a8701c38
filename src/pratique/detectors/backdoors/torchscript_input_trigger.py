"""BKD071 torchscript-input-trigger."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.archive import TorchScriptCode
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Span, Stage
from pratique.detectors.backdoors.graph_triggers import told
from pratique.detectors.backdoors.torchscript_program import programs_of
from pratique.detectors.base import Detector


class TorchscriptInputTrigger(Detector[TorchScriptCode]):
    """A TorchScript program looks for a pattern in its input and then overrules its own layers.

    ## What it looks for
    Functions of the program that compare values of an input, before any layer, with constants, make
    one yes or no of it, and let that choose or shift what the layers have computed: with `if`, with
    `torch.where`, or in arithmetic.

    ## Why it matters
    This is how a backdoor is built into the architecture: it needs no training, stays through fine-
    tuning, and a test with ordinary inputs never meets it.

    ## What to do
    Read the named line of the program. Ask the publisher what the comparison is for, and export the
    model anew from its source.

    ## What it cannot see
    Triggers that learnt layers recognise, tests that stand in another module than the layers, and
    the byte code of mobile archives. Masks that act position by position are left alone.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("BKD071"),
        slug="torchscript-input-trigger",
        stage=Stage.BACKDOORS,
        severity=Severity.MEDIUM,
        confidence=Confidence.MEDIUM,
        refs=("CWE-506", "CWE-912", "ATLAS:AML.T0018.001", "OWASP-LLM:2025-LLM04"),
        since="0.1",
    )
    reads: ClassVar[type[TorchScriptCode]] = TorchScriptCode

    def inspect(self, view: TorchScriptCode) -> Iterator[Finding]:
        """Report the places where a test rules, at most a few a function."""
        if view.bytecode:
            return
        for name, program in programs_of(view.source):
            if program.cut:
                says = f"{name[:120]} has more steps, or branches, than are followed"
                yield self.finding(Span((view.member,)), says)
            for trigger, severity, says in told(program):
                at = Span((view.member,), line=trigger.step.at)
                yield self.finding(at, f"{name[:120]}: {says}", severity=severity)
