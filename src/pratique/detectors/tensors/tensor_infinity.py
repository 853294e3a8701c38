"""TEN002 tensor-infinity."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.views import WeightStatistics
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Span, Stage
from pratique.detectors.base import Detector
from pratique.detectors.tensors.weight_kinds import is_float, is_mask


class TensorInfinity(Detector[WeightStatistics]):
    """A weight is infinite.

    ## What it looks for
    Infinite elements in tensors of real numbers, and infinite scales of the quantised blocks of
    GGUF. Attention masks, which are zeros and infinities by design, stay silent.

    ## Why it matters
    An infinite weight saturates or turns to NaN whatever passes through it. It comes from
    conversion to a smaller type that overflowed, from corruption, or from an edit that makes the
    model fail on chosen input.

    ## What to do
    Compare with the publisher's digest and with the tensor in the original precision. Do not
    deploy before the cause is known.

    ## What it cannot see
    Values that are finite but far too large.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("TEN002"),
        slug="tensor-infinity",
        stage=Stage.TENSORS,
        severity=Severity.MEDIUM,
        confidence=Confidence.HIGH,
        refs=("CWE-345", "ATLAS:AML.T0018.000", "OWASP-LLM:2025-LLM04", "OWASP-LLM:2025-LLM03"),
        since="0.1",
    )
    reads: ClassVar[type[WeightStatistics]] = WeightStatistics

    def inspect(self, view: WeightStatistics) -> Iterator[Finding]:
        """Report each tensor with an infinity that is no mask."""
        for stats in view.tensors:
            if stats.inf and is_float(stats.span) and not is_mask(stats):
                span = stats.span
                yield self.finding(
                    Span(start=span.start, end=span.end, tensor=span.name[:300]),
                    f"tensor {span.name[:80]!r} "
                    f"has {stats.inf} infinite among {stats.elements} elements",
                )
