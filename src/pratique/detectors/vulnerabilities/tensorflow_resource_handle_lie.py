"""VUL073 tensorflow-resource-handle-lie."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.views import Repository
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Stage
from pratique.detectors.base import Detector
from pratique.detectors.vulnerabilities.telling import rows, tell, told


class TensorflowResourceHandleLie(Detector[Repository]):
    """A TensorFlow graph carries a resource handle that cannot be.

    ## What it looks for
    Handles of resources that a graph keeps as a constant, whose tensors have a negative size or
    more dimensions than there can be.

    ## Why it matters
    Decoding such a handle ends in a failed assertion, and the process with it. Covers
    CVE-2022-23564.

    ## What to do
    Do not load the model. No exporter writes handles as constants of such a shape.

    ## What it cannot see
    Handles that the graph makes when it runs.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("VUL073"),
        slug="tensorflow-resource-handle-lie",
        stage=Stage.VULNERABILITIES,
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        refs=("CWE-617", "CWE-20", "ATLAS:AML.T0010", "ATLAS:AML.T0029", "OWASP-LLM:2025-LLM03"),
        since="0.1",
    )
    reads: ClassVar[type[Repository]] = Repository

    def inspect(self, view: Repository) -> Iterator[Finding]:
        """Report each such handle, with the loaders that it hits."""
        for at, model in told(view, "tensorflow"):
            for name, says in rows(model, "handles", 2):
                shown = f"the resource handle {str(name)[:120]!r} has {str(says)[:120]}"
                yield tell(type(self), view, at, shown)
