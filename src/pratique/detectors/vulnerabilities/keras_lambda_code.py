"""VUL027 keras-lambda-code."""

from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar

from pratique.artifacts.views import Repository
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Stage
from pratique.detectors.base import Detector
from pratique.detectors.vulnerabilities.documents import keras_nodes
from pratique.detectors.vulnerabilities.loaders import hit
from pratique.patterns.keras_lambda import compiled, lambdas, weigh


class KerasLambdaCode(Detector[Repository]):
    """A Keras model carries compiled Python code in a Lambda layer.

    ## What it looks for
    A `__lambda__` with code anywhere in a configuration, or the older list of base64 text, defaults
    and closure. It is medium where the code names nothing that acts by itself, and low where it
    only computes, as keras-lambda-acts says.

    ## Why it matters
    The code is unmarshalled and run when the model is loaded or asked. Keras before 2.13 did
    that for every model, and later ones do so when safe mode is off. Covers CVE-2024-3660
    (PYSEC-2026-369).

    ## What to do
    Ask for the layer as a registered class in reviewed source.

    ## What it cannot see
    What the code does beyond the names in it. In HDF5 the same layer is CVE-2025-9905, which
    keras-lambda-in-hdf5 reports.
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
            for _, code in lambdas((node,)):
                found = hit(type(self), view, at, "a Lambda layer carries compiled code")
                # Models of good faith have such layers, too: scaling, a norm, a slice.
                most, _ = weigh(compiled(code))
                yield replace(found, severity=min(found.severity, most))
