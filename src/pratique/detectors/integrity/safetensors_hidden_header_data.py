"""INT024 safetensors-hidden-header-data."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.views import TensorHeader
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Span, Stage
from pratique.detectors.base import Detector


class SafetensorsHiddenHeaderData(Detector[TensorHeader]):
    """A safetensors header carries data where loaders do not look.

    ## What it looks for
    Fields in a tensor's entry beside dtype, shape and data_offsets, and metadata that is no map
    from text to text.

    ## Why it matters
    Loaders skip unknown fields in silence. That makes the header a place to carry configuration,
    code or commands past every tool that only lists tensors.

    ## What to do
    Read the field that is named. Save the file again with the official library to drop it.

    ## What it cannot see
    Text in well-formed metadata: it is shown to the rules that read text.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("INT024"),
        slug="safetensors-hidden-header-data",
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
            if view.source == "safetensors" and problem.kind == "hidden":
                yield self.finding(
                    Span(start=problem.at, end=view.size, tensor=problem.tensor), problem.says
                )
