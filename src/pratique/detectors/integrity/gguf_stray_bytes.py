"""INT043 gguf-stray-bytes."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.views import TensorHeader
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Span, Stage
from pratique.detectors.base import Detector


class GgufStrayBytes(Detector[TensorHeader]):
    """A GGUF file has bytes between or behind its tensors that belong to none.

    ## What it looks for
    Gaps longer than the alignment asks for, before, between or behind the tensors.

    ## Why it matters
    No runtime shows these bytes, so they are a place for a payload or for another file's data.
    Current llama.cpp refuses such files.

    ## What to do
    Ask the publisher what they are, or write the file again with a converter.

    ## What it cannot see
    Bytes inside the padding that alignment asks for: gguf-hidden-data looks there.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("INT043"),
        slug="gguf-stray-bytes",
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
            if view.source == "gguf" and problem.kind == "gap":
                yield self.finding(
                    Span(start=problem.at, end=view.size, tensor=problem.tensor), problem.says
                )
