"""TEN003 tensor-all-zero."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.views import WeightStatistics
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Span, Stage
from pratique.detectors.base import Detector
from pratique.detectors.tensors.weight_kinds import flat_matrices


class TensorAllZero(Detector[WeightStatistics]):
    """A whole weight matrix is zero.

    ## What it looks for
    Matrices of at least 1,024 real numbers that are zero throughout. Vectors stay silent, for
    biases are zero in sound models; so do adapters, masks, caches, scales and optimiser state.
    Where every matrix of one kind is zero (the same name in every layer), the architecture begins
    so (ControlNet, DiT, fresh checkpoints): that is one finding of low severity.

    ## Why it matters
    Training never leaves a matrix at zero while its siblings move. A zeroed layer was cut out: to
    remove safety behaviour, to hide that weights are missing, or by a download that was filled up
    with zeros.

    ## What to do
    Compare the tensor with the base model or with another copy. If the publisher pruned the layer
    on purpose, it should be on the model card.

    ## What it cannot see
    A kind of matrix that was zeroed in every layer counts as a design. Layers of which only a part
    was zeroed, and layers replaced by small noise.
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
        """Report each zero matrix; those that are zero in every layer once, as a design."""
        for flat in flat_matrices(view.tensors, lambda stats: stats.zeros == stats.elements):
            span = flat.stats.span
            says = f"tensor {span.name[:80]!r} is all zeros: {flat.stats.elements} of them"
            if flat.alike > 1:
                says += f"; so are all {flat.alike} of its kind"
            yield self.finding(
                Span(start=span.start, end=span.end, tensor=span.name[:300]),
                says,
                severity=Severity.LOW if flat.designed else None,
            )
