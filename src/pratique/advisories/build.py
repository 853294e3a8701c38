"""From OSV archives, KEV and EPSS to one SQLite file that answers by package."""

import hashlib
import json
import sqlite3
import time
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from packaging.utils import canonicalize_name

from pratique.advisories import cvss, enrichment
from pratique.advisories.grouping import grouped
from pratique.advisories.osv_record import Affected, Record, record_of
from pratique.advisories.osv_zip import Refused, records
from pratique.core.component import NPM, PYPI
from pratique.core.errors import MalformedError
from pratique.core.finding import Severity

FORMAT: Final = 2
_WORDS: Final = {
    "LOW": Severity.LOW,
    "MODERATE": Severity.MEDIUM,
    "MEDIUM": Severity.MEDIUM,
    "HIGH": Severity.HIGH,
    "CRITICAL": Severity.CRITICAL,
}
_TABLES: Final = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE advisory (number INTEGER PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE package (
  ecosystem TEXT NOT NULL, name TEXT NOT NULL, body BLOB NOT NULL, PRIMARY KEY (ecosystem, name)
) WITHOUT ROWID;
"""


@dataclass(slots=True)
class Built:
    """How it went: what was taken in, what was not, and from where.

    `unmatchable` are records that name a package and neither ranges nor versions; `sources` are
    (name, sha256, bytes).
    """

    records: int = 0
    withdrawn: int = 0
    advisories: int = 0
    packages: int = 0
    newest: str = ""
    refused: Refused = field(default_factory=Refused)
    unmatchable: list[str] = field(default_factory=list)
    noted: list[tuple[str, str]] = field(default_factory=list)
    ecosystems: dict[str, int] = field(default_factory=dict)
    sources: list[tuple[str, str, int]] = field(default_factory=list)
    kev: str = ""
    epss: str = ""
    digest: str = ""
    seconds: float = 0.0


def build(
    to: Path,
    zips: Sequence[tuple[str, Path]],
    *,
    kev: Path | None = None,
    epss: Path | None = None,
    about: Mapping[str, str] | None = None,
) -> Built:
    """Index OSV archives, each with its ecosystem's name, into a new file.

    Raises:
        MalformedError: an archive, KEV or EPSS is broken; nothing is left at `to` then.

    """
    began, built = time.monotonic(), Built()
    told: list[Record] = []
    for ecosystem, path in zips:
        built.sources.append((ecosystem, *_digest(path)))
        built.ecosystems[ecosystem] = 0
        told += _taken(path, ecosystem, built)
    exploited, built.kev = enrichment.exploited(kev) if kev else (frozenset[str](), "")
    likely, built.epss = enrichment.likely(epss) if epss else ({}, "")
    built.sources += [(name, *_digest(p)) for name, p in (("KEV", kev), ("EPSS", epss)) if p]
    built.digest = _whole(built.sources)
    try:
        with closing(sqlite3.connect(to)) as base, base:
            base.executescript(_TABLES)
            _fill(base, told, built, (exploited, likely))
            built.seconds = time.monotonic() - began
            _about(base, built, about or {})
    except BaseException:
        to.unlink(missing_ok=True)
        raise
    return built


def _digest(path: Path) -> tuple[str, int]:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return digest, file.tell()


def _whole(sources: Iterable[tuple[str, str, int]]) -> str:
    body = json.dumps([FORMAT, sorted(sources)]).encode()
    return hashlib.sha256(body).hexdigest()


def _taken(path: Path, ecosystem: str, built: Built) -> Iterator[Record]:
    """Yield the records of an archive, with what they say of its own ecosystem.

    An archive of PyPI names packages of other ecosystems beside its own, and by far not all of
    theirs: they must not look as if that ecosystem were known.
    """
    spoke = False
    for told in records(path, built.refused):
        try:
            record = record_of(told)
        except MalformedError as e:
            built.refused.add(str(told["id"]), str(e))
            continue
        built.records += 1
        if record.withdrawn:
            built.withdrawn += 1
            continue
        built.newest = max(built.newest, record.modified)
        own = tuple(one for one in record.affected if _is_of(one.ecosystem, ecosystem))
        spoke = spoke or bool(own)
        yield replace(record, affected=own)
    if not spoke:
        raise MalformedError(f"{path.name}: holds no OSV record about {ecosystem}")


def _is_of(ecosystem: str, archive: str) -> bool:
    """Tell whether an archive is of an ecosystem: `Debian` holds `Debian:12` and its like."""
    return ecosystem == archive or ecosystem.startswith(f"{archive}:")


def _fill(
    base: sqlite3.Connection,
    told: Sequence[Record],
    built: Built,
    raising: tuple[frozenset[str], Mapping[str, float]],
) -> None:
    groups = grouped(told)
    members: dict[str, list[Record]] = {}
    for record in told:
        members.setdefault(groups[record.id], []).append(record)
    packages: dict[tuple[str, str], _Package] = {}
    for number, (name, rows) in enumerate(sorted(members.items())):
        body = json.dumps(_advisory(name, rows, raising)).encode()
        base.execute("INSERT INTO advisory VALUES (?, ?)", (number, zlib.compress(body, 1)))
        for record in rows:
            for affected in record.affected:
                _note(record, affected, built)
                key = (affected.ecosystem, named(affected.ecosystem, affected.package))
                packages.setdefault(key, _Package()).add(number, record.id, affected)
    for (ecosystem, name), package in packages.items():
        body = zlib.compress(json.dumps(package.value()).encode(), 1)
        base.execute("INSERT INTO package VALUES (?, ?, ?)", (ecosystem, name, body))
        archive = ecosystem if ecosystem in built.ecosystems else ecosystem.partition(":")[0]
        built.ecosystems[archive] = built.ecosystems.get(archive, 0) + 1
    built.advisories, built.packages = len(members), len(packages)


def named(ecosystem: str, name: str) -> str:
    """Return a package's name as its ecosystem compares it."""
    if ecosystem == PYPI:
        return canonicalize_name(name)
    return name.lower() if ecosystem == NPM else name


def _note(record: Record, affected: Affected, built: Built) -> None:
    if not affected.matchable:
        built.unmatchable.append(record.id)
    elif affected.noted:
        built.noted.append((record.id, affected.noted))


class _Package:
    """What all records say of one package; versions are kept once, and named by bits."""

    def __init__(self) -> None:
        self._known: dict[str, int] = {}
        self._entries: list[list[Any]] = []

    def add(self, number: int, record: str, affected: Affected) -> None:
        places = [self._known.setdefault(v, len(self._known)) for v in affected.versions]
        bits = bytearray(max(places, default=-1) // 8 + 1)
        for place in places:
            bits[place >> 3] |= 1 << (place & 7)
        ranges = [[dict(event) for event in told] for told in affected.ranges]
        self._entries.append([number, record, ranges, bits.hex()])

    def value(self) -> dict[str, Any]:
        return {"known": list(self._known), "entries": self._entries}


def _advisory(
    name: str, rows: Sequence[Record], raising: tuple[frozenset[str], Mapping[str, float]]
) -> dict[str, Any]:
    exploited, likely = raising
    names = {n for row in rows for n in (row.id, *row.aliases)} | {name}
    cves = [n for n in names if n.startswith("CVE-")]
    score, vector = cvss.best(v for row in rows for v in row.vectors)
    words = [_WORDS[row.word] for row in rows if row.word in _WORDS]
    severity = cvss.severity(score) if vector else max(words, default=Severity.MEDIUM)
    return {
        "id": name,
        "aliases": sorted(names - {name}),
        "records": sorted(row.id for row in rows),
        "summary": next((row.summary for row in rows if row.summary), ""),
        "severity": int(severity),
        "score": score,
        "vector": vector,
        "exploited": any(cve in exploited for cve in cves),
        "likely": max((likely[cve] for cve in cves if cve in likely), default=-1.0),
        "modified": max(row.modified for row in rows),
        "references": list(dict.fromkeys(url for row in rows for url in row.references))[:10],
    }


def _about(base: sqlite3.Connection, built: Built, about: Mapping[str, str]) -> None:
    told: dict[str, object] = {
        "format": FORMAT,
        "digest": built.digest,
        "records": built.records,
        "withdrawn": built.withdrawn,
        "advisories": built.advisories,
        "packages": built.packages,
        "newest": built.newest,
        "refused": built.refused.count,
        "refused_named": built.refused.named,
        "unmatchable": sorted(set(built.unmatchable)),
        "noted": built.noted[:1000],
        "ecosystems": built.ecosystems,
        "sources": built.sources,
        "kev": built.kev,
        "epss": built.epss,
        "about": dict(about),
    }
    rows = [(key, json.dumps(value)) for key, value in told.items()]
    base.executemany("INSERT INTO meta VALUES (?, ?)", rows)
