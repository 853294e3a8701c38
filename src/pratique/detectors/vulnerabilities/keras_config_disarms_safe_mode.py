"""VUL023 keras-config-disarms-safe-mode."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.views import Repository
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Stage
from pratique.detectors.base import Detector
from pratique.detectors.vulnerabilities.documents import keras_nodes
from pratique.detectors.vulnerabilities.telling import tell

_NAME = "enable_unsafe_deserialization"


class KerasConfigDisarmsSafeMode(Detector[Repository]):
    """A Keras configuration turns the loader's safe mode off.

    ## What it looks for
    The name `enable_unsafe_deserialization` anywhere in a Keras configuration.

    ## Why it matters
    Entries are made one after the other. One that turns the safe mode off lets a later one
    bring compiled code. Covers CVE-2025-9906 (PYSEC-2025-76).

    ## What to do
    Do not load the model.

    ## What it cannot see
    Other ways to change Keras's settings while a model is loaded.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("VUL023"),
        slug="keras-config-disarms-safe-mode",
        stage=Stage.VULNERABILITIES,
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        refs=(
            "CWE-693",
            "CWE-502",
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
            for value in node.values():
                if isinstance(value, str) and _NAME in value:
                    yield tell(type(self), view, at, f"calls {_NAME}")
