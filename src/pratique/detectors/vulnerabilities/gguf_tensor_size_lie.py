"""VUL054 gguf-tensor-size-lie."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.views import Repository
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Stage
from pratique.detectors.base import Detector
from pratique.detectors.vulnerabilities.telling import rows, tell, told


class GgufTensorSizeLie(Detector[Repository]):
    """A GGUF file describes a tensor that cannot lie where it says.

    ## What it looks for
    Tensors whose dimensions multiply to more than any file, or more dimensions than ggml has,
    tensors of types that do not exist, and tensors that end past the end of the file.

    ## Why it matters
    Loaders computed sizes in numbers that overflow and then allocated too little, or read and
    sent on what lay behind the buffer. Covers CVE-2026-27940 and CVE-2026-33298 (llama.cpp), and
    CVE-2026-7482 (Ollama).

    ## What to do
    Do not open the file. Compare its digest with the publisher's: a download that was cut looks
    the same, and loaders are no safer with it.

    ## What it cannot see
    Sizes that are wrong and still fit into the file.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("VUL054"),
        slug="gguf-tensor-size-lie",
        stage=Stage.VULNERABILITIES,
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        refs=(
            "CWE-190",
            "CWE-125",
            "CWE-787",
            "ATLAS:AML.T0010",
            "ATLAS:AML.T0018.002",
            "OWASP-LLM:2025-LLM03",
        ),
        since="0.1",
    )
    reads: ClassVar[type[Repository]] = Repository

    def inspect(self, view: Repository) -> Iterator[Finding]:
        """Report each such tensor, with the loaders that it hits."""
        for at, header in told(view, "gguf"):
            for sort, says in rows(header, "flaws", 2):
                if sort == "tensor":
                    yield tell(type(self), view, at, str(says))
