"""VUL053 onnx-upsample-without-input."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.views import Repository
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Stage
from pratique.detectors.base import Detector
from pratique.detectors.vulnerabilities.telling import tell, told

_UPSAMPLE = (["", "Upsample"], ["ai.onnx", "Upsample"])


class OnnxUpsampleWithoutInput(Detector[Repository]):
    """An ONNX model has an Upsample operator without any input.

    ## What it looks for
    Nodes of type `Upsample`, of the standard domain, that name no input, in the graph, in graphs
    inside it and in functions.

    ## Why it matters
    The converter between versions of the format takes the first input without asking whether
    there is one, and the process ends with a fault. Covers CVE-2026-44512.

    ## What to do
    Ask for an intact export: no tool writes such an operator.

    ## What it cannot see
    Other operators that lack inputs they need; the checker of ONNX refuses those.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("VUL053"),
        slug="onnx-upsample-without-input",
        stage=Stage.VULNERABILITIES,
        severity=Severity.MEDIUM,
        confidence=Confidence.HIGH,
        refs=("CWE-476", "ATLAS:AML.T0010", "ATLAS:AML.T0018.002", "OWASP-LLM:2025-LLM03"),
        since="0.1",
    )
    reads: ClassVar[type[Repository]] = Repository

    def inspect(self, view: Repository) -> Iterator[Finding]:
        """Report each model that has one, with the loaders that it hits."""
        for at, model in told(view, "onnx"):
            held = model.get("ops")
            for row in held if isinstance(held, list) else []:
                if isinstance(row, list) and row[:2] in _UPSAMPLE and row[3:] > [0]:
                    yield tell(type(self), view, at, f"{row[3]} Upsample operators have no input")
