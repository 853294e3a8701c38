"""VUL001 component-vulnerable."""

from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar

from pratique.artifacts.matched import MatchedComponents
from pratique.core.advisory import State
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Stage
from pratique.detectors.base import Detector
from pratique.detectors.vulnerabilities.places import OWN, evidence, name, silent, span


class ComponentVulnerable(Detector[MatchedComponents]):
    """The package asks for, or carries, a version with a known vulnerability.

    ## What it looks for
    Versions in requirement files, projects, lock files, environments, Dockerfiles and wheels that
    an advisory of the database names as affected (OSV's own evaluation of ranges and versions). A
    range counts when every known version that it allows is affected.

    ## Why it matters
    Who installs what the model's files name gets the vulnerable version. The severity is the
    advisory's: its newest CVSS vector, at least high where CISA lists it as exploited, medium where
    nobody rated it.

    ## What to do
    Ask the publisher to move the pin to a version under `fixed`, or install such a version yourself
    and keep the evidence. What does not concern your use is silenced by a VEX statement that is
    bound to this artifact and ends; it stays in the report, as information.

    ## What it cannot see
    Vulnerabilities that no advisory names, packages under another name, and what a setup script
    installs while it runs.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("VUL001"),
        slug="component-vulnerable",
        stage=Stage.VULNERABILITIES,
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        refs=("CWE-1395", "ATLAS:AML.T0010", "OWASP-LLM:2025-LLM03"),
        since="0.1",
    )
    reads: ClassVar[type[MatchedComponents]] = MatchedComponents

    def inspect(self, view: MatchedComponents) -> Iterator[Finding]:
        """Report each component with each advisory that affects it, the gravest first."""
        for component, advisory, match in view.told(State.AFFECTED):
            if component.relation not in OWN:
                continue
            if match.silenced:
                yield silent(self, component, advisory, match)
                continue
            mends = f"; mended in {match.fixed[0]}" if match.fixed else ""
            says = f"{name(component)} has {advisory.id}: {advisory.summary[:160]}{mends}"
            found = self.finding(
                span(component.path, component.line), says, severity=advisory.severity
            )
            yield replace(found, evidence=evidence(component, advisory, match))
