"""VUL027 keras-lambda-code."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.views import Repository
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Stage
from pratique.detectors.base import Detector
from pratique.detectors.vulnerabilities.documents import keras_nodes
from pratique.detectors.vulnerabilities.loaders import hit


class KerasLambdaCode(Detector[Repository]):
    """A Keras model carries compiled Python code in a Lambda layer.

    ## What it looks for
    A `Lambda` layer whose function is a `__lambda__` with code, or the older list of base64
    text, defaults and closure.

    ## Why it matters
    The code is unmarshalled and run when the model is loaded or asked. Keras before 2.13 did
    that for every model, and later ones do so when safe mode is off. Covers CVE-2024-3660
    (PYSEC-2026-369).

    ## What to do
    Ask for the layer as a registered class in reviewed source.

    ## What it cannot see
    Models in HDF5, which no reader of this version opens: they end as incomplete. There the
    same layer is CVE-2025-9905.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("VUL027"),
        slug="keras-lambda-code",
        stage=Stage.VULNERABILITIES,
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        refs=(
            "CWE-502",
            "CWE-94",
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
            if str(named).rpartition(">")[2] != "Lambda" or not isinstance(config, dict):
                continue
            function = config.get("function")
            if isinstance(function, dict) and function.get("class_name") == "__tuple__":
                function = function.get("items")  # how a SavedModel's metadata writes the list
            old = isinstance(function, list) and bool(function) and isinstance(function[0], str)
            new = isinstance(function, dict) and function.get("class_name") == "__lambda__"
            if old or new:
                yield hit(type(self), view, at, "a Lambda layer carries compiled code")
