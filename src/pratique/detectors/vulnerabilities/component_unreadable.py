"""VUL004 component-unreadable."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.matched import MatchedComponents
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Stage
from pratique.detectors.base import Detector
from pratique.detectors.vulnerabilities.places import span


class ComponentUnreadable(Detector[MatchedComponents]):
    """An entry that names what the package needs cannot be understood.

    ## What it looks for
    Lines of requirement files that PEP 508 rejects, includes of files that are not there, words of
    a Dockerfile that are known only when it is built, lists that are no lists, and files too long
    to be read to their end.

    ## Why it matters
    What is not understood is not matched with advisories, and installers may understand it.

    ## What to do
    Mend the entry, or ask the publisher to.

    ## What it cannot see
    Entries that mean another thing to another installer.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("VUL004"),
        slug="component-unreadable",
        stage=Stage.VULNERABILITIES,
        severity=Severity.LOW,
        confidence=Confidence.HIGH,
        refs=("CWE-1395", "ATLAS:AML.T0010", "OWASP-LLM:2025-LLM03"),
        since="0.1",
    )
    reads: ClassVar[type[MatchedComponents]] = MatchedComponents

    def inspect(self, view: MatchedComponents) -> Iterator[Finding]:
        """Report each entry."""
        for entry in view.matched.inventory.unreadable:
            yield self.finding(span(entry.path, entry.line), entry.says)
