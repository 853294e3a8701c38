"""VUL025 keras-external-saved-model."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.views import Repository
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Stage
from pratique.detectors.base import Detector
from pratique.detectors.vulnerabilities.documents import keras_nodes
from pratique.detectors.vulnerabilities.telling import tell


class KerasExternalSavedModel(Detector[Repository]):
    """A Keras model runs another model that it names by a path.

    ## What it looks for
    A layer of the class `TFSMLayer` in a Keras configuration.

    ## Why it matters
    The layer loads a TensorFlow SavedModel from whatever path or address stands there, in safe
    mode too, and runs its graph. Covers CVE-2026-1462 (PYSEC-2026-2547).

    ## What to do
    Ask for the whole model in one file; load with Keras 3.13.2 or later.

    ## What it cannot see
    What lies at the path: it is no part of what was scanned.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("VUL025"),
        slug="keras-external-saved-model",
        stage=Stage.VULNERABILITIES,
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        refs=(
            "CWE-502",
            "CWE-829",
            "ATLAS:AML.T0010",
            "ATLAS:AML.T0018.002",
            "OWASP-LLM:2025-LLM03",
        ),
        since="0.1",
    )
    reads: ClassVar[type[Repository]] = Repository

    def inspect(self, view: Repository) -> Iterator[Finding]:
        """Report each such entry, with the loaders that it hits."""
        for at, node in keras_nodes(view):
            named, config = node.get("class_name"), node.get("config")
            if isinstance(named, str) and named.rpartition(">")[2] == "TFSMLayer":
                path = config.get("filepath") if isinstance(config, dict) else ""
                yield tell(
                    type(self), view, at, f"a layer loads the SavedModel at {str(path)[:120]!r}"
                )
