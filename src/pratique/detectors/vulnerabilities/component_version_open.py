"""VUL002 component-version-open."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.matched import MatchedComponents
from pratique.core.advisory import Advisory, Match, State
from pratique.core.component import Component
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Stage
from pratique.detectors.base import Detector
from pratique.detectors.vulnerabilities.places import OWN, name, silent, span

_SHOWN = 8


class ComponentVersionOpen(Detector[MatchedComponents]):
    """Whether a known vulnerability affects the package cannot be told from what it names.

    ## What it looks for
    Components with advisories of which it is unknown whether they apply: no version is named, a
    range allows affected and mended versions, a version is none that the ecosystem knows, or the
    record itself can never be matched.

    ## Why it matters
    Unknown is not clean. What is installed is decided on the day of the installation, by an index
    that somebody else runs.

    ## What to do
    Ask the publisher for exact versions or a lock file, or install pinned versions yourself.

    ## What it cannot see
    Which version your environment already holds.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("VUL002"),
        slug="component-version-open",
        stage=Stage.VULNERABILITIES,
        severity=Severity.LOW,
        confidence=Confidence.HIGH,
        refs=("CWE-1395", "CWE-1357", "ATLAS:AML.T0010", "OWASP-LLM:2025-LLM03"),
        since="0.1",
    )
    reads: ClassVar[type[MatchedComponents]] = MatchedComponents

    def inspect(self, view: MatchedComponents) -> Iterator[Finding]:
        """Report each component once, with the number of advisories and the gravest of them."""
        groups: dict[Component, list[tuple[Advisory, Match]]] = {}
        for component, advisory, match in view.told(State.UNKNOWN):
            if component.relation not in OWN:
                continue
            if match.silenced:
                yield silent(self, component, advisory, match)
            else:
                groups.setdefault(component, []).append((advisory, match))
        for component, rows in groups.items():
            exploited = any(advisory.exploited for advisory, _ in rows)
            count = f"{len(rows)} advisories" if len(rows) > 1 else rows[0][0].id
            says = f"{name(component)} may be affected by {count}: {rows[0][1].why}"
            yield self.finding(
                span(component.path, component.line),
                says,
                severity=Severity.MEDIUM if exploited else None,
                component=component.purl,
                advisories=", ".join(advisory.id for advisory, _ in rows[:_SHOWN]),
                gravest=rows[0][0].severity.name.lower(),
                fixed=", ".join(rows[0][1].fixed) or "no version is named",
            )
