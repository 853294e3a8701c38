"""INT091 npy-duplicate-key."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.views import TensorHeader
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Span, Stage
from pratique.detectors.base import Detector


class NpyDuplicateKey(Detector[TensorHeader]):
    """The header of a numpy array has one key twice.

    ## What it looks for
    The same key twice in the dictionary that is the header.

    ## Why it matters
    Python keeps the last of two equal keys, other readers the first: the two then see arrays of
    different shape or type in the same bytes.

    ## What to do
    Reject the file: numpy never writes this.

    ## What it cannot see
    Fields of a structured dtype that share a name.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("INT091"),
        slug="npy-duplicate-key",
        stage=Stage.INTEGRITY,
        severity=Severity.MEDIUM,
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
            if view.source == "npy" and problem.kind == "duplicate":
                yield self.finding(
                    Span(start=problem.at, end=view.size, tensor=problem.tensor), problem.says
                )
