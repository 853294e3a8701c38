"""VUL003 component-made-with."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.matched import MatchedComponents
from pratique.core.advisory import Advisory, Match, State
from pratique.core.component import Component, Relation
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Stage
from pratique.detectors.base import Detector
from pratique.detectors.vulnerabilities.places import OWN, name, silent, span

_SHOWN = 8


class ComponentMadeWith(Detector[MatchedComponents]):
    """A library that wrote or loads the model has known vulnerabilities in some version.

    ## What it looks for
    Libraries that a configuration or a header names as what wrote the file, and that bundled code
    imports, where advisories concern the version that is said, or any version where none is.

    ## Why it matters
    Which version will load the model is decided by whoever loads it. A model that was saved with a
    vulnerable version is often loaded with that version again.

    ## What to do
    Load the model with a version that no advisory names; `pratique db status` tells how new the
    advisories are.

    ## What it cannot see
    What is installed where the model is loaded.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("VUL003"),
        slug="component-made-with",
        stage=Stage.VULNERABILITIES,
        severity=Severity.INFO,
        confidence=Confidence.HIGH,
        refs=("CWE-1395", "ATLAS:AML.T0010", "OWASP-LLM:2025-LLM03"),
        since="0.1",
    )
    reads: ClassVar[type[MatchedComponents]] = MatchedComponents

    def inspect(self, view: MatchedComponents) -> Iterator[Finding]:
        """Report each library once, however many files name it."""
        groups: dict[str, list[tuple[Component, Advisory, Match]]] = {}
        for state in (State.AFFECTED, State.UNKNOWN):
            for component, advisory, match in view.told(state):
                if component.relation in OWN:
                    continue
                if match.silenced:
                    yield silent(self, component, advisory, match)
                else:
                    groups.setdefault(name(component), []).append((component, advisory, match))
        for named, rows in groups.items():
            first = rows[0][0]
            ids = list(dict.fromkeys(advisory.id for _, advisory, _ in rows))
            verb = "imports" if first.relation is Relation.IMPORTS else "was made with"
            count = f"{len(ids)} advisories are" if len(ids) > 1 else f"{ids[0]} is"
            yield self.finding(
                span(first.path, first.line),
                f"{verb} {named}, which {count} about; what loads it decides",
                component=first.purl,
                advisories=", ".join(ids[:_SHOWN]),
                gravest=rows[0][1].severity.name.lower(),
            )
