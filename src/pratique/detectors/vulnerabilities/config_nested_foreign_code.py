"""VUL028 config-nested-foreign-code."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.views import Repository
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Stage
from pratique.detectors.base import Detector
from pratique.detectors.vulnerabilities.documents import documents, nodes
from pratique.detectors.vulnerabilities.telling import tell


class ConfigNestedForeignCode(Detector[Repository]):
    """A nested configuration has the loader run code of another repository.

    ## What it looks for
    `auto_map` below the top of a configuration, with a target in another repository
    (`owner/name--module.Class`).

    ## Why it matters
    Some loaders resolve the nested mapping without asking whether foreign code is trusted,
    fetch it and run it. Covers CVE-2025-66448 (PYSEC-2026-2015).

    ## What to do
    Remove the nested mapping, and serve the model with vLLM 0.11.1 or later.

    ## What it cannot see
    Mappings at the top, and those to code in the repository itself; BKD021 and BKD020 report
    them.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("VUL028"),
        slug="config-nested-foreign-code",
        stage=Stage.VULNERABILITIES,
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        refs=(
            "CWE-829",
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
        for at, document in documents(view):
            for depth, node in nodes(document):
                mapping = node.get("auto_map")
                for value in mapping.values() if depth and isinstance(mapping, dict) else ():
                    if isinstance(value, str) and "--" in value and "/" in value:
                        yield tell(type(self), view, at, f"a nested auto_map names {value[:120]!r}")
