"""INT022 safetensors-overlapping-tensors."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.views import TensorHeader
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Span, Stage
from pratique.detectors.base import Detector


class SafetensorsOverlappingTensors(Detector[TensorHeader]):
    """Two tensors of a safetensors file share bytes.

    ## What it looks for
    Tensors whose byte ranges overlap, in any order and under any name.

    ## Why it matters
    The format forbids it, and the reference loader refuses such a file. One that is accepted
    elsewhere lets a small file expand to any amount of memory, or makes one tensor readable as
    another with a different type.

    ## What to do
    Reject the file. Weights that are tied on purpose are saved once and tied again by the model's
    code.

    ## What it cannot see
    Equal tensors that are stored twice: those are legal.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("INT022"),
        slug="safetensors-overlapping-tensors",
        stage=Stage.INTEGRITY,
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        refs=(
            "CWE-1284",
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
            if view.source == "safetensors" and problem.kind == "overlap":
                yield self.finding(
                    Span(start=problem.at, end=view.size, tensor=problem.tensor), problem.says
                )
