"""INT021 safetensors-duplicate-key."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.views import TensorHeader
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Span, Stage
from pratique.detectors.base import Detector


class SafetensorsDuplicateKey(Detector[TensorHeader]):
    """A safetensors header names one tensor or one field twice.

    ## What it looks for
    The same key twice in the header, in the entry of one tensor, or in the metadata, also when
    one of the two is written with JSON escapes.

    ## Why it matters
    JSON parsers differ in which of two equal keys they keep. A scanner may check the first tensor
    while the model that runs uses the second.

    ## What to do
    Reject the file: no writer of the format produces this by accident. Ask for a copy that was
    saved by an unmodified library.

    ## What it cannot see
    Two different names that a program later maps to the same weight.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("INT021"),
        slug="safetensors-duplicate-key",
        stage=Stage.INTEGRITY,
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        refs=(
            "CWE-694",
            "CWE-436",
            "ATLAS:AML.T0018",
            "OWASP-LLM:2025-LLM03",
        ),
        since="0.1",
    )
    reads: ClassVar[type[TensorHeader]] = TensorHeader

    def inspect(self, view: TensorHeader) -> Iterator[Finding]:
        """Report each problem of this kind."""
        for problem in view.problems:
            if view.source == "safetensors" and problem.kind == "duplicate":
                yield self.finding(
                    Span(start=problem.at, end=view.size, tensor=problem.tensor), problem.says
                )
