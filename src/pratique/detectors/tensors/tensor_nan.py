"""TEN001 tensor-nan."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.views import WeightStatistics
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Span, Stage
from pratique.detectors.base import Detector
from pratique.detectors.tensors.weight_kinds import is_float


class TensorNan(Detector[WeightStatistics]):
    """A weight is not a number.

    ## What it looks for
    NaN in any tensor of real numbers: exactly counted for floating-point types, and in the scales
    of the quantised blocks of GGUF, where one NaN spoils a whole block.

    ## Why it matters
    One NaN spreads through every layer after it and makes all output NaN: the model fails, or
    fails only for the inputs that reach this weight, which is a trigger. It also shows bytes that
    were never meant as numbers, and transfers gone wrong.

    ## What to do
    Compare the file with the publisher's digest. If the publisher's file has it too, ask; do not
    deploy a model whose output can turn to NaN on chosen input.

    ## What it cannot see
    Weights that are finite and wrong. Quantised types whose scales are not decoded.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("TEN001"),
        slug="tensor-nan",
        stage=Stage.TENSORS,
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        refs=("CWE-345", "ATLAS:AML.T0018.000", "OWASP-LLM:2025-LLM04", "OWASP-LLM:2025-LLM03"),
        since="0.1",
    )
    reads: ClassVar[type[WeightStatistics]] = WeightStatistics

    def inspect(self, view: WeightStatistics) -> Iterator[Finding]:
        """Report each tensor with a NaN."""
        for stats in view.tensors:
            if stats.nan and is_float(stats.span):
                span = stats.span
                yield self.finding(
                    Span(start=span.start, end=span.end, tensor=span.name[:300]),
                    f"tensor {span.name[:80]!r} "
                    f"has {stats.nan} NaN among {stats.elements} elements",
                )
