"""The vulnerabilities of a CycloneDX document: one entry for each advisory and what is made of it.

What a VEX statement silenced stays in the list, with the statement as its analysis.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final
from urllib.parse import quote

from pratique.attest.bom.text import mark, plain, words
from pratique.core.advisory import Advisory, Match, Matched, Silence, State
from pratique.core.component import Component

_STATES: Final = {State.AFFECTED: "exploitable", State.UNKNOWN: "in_triage"}
_METHODS: Final = {"CVSS:3.0": "CVSSv3", "CVSS:3.1": "CVSSv31", "CVSS:4.0": "CVSSv4"}
_JUSTIFICATIONS: Final = {
    "component_not_present": "requires_dependency",
    "vulnerable_code_not_present": "code_not_present",
    "vulnerable_code_not_in_execute_path": "code_not_reachable",
    "vulnerable_code_cannot_be_controlled_by_adversary": "requires_environment",
    "inline_mitigations_already_exist": "protected_by_mitigating_control",
}
"""CycloneDX's words for OpenVEX's; each is read back as the one that it stands for."""
_MOST_REFERENCES: Final = 50
_WEB: Final = re.compile(
    r"https?://[A-Za-z0-9.-]+(:\d{1,5})?"
    r"(/([\w.~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})*)?"
    r"(\?([\w.~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*)?"
    r"(#([\w.~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*)?",
    re.ASCII,
)
"""Addresses that any reader takes (RFC 3986); another reference is told as it is written."""


def vulnerabilities(matched: Matched, ref: Callable[[Component], str]) -> list[dict[str, Any]]:
    """Return the entries in the order of their names; `ref` names a component in the document."""
    groups: dict[tuple[str, State, tuple[str, ...]], list[Match]] = {}
    for match in matched.matches:
        key = (matched.advisory(match).id, match.state, words(match.silenced))
        groups.setdefault(key, []).append(match)
    return [_entry(matched, rows, ref) for _, rows in sorted(groups.items())]


def _entry(matched: Matched, rows: list[Match], ref: Callable[[Component], str]) -> dict[str, Any]:
    first = rows[0]
    advisory = matched.advisory(first)
    told: dict[str, Any] = {
        "bom-ref": f"vuln-{mark(advisory.id, first.state, *words(first.silenced)).hex}",
        "id": plain(advisory.id),
        "source": _source((*advisory.records, advisory.id)[0]),
        "ratings": [_rating(advisory)],
        "affects": [{"ref": one} for one in sorted({ref(matched.component(m)) for m in rows})],
        "analysis": _analysis(rows),
    }
    others = [alias for alias in advisory.aliases if alias != advisory.id]
    if others:
        told["references"] = [{"id": plain(alias), "source": _source(alias)} for alias in others]
    pages = [url for url in advisory.references if _WEB.fullmatch(url)]
    if pages:
        told["advisories"] = [{"url": url} for url in pages[:_MOST_REFERENCES]]
    if advisory.summary:
        told["description"] = plain(advisory.summary)
    if fixed := _once(version for match in rows for version in match.fixed):
        told["recommendation"] = plain(f"mended in {', '.join(fixed)}")
    if properties := [*_properties(advisory, pages), *_ends(first.silenced)]:
        told["properties"] = properties
    return told


def _source(record: str) -> dict[str, str]:
    address = quote(plain(record), safe="")
    return {"name": "OSV", "url": f"https://osv.dev/vulnerability/{address}"}


def _rating(advisory: Advisory) -> dict[str, Any]:
    told: dict[str, Any] = {"severity": advisory.severity.name.lower()}
    if not advisory.vector:
        return told | {"justification": "no record has a CVSS vector: this is an assumption"}
    return told | {
        "score": advisory.score,
        "method": _METHODS.get(advisory.vector[:8], "other"),
        "vector": plain(advisory.vector),
    }


def _properties(advisory: Advisory, pages: list[str]) -> Iterator[dict[str, str]]:
    if advisory.exploited:
        yield {"name": "pratique:exploited", "value": "true"}
    if advisory.likely >= 0:
        yield {"name": "pratique:epss", "value": f"{advisory.likely:.5f}"}
    odd = [url for url in advisory.references if url not in pages]
    for url in odd[:_MOST_REFERENCES]:
        yield {"name": "pratique:reference", "value": plain(url)}
    cut = max(len(pages) - _MOST_REFERENCES, 0) + max(len(odd) - _MOST_REFERENCES, 0)
    if cut:
        yield {"name": "pratique:references-not-listed", "value": str(cut)}


def _analysis(rows: list[Match]) -> dict[str, Any]:
    first = rows[0]
    if first.silenced is not None:
        return _silent(first.silenced)
    told: dict[str, Any] = {
        "state": _STATES[first.state],
        "detail": plain("; ".join(_once(match.why for match in rows))),
    }
    if first.state is State.AFFECTED and any(match.fixed for match in rows):
        told["response"] = ["update"]
    return told


def _ends(silence: Silence | None) -> Iterator[dict[str, str]]:
    """Yield what ends a silence and who answers for it, which the format has no field for."""
    if silence is not None:
        yield {"name": "pratique:expires", "value": plain(silence.expires)}
        yield {"name": "pratique:vex-author", "value": plain(silence.author)}
        yield {"name": "pratique:vex-document", "value": plain(silence.document)}


def _silent(silence: Silence) -> dict[str, Any]:
    told = {
        "state": "resolved" if silence.status == "fixed" else "not_affected",
        "detail": plain(silence.impact or str(silence)),
    }
    if silence.justification in _JUSTIFICATIONS:
        told["justification"] = _JUSTIFICATIONS[silence.justification]
    return told


def _once(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(text for text in texts if text))
