"""VUL056 gguf-array-of-no-type."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.views import Repository
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Stage
from pratique.detectors.base import Detector
from pratique.detectors.vulnerabilities.telling import rows, tell, told


class GgufArrayOfNoType(Detector[Repository]):
    """A GGUF file has an array of a type that does not exist.

    ## What it looks for
    Arrays in the metadata whose elements are of a type that the format does not know.

    ## Why it matters
    On this way out llama.cpp freed a pointer that was never set. Covers CVE-2024-32878.

    ## What to do
    Do not open the file; no tool writes such an array.

    ## What it cannot see
    Arrays that end early: gguf-length-lie tells those.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("VUL056"),
        slug="gguf-array-of-no-type",
        stage=Stage.VULNERABILITIES,
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        refs=(
            "CWE-457",
            "CWE-824",
            "ATLAS:AML.T0010",
            "ATLAS:AML.T0018.002",
            "OWASP-LLM:2025-LLM03",
        ),
        since="0.1",
    )
    reads: ClassVar[type[Repository]] = Repository

    def inspect(self, view: Repository) -> Iterator[Finding]:
        """Report each such array, with the loaders that it hits."""
        for at, header in told(view, "gguf"):
            for sort, says in rows(header, "flaws", 2):
                if sort == "array":
                    yield tell(type(self), view, at, str(says))
