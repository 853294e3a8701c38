"""INT020 safetensors-header-lie."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.views import TensorHeader
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Span, Stage
from pratique.detectors.base import Detector


class SafetensorsHeaderLie(Detector[TensorHeader]):
    """A safetensors header says things about the file that are not true.

    ## What it looks for
    A header length beyond the file or beyond the 100 MB that loaders take, a header that is not
    one JSON object in UTF-8, a tensor with an unknown dtype, with a shape and offsets that do not
    give the same number of bytes, with numbers that overflow, or with offsets outside the file.

    ## Why it matters
    The format is safe because a loader can check all of it before it maps a byte. A header that
    lies is aimed at a loader that does not check: reads outside the mapping, allocations of any
    size, or two programs that see two different models in one file.

    ## What to do
    Do not load the file. Ask the publisher for an intact copy and compare digests; a download
    that was cut short shows as tensors that end past the file.

    ## What it cannot see
    A header that is consistent in itself but names the wrong tensors: shard and config rules
    compare those.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("INT020"),
        slug="safetensors-header-lie",
        stage=Stage.INTEGRITY,
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        refs=(
            "CWE-1284",
            "CWE-20",
            "ATLAS:AML.T0018",
            "OWASP-LLM:2025-LLM03",
        ),
        since="0.1",
    )
    reads: ClassVar[type[TensorHeader]] = TensorHeader

    def inspect(self, view: TensorHeader) -> Iterator[Finding]:
        """Report each problem of this kind."""
        for problem in view.problems:
            if view.source == "safetensors" and problem.kind == "lie":
                yield self.finding(
                    Span(start=problem.at, end=view.size, tensor=problem.tensor), problem.says
                )
