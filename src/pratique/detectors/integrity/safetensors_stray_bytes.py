"""INT023 safetensors-stray-bytes."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.views import TensorHeader
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Span, Stage
from pratique.detectors.base import Detector


class SafetensorsStrayBytes(Detector[TensorHeader]):
    """A safetensors file has bytes that belong to no tensor.

    ## What it looks for
    Holes before, between or behind the tensors. The format wants the tensors to fill the data
    part from its first to its last byte.

    ## Why it matters
    No loader ever shows these bytes, so nobody would notice a payload, stolen data or a second
    file parked there; the format forbids holes for this very reason.

    ## What to do
    Ask the publisher what they are, or save the tensors again with the official library, which
    leaves no hole.

    ## What it cannot see
    Data hidden in the values of tensors; the rules of the stage tensors and embedded-executable
    look there.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("INT023"),
        slug="safetensors-stray-bytes",
        stage=Stage.INTEGRITY,
        severity=Severity.MEDIUM,
        confidence=Confidence.HIGH,
        refs=(
            "CWE-506",
            "CWE-912",
            "ATLAS:AML.T0018.002",
            "OWASP-LLM:2025-LLM03",
        ),
        since="0.1",
    )
    reads: ClassVar[type[TensorHeader]] = TensorHeader

    def inspect(self, view: TensorHeader) -> Iterator[Finding]:
        """Report each problem of this kind."""
        for problem in view.problems:
            if view.source == "safetensors" and problem.kind == "gap":
                yield self.finding(
                    Span(start=problem.at, end=view.size, tensor=problem.tensor), problem.says
                )
