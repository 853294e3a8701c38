"""BKD070 onnx-input-trigger."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.onnx_graphs import OnnxGraphs
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Span, Stage
from pratique.detectors.backdoors.graph_program import program_of
from pratique.detectors.backdoors.graph_triggers import told
from pratique.detectors.base import Detector


class OnnxInputTrigger(Detector[OnnxGraphs]):
    """An ONNX model looks for a pattern in its input and then overrules its own layers.

    ## What it looks for
    Values of the input that come through no layer, are compared with constants and reduced to yes
    or no for the whole input, and then choose, or shift, what the layers have computed: through
    `Where`, `If`, `Add`, `Mul` and others, also inside functions and inner graphs. Thresholds
    without a comparison count, and peaks of powers of the input, as in published attacks.

    ## Why it matters
    This is how a backdoor is built into the architecture: it needs no training, stays through fine-
    tuning, and a test with ordinary inputs never meets it.

    ## What to do
    Look at the named node, and at what it is given. Ask the publisher what the comparison is for,
    and export the model anew from its source.

    ## What it cannot see
    Triggers that learnt layers recognise, comparisons with values that the model computes, and
    tests of inputs of one number. Masks that act position by position are left alone.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("BKD070"),
        slug="onnx-input-trigger",
        stage=Stage.BACKDOORS,
        severity=Severity.MEDIUM,
        confidence=Confidence.MEDIUM,
        refs=("CWE-506", "CWE-912", "ATLAS:AML.T0018.001", "OWASP-LLM:2025-LLM04"),
        since="0.1",
    )
    reads: ClassVar[type[OnnxGraphs]] = OnnxGraphs

    def inspect(self, view: OnnxGraphs) -> Iterator[Finding]:
        """Report the places where a test rules, at most a few."""
        program = program_of(view)
        if program is None:
            return
        if program.cut:
            yield self.finding(Span(), "the graph has more steps, or calls, than are followed")
        for trigger, severity, says in told(program):
            at = Span(start=trigger.step.at, tensor=trigger.step.name[:120])
            yield self.finding(at, says, severity=severity)
