"""INT090 npy-header-lie."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.views import TensorHeader
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Span, Stage
from pratique.detectors.base import Detector


class NpyHeaderLie(Detector[TensorHeader]):
    """The header of a numpy array says things that numpy would not accept.

    ## What it looks for
    An unknown version, a header length beyond the file or beyond the 10,000 bytes that numpy
    takes, a header that is no plain literal with exactly the keys descr, fortran_order and shape,
    a dtype that does not exist, a shape with more elements than the file has bytes.

    ## Why it matters
    The header is Python text. Readers that evaluate it instead of parsing it run code; readers
    that trust the shape allocate or read what they are told to.

    ## What to do
    Do not load the file. Ask for an intact copy; a cut download shows as an array that takes more
    bytes than follow.

    ## What it cannot see
    The pickle behind an array of objects: it is read as a pickle, by the rules for those.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("INT090"),
        slug="npy-header-lie",
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
            if view.source == "npy" and problem.kind == "lie":
                yield self.finding(
                    Span(start=problem.at, end=view.size, tensor=problem.tensor), problem.says
                )
