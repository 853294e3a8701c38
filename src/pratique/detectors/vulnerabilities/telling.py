"""Facts of files with their places, and a finding that names the loaders which a condition hits."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from pratique.artifacts.views import Repository
from pratique.core.finding import Finding, Severity, Span
from pratique.detectors.base import MAX_EVIDENCE_TEXT, Detector
from pratique.detectors.vulnerabilities.loaders import loaders

MOST = 50
"""Findings of a rule whose rows have no bound of their own; counted after they are judged."""
_NONE = "no version of "
_NAMED = " is named"


def told(view: Repository, kind: str) -> Iterator[tuple[Span, Mapping[str, object]]]:
    """Yield the data of every fact of a kind, with the file or member that it is about."""
    for file in view.files:
        for name, chain, data in file.facts:
            if name == kind and isinstance(data, dict):
                yield Span(chain=(file.path, *chain)), data


def rows(data: Mapping[str, object], key: str, width: int) -> Iterator[list[object]]:
    """Yield the lists of this width that a fact holds under a key: as many as its reader keeps."""
    held = data.get(key)
    for row in held if isinstance(held, list) else []:
        if isinstance(row, list) and len(row) == width:
            yield row


def words(data: Mapping[str, object], key: str) -> list[str]:
    """Return the texts that a fact holds under a key."""
    held = data.get(key)
    return [word for word in held if isinstance(word, str)] if isinstance(held, list) else []


def tell(  # noqa: PLR0913 - a place, what is there, and what is known of it
    detector: type[Detector[Repository]],
    view: Repository,
    at: Span,
    says: str,
    *,
    only: frozenset[str] = frozenset(),
    unless_pinned: Severity | None = None,
) -> Finding:
    """Return a finding that says which loader versions are hit, and whether pins are among them.

    `only` narrows the loaders to those of these CVEs. `unless_pinned` is the most it weighs while
    no hit version is pinned: for conditions that honest models meet, too.
    """
    known = loaders(view, detector.rule.id, only)
    severity = known.severity
    if unless_pinned is not None and not known.pinned:
        severity = min(severity, unless_pinned)
    first, _, more = known.hit.partition("; ")
    others = f" and {more.count('; ') + 1} more" if more else ""
    found = detector.finding(at, f"{says}; hits {first}{others}", severity=severity)
    evidence = {
        "own_pins": _short(known.pins)[:MAX_EVIDENCE_TEXT],
        **_parts("cves", known.cves, ", "),
        **_parts("loaders_hit", known.hit, "; "),
    }
    return replace(found, evidence=tuple(sorted(evidence.items())))


def _short(pins: str) -> str:
    """Say once, not for each, that no version of some packages is named."""
    parts = pins.split("; ")
    open_ones = [p for p in parts if p.startswith(_NONE) and p.endswith(_NAMED)]
    named = [p for p in parts if p not in open_ones]
    if open_ones:
        names = [p.removeprefix(_NONE).removesuffix(_NAMED) for p in open_ones]
        named.append(f"{_NONE}{', '.join(names)}{_NAMED}")
    return "; ".join(named)


def _parts(key: str, text: str, between: str) -> dict[str, str]:
    """Return a long list as several pieces of evidence, cut between its entries."""
    found: dict[str, str] = {}
    part = ""
    for item in text.split(between):
        joined = f"{part}{between}{item}" if part else item
        if part and len(joined) > MAX_EVIDENCE_TEXT:
            found[f"{key}_{len(found) + 1}" if found else key] = part
            joined = item
        part = joined
    found[f"{key}_{len(found) + 1}" if found else key] = part
    return found
