"""Which loaders a condition hits, and whether the package's own pins are among them."""

from dataclasses import dataclass

from pratique.advisories.overlay import Entry, of_rule
from pratique.advisories.ranges import contains
from pratique.artifacts.inventory import collect
from pratique.artifacts.views import Repository
from pratique.core.advisory import State
from pratique.core.component import Component, Sure
from pratique.core.finding import Finding, Severity, Span
from pratique.detectors.base import Detector
from pratique.detectors.vulnerabilities.places import OWN, name


@dataclass(frozen=True, slots=True)
class Loaders:
    """What is to be said of the loaders that a condition hits.

    `severity` is LOW where the package pins every such loader to a version that is mended: then the
    condition does nothing to who installs what is named. Otherwise it is the gravest entry's, and
    HIGH at most where no hit version is pinned: nobody knows what will load it. `pinned` tells
    whether one is.
    """

    severity: Severity
    cves: str
    hit: str
    pins: str
    pinned: bool = False


def loaders(view: Repository, rule: str, only: frozenset[str] = frozenset()) -> Loaders:
    """Return what the overlay knows of a rule's condition; `only` narrows it to these CVEs."""
    rows = [entry for entry in of_rule(rule) if not only or entry.id in only]
    said = [_pins(view, entry) for entry in rows]
    states = {state for one in said for _, state in one or ((None, State.UNKNOWN),)}
    gravest = max((entry.severity for entry in rows), default=Severity.HIGH)
    severity = gravest if State.AFFECTED in states else min(gravest, Severity.HIGH)
    if states == {State.NOT_AFFECTED}:
        severity = Severity.LOW
    return Loaders(
        severity=severity,
        cves=", ".join(entry.id for entry in rows),
        hit="; ".join(f"{entry.versions} ({entry.id})" for entry in rows),
        pins="; ".join(dict.fromkeys(_words(e, p) for e, p in zip(rows, said, strict=True))),
        pinned=State.AFFECTED in states,
    )


def hit(
    rule: type[Detector[Repository]],
    view: Repository,
    at: Span,
    says: str,
    only: frozenset[str] = frozenset(),
) -> Finding:
    """Build a rule's finding: what is there, which loaders it hits, and what the package pins.

    `only` narrows it to these CVEs.
    """
    told = loaders(view, rule.rule.id, only)
    return rule.finding(
        at,
        f"{says}; {told.cves} hits {told.hit.partition(' (')[0]}",
        severity=told.severity,
        cves=told.cves,
        loaders_hit=told.hit,
        own_pins=told.pins,
    )


class _Named:
    """The components of the repository that was asked about last, by ecosystem and name."""

    def __init__(self) -> None:
        self._view: Repository | None = None
        self._found: dict[tuple[str, str], list[Component]] = {}

    def about(self, view: Repository, key: tuple[str, str]) -> list[Component]:
        """Return the components of that name that whoever uses the package gets."""
        if view is not self._view:
            self._view, self._found = view, {}
            for one in collect(view).components:
                if one.relation in OWN:
                    self._found.setdefault((one.ecosystem, one.name), []).append(one)
        return self._found.get(key, [])


_NAMED = _Named()


def _pins(view: Repository, entry: Entry) -> list[tuple[Component, State]]:
    found = []
    for component in _NAMED.about(view, (entry.ecosystem, entry.package)):
        state = State.UNKNOWN
        if component.sure is Sure.EXACT:
            state = contains(entry.ecosystem, component.version, entry.events)
        found.append((component, state))
    return found


_IS = {
    State.AFFECTED: "is hit",
    State.NOT_AFFECTED: "is not",
    State.UNKNOWN: "leaves it open",
}


def _words(entry: Entry, pins: list[tuple[Component, State]]) -> str:
    if not pins:
        return f"no version of {entry.package} is named"
    return "; ".join(f"{name(c)} in {c.path} {_IS[state]}" for c, state in pins)
