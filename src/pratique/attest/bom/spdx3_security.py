"""The security profile of an SPDX 3 document: vulnerabilities, scores, and what is made of them.

EPSS is left out: the profile asks for a percentile, and the advisory data holds a probability.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final

from pratique.attest.bom.spdx3_words import Names, relation
from pratique.attest.bom.text import plain, words
from pratique.core.advisory import Advisory, Match, Matched, State
from pratique.core.component import Component
from pratique.core.finding import Severity

_CATALOG: Final = "https://www.cisa.gov/known-exploited-vulnerabilities-catalog"
_VEX: Final = "security_Vex{}VulnAssessmentRelationship"
_CVE: Final = "CVE-"


def assessments(
    matched: Matched, names: Names, package: Callable[[Component, Names], str]
) -> Iterator[dict[str, Any]]:
    """Yield the elements of every match, in the order of their names; `package` names a package."""
    groups: dict[tuple[str, ...], list[Match]] = {}
    for match in matched.matches:
        key = (matched.advisory(match).id, match.state, *words(match.silenced))
        groups.setdefault(key, []).append(match)
    told: dict[str, list[str]] = {}
    known: dict[str, Advisory] = {}
    for key, rows in sorted(groups.items()):
        advisory = matched.advisory(rows[0])
        to = [package(matched.component(match), names) for match in rows]
        known[advisory.id] = advisory
        told.setdefault(advisory.id, []).extend(to)
        vulnerability = names.of("vulnerability", advisory.id)
        yield _judgement(rows, relation(names.of("vex", *key), "", vulnerability, to))
    for ident, advisory in sorted(known.items()):
        yield _vulnerability(advisory, names)
        yield from _ratings(advisory, names, told[ident])


def _vulnerability(advisory: Advisory, names: Names) -> dict[str, Any]:
    told: dict[str, Any] = {
        "type": "security_Vulnerability",
        "spdxId": names.of("vulnerability", advisory.id),
        "name": plain(advisory.id),
        "externalIdentifier": [
            {
                "type": "ExternalIdentifier",
                "externalIdentifierType": "cve" if ident.startswith(_CVE) else "securityOther",
                "identifier": plain(ident),
            }
            for ident in dict.fromkeys((advisory.id, *advisory.aliases))
        ],
    }
    if advisory.summary:
        told["summary"] = plain(advisory.summary)
    if not advisory.vector:
        told["comment"] = "no record has a CVSS vector: its severity is not known"
    return told


def _ratings(advisory: Advisory, names: Names, to: list[str]) -> Iterator[dict[str, Any]]:
    start = names.of("vulnerability", advisory.id)
    if advisory.vector:
        number = "4" if advisory.vector.startswith("CVSS:4") else "3"
        low = advisory.severity is Severity.INFO
        yield relation(names.of("cvss", advisory.id), "hasAssessmentFor", start, to) | {
            "type": f"security_CvssV{number}VulnAssessmentRelationship",
            "security_score": advisory.score,
            "security_severity": "none" if low else advisory.severity.name.lower(),
            "security_vectorString": plain(advisory.vector),
        }
    if advisory.exploited:
        yield relation(names.of("kev", advisory.id), "hasAssessmentFor", start, to) | {
            "type": "security_ExploitCatalogVulnAssessmentRelationship",
            "security_catalogType": "kev",
            "security_exploited": True,
            "security_locator": _CATALOG,
        }


def _judgement(rows: list[Match], told: dict[str, Any]) -> dict[str, Any]:
    first = rows[0]
    why = plain("; ".join(dict.fromkeys(match.why for match in rows)))
    silence = first.silenced
    if silence is not None and silence.status == "fixed":
        return told | {
            "type": _VEX.format("Fixed"),
            "relationshipType": "fixedIn",
            "security_statusNotes": plain(str(silence)),
        }
    if silence is not None:
        return told | {
            "type": _VEX.format("NotAffected"),
            "relationshipType": "doesNotAffect",
            "security_impactStatement": plain(str(silence)),
        }
    if first.state is State.UNKNOWN:
        return told | {
            "type": _VEX.format("UnderInvestigation"),
            "relationshipType": "underInvestigationFor",
            "security_statusNotes": why,
        }
    fixed = ", ".join(dict.fromkeys(version for match in rows for version in match.fixed))
    return told | {
        "type": _VEX.format("Affected"),
        "relationshipType": "affects",
        "security_statusNotes": why,
        "security_actionStatement": plain(
            f"move to one of {fixed} or later" if fixed else "no mended version is named"
        ),
    }
