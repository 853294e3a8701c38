"""VUL072 tensorflow-required-field-missing."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.views import Repository
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Stage
from pratique.detectors.base import Detector
from pratique.detectors.vulnerabilities.telling import rows, tell, told


class TensorflowRequiredFieldMissing(Detector[Repository]):
    """A SavedModel lacks what its loader takes for granted.

    ## What it looks for
    Constants without a value, and the signature of the initialization without an output.

    ## Why it matters
    Loaders followed a pointer to what is not there, and the server died. Covers CVE-2020-15206.

    ## What to do
    Do not load the model. Compare its digest with that of the publisher.

    ## What it cannot see
    Other keys that a loader may miss: later versions check them.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("VUL072"),
        slug="tensorflow-required-field-missing",
        stage=Stage.VULNERABILITIES,
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        refs=("CWE-476", "CWE-20", "ATLAS:AML.T0010", "ATLAS:AML.T0029", "OWASP-LLM:2025-LLM03"),
        since="0.1",
    )
    reads: ClassVar[type[Repository]] = Repository

    def inspect(self, view: Repository) -> Iterator[Finding]:
        """Report each such place, with the loaders that it hits."""
        for at, model in told(view, "tensorflow"):
            for name, says in rows(model, "missing", 2):
                yield tell(type(self), view, at, f"{str(name)[:120]!r} {says}")
