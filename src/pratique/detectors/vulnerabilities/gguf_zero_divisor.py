"""VUL057 gguf-zero-divisor."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.views import Repository
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Stage
from pratique.detectors.base import Detector
from pratique.detectors.vulnerabilities.telling import tell, told


class GgufZeroDivisor(Detector[Repository]):
    """A GGUF file has a zero where loaders divide.

    ## What it looks for
    An alignment of zero, and a `block_count` of the architecture that is zero or no whole number.

    ## Why it matters
    Ollama divided by both, and the server stopped: by the alignment when it computed padding, by
    the count of blocks when its type was another than expected and read as zero. Covers
    CVE-2025-0317 and CVE-2024-8063.

    ## What to do
    Do not open the file; no tool writes such values.

    ## What it cannot see
    Other numbers that make no sense for an architecture.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("VUL057"),
        slug="gguf-zero-divisor",
        stage=Stage.VULNERABILITIES,
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        refs=("CWE-369", "ATLAS:AML.T0010", "ATLAS:AML.T0018.002", "OWASP-LLM:2025-LLM03"),
        since="0.1",
    )
    reads: ClassVar[type[Repository]] = Repository

    def inspect(self, view: Repository) -> Iterator[Finding]:
        """Report each such value, with the loaders that it hits."""
        for at, header in told(view, "gguf"):
            held = header.get("metadata")
            metadata = held if isinstance(held, dict) else {}
            if metadata.get("general.alignment", 1) == 0:
                only = frozenset({"CVE-2025-0317"})
                yield tell(type(self), view, at, "the alignment is zero", only=only)
            key = f"{metadata.get('general.architecture')}.block_count"
            count = metadata.get(key, 1)
            if type(count) is not int or count == 0:
                says = f"{key[:80]!r} is {str(count)[:40]!r}"
                yield tell(type(self), view, at, says, only=frozenset({"CVE-2024-8063"}))
