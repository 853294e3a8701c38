"""INT041 gguf-duplicate-key."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.views import TensorHeader
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Span, Stage
from pratique.detectors.base import Detector


class GgufDuplicateKey(Detector[TensorHeader]):
    """A GGUF header has one key or one tensor twice.

    ## What it looks for
    The same metadata key or the same tensor name twice.

    ## Why it matters
    Readers differ in which of two equal keys they take: a second chat template or a second output
    layer can be invisible to a scanner and used by the runtime.

    ## What to do
    Reject the file and ask for one that was written by an unmodified converter.

    ## What it cannot see
    Keys that differ in letters but mean the same to a program.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("INT041"),
        slug="gguf-duplicate-key",
        stage=Stage.INTEGRITY,
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        refs=(
            "CWE-694",
            "CWE-436",
            "ATLAS:AML.T0018",
            "OWASP-LLM:2025-LLM03",
        ),
        since="0.1",
    )
    reads: ClassVar[type[TensorHeader]] = TensorHeader

    def inspect(self, view: TensorHeader) -> Iterator[Finding]:
        """Report each problem of this kind."""
        for problem in view.problems:
            if view.source == "gguf" and problem.kind == "duplicate":
                yield self.finding(
                    Span(start=problem.at, end=view.size, tensor=problem.tensor), problem.says
                )
