"""TEN004 tensor-constant."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.views import WeightStatistics
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Span, Stage
from pratique.detectors.base import Detector
from pratique.detectors.tensors.weight_kinds import flat_matrices


class TensorConstant(Detector[WeightStatistics]):
    """A whole weight matrix has one value.

    ## What it looks for
    Matrices of at least 1,024 real numbers that hold one value other than zero. Vectors stay
    silent, for a norm's weights are all ones before training and often after it. Where every
    matrix of one kind is constant, the architecture begins so: one finding of low severity.

    ## Why it matters
    A constant matrix passes no information. It stands for a layer that was never trained, was
    overwritten, or was filled in to make a file look complete.

    ## What to do
    Compare the tensor with the base model or with another copy of the file.

    ## What it cannot see
    Matrices that repeat a row, or that vary by tiny amounts.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("TEN004"),
        slug="tensor-constant",
        stage=Stage.TENSORS,
        severity=Severity.MEDIUM,
        confidence=Confidence.MEDIUM,
        refs=("CWE-345", "ATLAS:AML.T0018.000", "OWASP-LLM:2025-LLM04", "OWASP-LLM:2025-LLM03"),
        since="0.1",
    )
    reads: ClassVar[type[WeightStatistics]] = WeightStatistics

    def inspect(self, view: WeightStatistics) -> Iterator[Finding]:
        """Report each matrix with one value; those that have one in every layer once."""
        for flat in flat_matrices(
            view.tensors, lambda stats: stats.constant and stats.zeros < stats.elements
        ):
            span = flat.stats.span
            says = f"tensor {span.name[:80]!r} "
            says += f"has the same value in all of its {flat.stats.elements} elements"
            if flat.alike > 1:
                says += f"; so have all {flat.alike} of its kind"
            yield self.finding(
                Span(start=span.start, end=span.end, tensor=span.name[:300]),
                says,
                severity=Severity.LOW if flat.designed else None,
            )
