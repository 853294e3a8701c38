"""INT042 gguf-overlapping-tensors."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.views import TensorHeader
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Span, Stage
from pratique.detectors.base import Detector


class GgufOverlappingTensors(Detector[TensorHeader]):
    """Two tensors of a GGUF file share bytes.

    ## What it looks for
    Tensors whose byte ranges overlap, or that begin inside the header.

    ## Why it matters
    Writers lay tensors one after the other, and llama.cpp insists on it. Overlaps are made by
    hand: to confuse a loader, to hide that layers are missing, or to read header bytes as
    weights.

    ## What to do
    Reject the file. Weights that are tied on purpose are stored once and not listed twice.

    ## What it cannot see
    Equal tensors that are stored twice.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("INT042"),
        slug="gguf-overlapping-tensors",
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
            if view.source == "gguf" and problem.kind == "overlap":
                yield self.finding(
                    Span(start=problem.at, end=view.size, tensor=problem.tensor), problem.says
                )
