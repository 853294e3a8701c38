"""VUL051 onnx-external-data-key."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.views import Repository
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Stage
from pratique.detectors.base import Detector
from pratique.detectors.vulnerabilities.telling import rows, tell, told


class OnnxExternalDataKey(Detector[Repository]):
    """An ONNX model sets properties of its loader that the format does not have.

    ## What it looks for
    Keys of external data other than `location`, `offset`, `length`, `checksum` and `basepath`.

    ## Why it matters
    The Python loader made an attribute of each key without looking at its name, so that a file
    overwrites what the loader relies on. Covers CVE-2026-34445.

    ## What to do
    Do not load the model; ask the publisher what wrote the key.

    ## What it cannot see
    Keys of the format with values that make no sense; loaders refuse those.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("VUL051"),
        slug="onnx-external-data-key",
        stage=Stage.VULNERABILITIES,
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        refs=(
            "CWE-915",
            "CWE-20",
            "ATLAS:AML.T0010",
            "ATLAS:AML.T0018.002",
            "OWASP-LLM:2025-LLM03",
        ),
        since="0.1",
    )
    reads: ClassVar[type[Repository]] = Repository

    def inspect(self, view: Repository) -> Iterator[Finding]:
        """Report each set of keys, with the loaders that it hits."""
        for at, model in told(view, "onnx"):
            for tensor, _, keys, *_ in rows(model, "external_data", 5):
                if isinstance(keys, list) and keys:
                    shown = ", ".join(repr(str(key)[:40]) for key in keys[:5])
                    says = f"external data of tensor {str(tensor)[:80]!r} sets {shown}"
                    yield tell(type(self), view, at, says)
