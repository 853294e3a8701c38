"""VUL032 keras-lambda-in-hdf5."""

from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar

from pratique.artifacts.views import Repository
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Stage
from pratique.detectors.base import Detector
from pratique.detectors.vulnerabilities.documents import keras_nodes
from pratique.detectors.vulnerabilities.telling import tell, told
from pratique.patterns.keras_lambda import compiled, lambdas, weigh


class KerasLambdaInHdf5(Detector[Repository]):
    """A Keras model in HDF5 carries compiled code, which safe mode does not stop.

    ## What it looks for
    Compiled code in the configuration that an HDF5 file holds as an attribute. It is medium where
    the code names nothing that acts by itself, and low where it only computes.

    ## Why it matters
    `load_model` did not heed safe mode for this format: the code ran although the caller had asked
    for safety. Covers CVE-2025-9905.

    ## What to do
    Do not load the model; load with Keras 3.11.3 or later.

    ## What it cannot see
    What the code does beyond the names in it.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("VUL032"),
        slug="keras-lambda-in-hdf5",
        stage=Stage.VULNERABILITIES,
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        refs=(
            "CWE-502",
            "CWE-693",
            "ATLAS:AML.T0010",
            "ATLAS:AML.T0018.002",
            "OWASP-LLM:2025-LLM03",
        ),
        since="0.1",
    )
    reads: ClassVar[type[Repository]] = Repository

    def inspect(self, view: Repository) -> Iterator[Finding]:
        """Report each piece of code in a document that stands in an HDF5 file."""
        files = {at.chain for at, _ in told(view, "hdf5")}
        for at, node in keras_nodes(view):
            if at.chain[:-1] not in files:
                continue
            for _, code in lambdas((node,)):
                most, _ = weigh(compiled(code))
                found = tell(type(self), view, at, "a layer carries compiled code in HDF5")
                yield replace(found, severity=min(found.severity, most))
