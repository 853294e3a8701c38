"""VUL055 gguf-length-lie."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.views import Repository
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Stage
from pratique.detectors.base import Detector
from pratique.detectors.vulnerabilities.telling import rows, tell, told


class GgufLengthLie(Detector[Repository]):
    """A GGUF file announces more than it has.

    ## What it looks for
    Counts of tensors and keys, lengths of strings and arrays that go beyond the end of the file,
    and files that end inside their header.

    ## Why it matters
    Loaders allocated what was announced, or copied without looking how much was left: the server
    dies or overwrites its memory. Covers CVE-2024-39720, CVE-2025-66959, CVE-2025-66960 and
    CVE-2026-65315 (Ollama).

    ## What to do
    Do not open the file. Compare its digest with that of the publisher: a download that was cut
    looks the same.

    ## What it cannot see
    Lengths that are large and true.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("VUL055"),
        slug="gguf-length-lie",
        stage=Stage.VULNERABILITIES,
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        refs=(
            "CWE-789",
            "CWE-125",
            "CWE-1284",
            "ATLAS:AML.T0010",
            "ATLAS:AML.T0018.002",
            "OWASP-LLM:2025-LLM03",
        ),
        since="0.1",
    )
    reads: ClassVar[type[Repository]] = Repository

    def inspect(self, view: Repository) -> Iterator[Finding]:
        """Report each such length, with the loaders that it hits."""
        for at, header in told(view, "gguf"):
            for sort, says in rows(header, "flaws", 2):
                if sort == "length":
                    yield tell(type(self), view, at, str(says))
