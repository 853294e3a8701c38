"""VUL024 keras-torch-module-wrapper."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.views import Repository
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Stage
from pratique.detectors.base import Detector
from pratique.detectors.vulnerabilities.documents import keras_nodes
from pratique.detectors.vulnerabilities.telling import tell


class KerasTorchModuleWrapper(Detector[Repository]):
    """A Keras model carries a pickled torch module.

    ## What it looks for
    A layer of the class `TorchModuleWrapper` in a Keras configuration.

    ## Why it matters
    Its content is a pickle in base64, which Keras 3.11.0 to 3.11.2 unpickles although safe mode
    is on. Covers CVE-2025-49655 (PYSEC-2026-368).

    ## What to do
    Ask for the torch module as safetensors beside the code that builds it; load with Keras
    3.11.3 or later.

    ## What it cannot see
    What the pickle holds: it lies in text, and is not taken apart here.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("VUL024"),
        slug="keras-torch-module-wrapper",
        stage=Stage.VULNERABILITIES,
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        refs=("CWE-502", "ATLAS:AML.T0010", "ATLAS:AML.T0018.002", "OWASP-LLM:2025-LLM03"),
        since="0.1",
    )
    reads: ClassVar[type[Repository]] = Repository

    def inspect(self, view: Repository) -> Iterator[Finding]:
        """Report each such entry, with the loaders that it hits."""
        for at, node in keras_nodes(view):
            named = node.get("class_name")
            if isinstance(named, str) and named.rpartition(">")[2] == "TorchModuleWrapper":
                yield tell(type(self), view, at, "a layer unpickles a torch module")
