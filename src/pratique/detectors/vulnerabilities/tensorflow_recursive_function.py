"""VUL070 tensorflow-recursive-function."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.views import Repository
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Stage
from pratique.detectors.base import Detector
from pratique.detectors.vulnerabilities.telling import MOST, tell, told, words


class TensorflowRecursiveFunction(Detector[Repository]):
    """A function of a TensorFlow graph calls itself.

    ## What it looks for
    Functions in the library of a SavedModel, frozen or training graph that call themselves,
    straight or through other functions, in their nodes or in their nodes' attributes.

    ## Why it matters
    The format does not allow it, and the runtime counts on that: it follows the calls until its
    stack is used up, and the server dies. Covers CVE-2022-23591.

    ## What to do
    Do not load the model. No exporter writes such a function.

    ## What it cannot see
    Calls that other formats of a graph (TensorFlow Lite subgraphs) make.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("VUL070"),
        slug="tensorflow-recursive-function",
        stage=Stage.VULNERABILITIES,
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        refs=("CWE-674", "CWE-400", "ATLAS:AML.T0010", "ATLAS:AML.T0029", "OWASP-LLM:2025-LLM03"),
        since="0.1",
    )
    reads: ClassVar[type[Repository]] = Repository

    def inspect(self, view: Repository) -> Iterator[Finding]:
        """Report each such function, with the loaders that it hits."""
        for at, model in told(view, "tensorflow"):
            for name in words(model, "cycles")[:MOST]:
                yield tell(type(self), view, at, f"the function {name[:120]!r} calls itself")
