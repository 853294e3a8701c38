"""VUL021 config-trusts-remote-code."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.views import Repository
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Stage
from pratique.detectors.base import Detector
from pratique.detectors.vulnerabilities.documents import documents, nodes
from pratique.detectors.vulnerabilities.telling import tell


class ConfigTrustsRemoteCode(Detector[Repository]):
    """A configuration decides by itself that foreign code may run.

    ## What it looks for
    `trust_remote_code` set to true at any depth of a model's configuration.

    ## Why it matters
    Whether to trust a repository's code is for the person who loads it. A loader that takes the
    answer from the file runs code although it was told not to. Covers CVE-2026-5241
    (PYSEC-2026-2290).

    ## What to do
    Remove the field, and load the model with a version of transformers above 5.2.0.

    ## What it cannot see
    Loaders that trust without being told to.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("VUL021"),
        slug="config-trusts-remote-code",
        stage=Stage.VULNERABILITIES,
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        refs=(
            "CWE-829",
            "CWE-501",
            "ATLAS:AML.T0010",
            "ATLAS:AML.T0018.002",
            "OWASP-LLM:2025-LLM03",
        ),
        since="0.1",
    )
    reads: ClassVar[type[Repository]] = Repository

    def inspect(self, view: Repository) -> Iterator[Finding]:
        """Report each such entry, with the loaders that it hits."""
        for at, document in documents(view):
            if not isinstance(document, dict) or "model_type" not in document:
                continue
            for depth, node in nodes(document):
                if node.get("trust_remote_code") is True:
                    where = "nested " if depth else ""
                    yield tell(type(self), view, at, f"a {where}configuration trusts remote code")
