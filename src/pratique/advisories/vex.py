"""VEX: what somebody who answers for it says of a match, until a day, for one artifact.

Read are OpenVEX 0.2 (https://github.com/openvex/spec) and the `analysis` of CycloneDX
vulnerabilities. Neither format has an expiry: it is read from `expires` of a statement or of the
document, or from `pratique:expires=DATE` in `status_notes` (OpenVEX), and from the property
`pratique:expires` (CycloneDX). A statement that does not say all that is asked of it silences
nothing, and the reason is told.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from itertools import islice
from typing import Any, Final, NoReturn

from pratique.core.advisory import Match, Matched, Silence
from pratique.core.errors import MalformedError
from pratique.core.limits import MiB

MOST_BYTES: Final = 16 * MiB
MOST_STATEMENTS: Final = 50_000
MOST_PAIRS: Final = 1_000_000
"""Pairs of a name and a component that statements are about; also values in a document."""
LONGEST: Final = timedelta(days=731)
"""How far away an end may be: two years, whatever leap day is between."""
QUIET: Final = frozenset({"not_affected", "fixed"})
JUSTIFICATIONS: Final = frozenset(
    ["component_not_present", "vulnerable_code_not_present",
     "vulnerable_code_not_in_execute_path", "inline_mitigations_already_exist",
     "vulnerable_code_cannot_be_controlled_by_adversary"]
)  # fmt: skip
_CYCLONE: Final = {
    "code_not_present": "vulnerable_code_not_present",
    "code_not_reachable": "vulnerable_code_not_in_execute_path",
    "requires_configuration": "vulnerable_code_cannot_be_controlled_by_adversary",
    "requires_dependency": "component_not_present",
    "requires_environment": "vulnerable_code_cannot_be_controlled_by_adversary",
    "protected_by_compiler": "inline_mitigations_already_exist",
    "protected_at_runtime": "inline_mitigations_already_exist",
    "protected_at_perimeter": "inline_mitigations_already_exist",
    "protected_by_mitigating_control": "inline_mitigations_already_exist",
}
_STATES: Final = {
    "not_affected": "not_affected",
    "false_positive": "not_affected",
    "resolved": "fixed",
    "resolved_with_pedigree": "fixed",
    "exploitable": "affected",
    "in_triage": "under_investigation",
}
_VERSIONS: Final = (
    "is about some versions of a component; name it by a package URL with its version"
)
_NAMED: Final = re.compile(r"(?<![0-9A-Za-z-])sha256:([0-9a-f]{64})(?![0-9a-f])", re.IGNORECASE)
_EXPIRES: Final = re.compile(r"(?:^|\s)pratique:expires=([0-9T:.Z+-]+)", re.ASCII)
_DAY: Final = re.compile(r"\d{4}-?\d{2}-?\d{2}", re.ASCII)
_HEX: Final = re.compile(r"[0-9a-f]{64}", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What one author says of one vulnerability.

    `artifacts` are root digests (64 hex digits), `components` package URLs; without any it is about
    every component. `document` is the SHA-256 of the file that it stands in, `unclear` why it may
    say less than it seems to.
    """

    names: frozenset[str]
    status: str
    artifacts: frozenset[str]
    components: frozenset[str] = frozenset()
    justification: str = ""
    impact: str = ""
    author: str = ""
    issued: datetime | None = None
    expires: datetime | None = None
    document: str = ""
    unclear: str = ""

    def trouble(self, root: str, now: datetime) -> str:
        """Return why it cannot silence anything in an artifact; empty where it can."""
        if self.status not in QUIET:
            return f"says {self.status[:40]!r}, which silences nothing"
        if self.unclear:
            return self.unclear
        if not (self.justification in JUSTIFICATIONS or self.impact):
            return "has no justification"
        if not self.author:
            return "has no author: `author` (OpenVEX), `metadata.authors[0].name` (CycloneDX)"
        if root not in self.artifacts:
            other = "another" if self.artifacts else "no"
            return f"is bound to {other} artifact; this one is sha256:{root}"
        return self._untimely(now)

    def _untimely(self, now: datetime) -> str:
        if self.issued is not None and self.issued > now:
            return f"is dated in the future, {self.issued.date()}"
        if self.expires is None:
            return "has no expiry"
        if self.expires <= now:
            return f"expired on {self.expires.date()}"
        if self.expires > now + LONGEST:
            return f"ends on {self.expires.date()}, more than two years away"
        return ""

    def about(self) -> list[tuple[str, str]]:
        """Return each (name, component) that it speaks of; no component stands for every one."""
        return [(name, part) for name in self.names for part in self.components or ("",)]


def read(body: bytes) -> tuple[Statement, ...]:
    """Return the statements of an OpenVEX or CycloneDX document.

    Raises:
        MalformedError: it is neither, or out of bounds.

    """
    if len(body) > MOST_BYTES:
        raise MalformedError(f"a VEX document of more than {MOST_BYTES} bytes")
    digest = hashlib.sha256(body).hexdigest()
    try:
        told = _parse(body)
        if told.get("bomFormat") == "CycloneDX":
            found = _cyclonedx(told)
        elif str(told.get("@context", "")).startswith("https://openvex.dev/ns"):
            found = _openvex(told)
        else:
            raise MalformedError("is neither OpenVEX nor CycloneDX")
        kept = [replace(one, document=digest) for one in islice(found, MOST_STATEMENTS + 1)]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as e:
        raise MalformedError(f"is no VEX document: {e}"[:300]) from e
    if len(kept) > MOST_STATEMENTS:
        raise MalformedError(f"more than {MOST_STATEMENTS} statements")
    if sum(len(one.about()) for one in kept) > MOST_PAIRS:
        raise MalformedError(f"more than {MOST_PAIRS} pairs of a vulnerability and a component")
    return tuple(kept)


def apply(
    matched: Matched, statements: Sequence[Statement], root: str, now: datetime
) -> tuple[Matched, tuple[str, ...]]:
    """Return the matches with those silenced that statements let be, and why others do nothing.

    Of several statements about one match the latest counts; of two at once the one that silences
    nothing.
    """
    digest = root.removeprefix("sha256:")
    latest: dict[tuple[str, str], Statement] = {}
    for one in statements:
        for pair in one.about():
            latest[pair] = max(latest.get(pair, one), one, key=lambda s: _weight(s, digest, now))
    found: set[tuple[str, str]] = set()
    heard: set[int] = set()
    matches = []
    for match in matched.matches:
        pairs = [pair for pair in _pairs(match, matched) if pair in latest]
        found.update(pairs)
        said = [latest[pair] for pair in pairs]
        last = max(said, key=lambda s: _weight(s, digest, now), default=None)
        if last is not None:
            heard.add(id(last))
        silent = last is not None and not last.trouble(digest, now)
        matches.append(replace(match, silenced=_says(last)) if last and silent else match)
    ignored = []
    for one in statements:
        why = one.trouble(digest, now)
        if not why and id(one) not in heard:
            later = any(pair in found for pair in one.about())
            why = "another statement counts" if later else "concerns nothing found here"
        if why:
            ignored.append(f"VEX about {min(one.names, default='nothing')}: {why}")
    return replace(matched, matches=tuple(matches)), tuple(ignored)


def _pairs(match: Match, matched: Matched) -> list[tuple[str, str]]:
    advisory, purl = matched.advisory(match), matched.component(match).purl
    parts = dict.fromkeys(["", purl, purl.partition("@")[0]])
    return [(name, part) for name in (advisory.id, *advisory.aliases) for part in parts]


def _weight(one: Statement, digest: str, now: datetime) -> tuple[bool, datetime, bool]:
    bound = digest in one.artifacts
    early = datetime.min.replace(tzinfo=UTC)
    return bound, one.issued or early, bool(one.trouble(digest, now))


def _says(one: Statement) -> Silence:
    labelled = one.justification in JUSTIFICATIONS
    return Silence(
        status=one.status,
        author=one.author,
        expires=one.expires.isoformat() if one.expires else "",
        document=one.document,
        justification=one.justification if labelled else "",
        impact=one.impact,
    )


def _openvex(told: Mapping[str, Any]) -> Iterator[Statement]:
    author, expires = told.get("author"), told.get("expires")
    issued = told.get("last_updated") or told.get("timestamp")
    for row in told["statements"]:
        named = row["vulnerability"]
        names = {named} if isinstance(named, str) else {named.get("name"), named.get("@id")}
        names |= set(_list(named.get("aliases"))) if isinstance(named, dict) else set()
        for product in _list(row.get("products")) or [None]:  # each is a statement of its own
            parts = _list(product.get("subcomponents")) if isinstance(product, dict) else []
            yield Statement(
                names=frozenset(str(name)[:200] for name in names if name),
                status=str(row["status"]),
                artifacts=frozenset(_digests(product)) if product else frozenset(),
                components=frozenset(_part(part) for part in parts),
                justification=str(row.get("justification") or ""),
                impact=str(row.get("impact_statement") or "")[:500],
                author=str(author or "")[:200],
                issued=_moment(row.get("last_updated") or row.get("timestamp") or issued),
                expires=_end(row.get("expires") or _noted(row) or expires),
            )


def _noted(row: Mapping[str, Any]) -> str:
    """Return the expiry that the notes carry: the schema of OpenVEX leaves no other place."""
    found = _EXPIRES.search(str(row.get("status_notes") or ""))
    return found[1] if found else ""


def _part(told: object) -> str:
    """Return the package URL of a subcomponent; one without any is none of ours."""
    row: Mapping[str, Any] = told if isinstance(told, dict) else {"@id": told}
    return str((row.get("identifiers") or {}).get("purl") or row.get("@id") or "unnamed")


def _digests(product: object) -> Iterator[str]:
    row: Mapping[str, Any] = product if isinstance(product, dict) else {"@id": product}
    for match in _NAMED.finditer(str(row.get("@id") or "")):
        yield match[1].lower()
    told = (row.get("hashes") or {}).get("sha-256")
    if isinstance(told, str) and _HEX.fullmatch(told):
        yield told.lower()


def _cyclonedx(told: Mapping[str, Any]) -> Iterator[Statement]:
    about = told.get("metadata") or {}
    model = about.get("component") or {}
    rows = [str(h.get("content", "")) for h in model.get("hashes", ()) if h["alg"] == "SHA-256"]
    artifacts = frozenset(text.lower() for text in rows)
    authors = about.get("authors") or []
    author = str(authors[0].get("name", "")) if authors else ""
    author = author or str((about.get("supplier") or {}).get("name", ""))
    purls = {str(c.get("bom-ref")): str(c.get("purl", "")) for c in told.get("components", ())}
    for row in told.get("vulnerabilities", ()):
        analysis = row.get("analysis")
        if not analysis or "state" not in analysis:
            continue
        properties = {p.get("name"): p.get("value") for p in row.get("properties", ())}
        names = {row.get("id"), *(r.get("id") for r in _list(row.get("references")))}
        affected = _list(row.get("affects"))
        affects = [str(one.get("ref", "")) for one in affected]
        parts = {purls.get(ref, ref) for ref in affects if ref != model.get("bom-ref")}
        state, because = str(analysis["state"]), str(analysis.get("justification") or "")
        yield Statement(
            names=frozenset(str(name)[:200] for name in names if name),
            status=_STATES.get(state, f"CycloneDX state {state}"),
            artifacts=artifacts,
            # a component without a package URL is one that nothing here is: not "every component"
            components=frozenset(part or "unnamed" for part in parts),
            justification=_CYCLONE.get(because, because),
            impact=str(analysis.get("detail") or "")[:500],
            author=author[:200],
            issued=_moment(analysis.get("lastUpdated") or about.get("timestamp")),
            expires=_end(properties.get("pratique:expires")),
            unclear=_VERSIONS if any(one.get("versions") for one in affected) else "",
        )


def _moment(told: object) -> datetime | None:
    """Return a moment with a zone; a day without a time is its beginning in UTC."""
    if told is None:
        return None
    if not isinstance(told, str):
        raise TypeError(f"{str(told)[:40]!r} is no date")
    try:
        made = datetime.fromisoformat(told)
    except ValueError as e:
        raise ValueError(f"{told[:40]!r} is no date such as 2027-01-31") from e
    return made if made.tzinfo else made.replace(tzinfo=UTC)


def _end(told: object) -> datetime | None:
    """Return when something ends; a day without a time counts to its last second in UTC."""
    made = _moment(told)
    if made is not None and isinstance(told, str) and _DAY.fullmatch(told):
        return datetime.combine(made.date(), time(23, 59, 59), UTC)
    return made


def _list(told: object) -> list[Any]:
    if told is None:
        return []
    if not isinstance(told, list):
        raise TypeError(f"{str(told)[:40]!r} is no list")
    return told


def _parse(body: bytes) -> Any:  # noqa: ANN401 - JSON
    """Return JSON that has one reading: no key twice, no NaN, only text that UTF-8 can hold."""
    if sum(body.count(sign) for sign in b",[{") > MOST_PAIRS:
        raise MalformedError(f"a VEX document of more than {MOST_PAIRS} values")
    told = json.loads(body.decode(), object_pairs_hook=_once, parse_constant=_refuse)
    json.dumps(told, ensure_ascii=False).encode()
    return told


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    told = dict(pairs)
    if len(told) < len(pairs):
        raise ValueError("a key is there twice")
    return told


def _refuse(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number")
