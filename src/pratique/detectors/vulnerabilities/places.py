"""Where a component is named, in the words of a finding."""

from dataclasses import replace

from pratique.artifacts.matched import MatchedComponents
from pratique.core.advisory import Advisory, Match
from pratique.core.component import Component, Relation
from pratique.core.finding import Finding, Severity, Span
from pratique.detectors.base import MAX_EVIDENCE_TEXT, Detector

OWN = frozenset({Relation.NEEDS, Relation.CONTAINS})
"""What whoever uses the package gets; of the rest nobody says which version will be there."""


def span(path: str, line: int = 0) -> Span:
    """Return the place of an entry: a file with its members, and a line."""
    return Span(chain=tuple(path.split("!")), line=line)


def name(component: Component) -> str:
    """Return a component as people write it: `torch==2.5.0`, or with what was asked for."""
    if component.version:
        return f"{component.name}=={component.version}"
    return f"{component.name} {component.spec}".strip()


def silent(
    rule: Detector[MatchedComponents], component: Component, advisory: Advisory, match: Match
) -> Finding:
    """Return what stays in the report of a match that a VEX statement silenced."""
    says = f"{name(component)}: {advisory.id} is silenced: {match.silenced}"
    told = rule.finding(span(component.path, component.line), says, severity=Severity.INFO)
    return replace(told, evidence=evidence(component, advisory, match))


def evidence(component: Component, advisory: Advisory, match: Match) -> tuple[tuple[str, str], ...]:
    """Return what supports a match, for a report."""
    told = {
        "component": component.purl,
        "advisory": advisory.id,
        "aliases": ", ".join(advisory.aliases[:8]),
        "records": ", ".join(advisory.records[:8]),
        "cvss": f"{advisory.score} {advisory.vector}" if advisory.vector else "no vector",
        "fixed": ", ".join(match.fixed) or "no version is named",
        "rests_on": match.why,
        "read_from": component.via,
        "marker": component.marker,
    }
    if advisory.exploited:
        told["exploited"] = "listed by CISA as exploited"
    if advisory.likely >= 0:
        told["epss"] = f"{advisory.likely:.4f}"
    return tuple(sorted((word, text[:MAX_EVIDENCE_TEXT]) for word, text in told.items() if text))
