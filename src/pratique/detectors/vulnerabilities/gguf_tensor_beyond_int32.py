"""VUL058 gguf-tensor-beyond-int32."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.views import Repository
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Stage
from pratique.detectors.base import Detector
from pratique.detectors.vulnerabilities.telling import rows, tell, told


class GgufTensorBeyondInt32(Detector[Repository]):
    """A GGUF tensor has more elements than a 32-bit number counts.

    ## What it looks for
    Tensors whose dimensions make 2,147,483,648 elements or more.

    ## Why it matters
    The kernels of vLLM that unpack GGUF took the number as 32 bits and left the rest of the
    output as it was: memory of other requests. Large honest models have such tensors, so this
    weighs little unless the package pins a hit version. Covers CVE-2026-53923.

    ## What to do
    Serve the model with a vLLM that is not hit, or not beside the requests of others.

    ## What it cannot see
    Which program will serve the model.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("VUL058"),
        slug="gguf-tensor-beyond-int32",
        stage=Stage.VULNERABILITIES,
        severity=Severity.INFO,
        confidence=Confidence.HIGH,
        refs=(
            "CWE-681",
            "CWE-908",
            "ATLAS:AML.T0010",
            "ATLAS:AML.T0018.002",
            "OWASP-LLM:2025-LLM03",
        ),
        since="0.1",
    )
    reads: ClassVar[type[Repository]] = Repository

    def inspect(self, view: Repository) -> Iterator[Finding]:
        """Report each file once, with the loaders that it hits."""
        for at, header in told(view, "gguf"):
            wide = list(rows(header, "wide", 3))
            if wide:
                says = f"tensor {str(wide[0][0])[:80]!r} has {wide[0][2]} elements"
                yield tell(type(self), view, at, says, unless_pinned=Severity.INFO)
