"""INT044 gguf-hidden-data."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.views import TensorHeader
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Span, Stage
from pratique.detectors.base import Detector


class GgufHiddenData(Detector[TensorHeader]):
    """A GGUF file carries data in padding or in tokens too long to be tokens.

    ## What it looks for
    Padding that is not zeros, and items of string arrays longer than 64 KiB.

    ## Why it matters
    Writers pad with zeros and tokens are a few bytes long. Anything else was put there by another
    hand, where no runtime and no model viewer shows it.

    ## What to do
    Look at the bytes at the offset named. Convert the file again to drop them.

    ## What it cannot see
    Short messages spread over many tokens of the vocabulary.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("INT044"),
        slug="gguf-hidden-data",
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
            if view.source == "gguf" and problem.kind == "hidden":
                yield self.finding(
                    Span(start=problem.at, end=view.size, tensor=problem.tensor), problem.says
                )
