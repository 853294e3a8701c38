"""TEN003 tensor-all-zero."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.views import WeightStatistics
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Span, Stage
from pratique.detectors.base import Detector
from pratique.detectors.tensors.weight_kinds import must_vary


class TensorAllZero(Detector[WeightStatistics]):
    """A whole weight matrix is zero.

    ## What it looks for
    Matrices of at least 1,024 real numbers that are zero throughout. Vectors stay silent, for
    biases are zero in sound models; so do adapters, masks, caches, scales and optimiser state.

    ## Why it matters
    Training never leaves a matrix at zero. A zeroed layer was cut out: to remove safety
    behaviour, to hide that weights are missing, or by a download that was filled up with zeros.

    ## What to do
    Compare the tensor with the base model or with another copy. If the publisher pruned the layer
    on purpose, it should be on the model card.

    ## What it cannot see
    Layers of which only a part was zeroed, and layers replaced by small noise.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("TEN003"),
        slug="tensor-all-zero",
        stage=Stage.TENSORS,
        severity=Severity.MEDIUM,
        confidence=Confidence.MEDIUM,
        refs=("CWE-345", "ATLAS:AML.T0018.000", "OWASP-LLM:2025-LLM04", "OWASP-LLM:2025-LLM03"),
        since="0.1",
    )
    reads: ClassVar[type[WeightStatistics]] = WeightStatistics

    def inspect(self, view: WeightStatistics) -> Iterator[Finding]:
        """Report each matrix that is zero throughout."""
        for stats in view.tensors:
            if must_vary(stats) and stats.zeros == stats.elements:
                span = stats.span
                yield self.finding(
                    Span(start=span.start, end=span.end, tensor=span.name[:300]),
                    f"tensor {span.name[:80]!r} is all zeros: {stats.elements} of them",
                )
