"""Records that tell of one vulnerability, under one name: the CVE where there is one.

Aliases are followed transitively over CVEs. A name of another kind (GHSA, PYSEC) joins two records
only where their CVEs agree or one of them has none: some advisories cover several CVEs, and through
their name alone different bugs would become one.
"""

from collections.abc import Callable, Mapping, Sequence

from pratique.advisories.osv_record import Record


def grouped(records: Sequence[Record]) -> Mapping[str, str]:
    """Return for each record's id the name of its group."""
    above = {record.id: record.id for record in records}

    def top(name: str) -> str:
        while above[name] != name:
            above[name] = above[above[name]]
            name = above[name]
        return name

    cves = {record.id: frozenset(_cves(record)) for record in records}
    for names in _sharing(records).values():
        first = names[0]
        for other in names[1:]:
            if cves[first] & cves[other] or not cves[first] or not cves[other]:
                one, two = sorted((top(first), top(other)))
                above[two] = one
    return _named(records, cves, top)


def _named(
    records: Sequence[Record], cves: Mapping[str, frozenset[str]], top: Callable[[str], str]
) -> Mapping[str, str]:
    members: dict[str, list[str]] = {}
    for record in records:
        members.setdefault(top(record.id), []).append(record.id)
    told: dict[str, str] = {}
    for ids in members.values():
        known = sorted({cve for i in ids for cve in cves[i]})
        told |= dict.fromkeys(ids, known[0] if known else min(ids))
    return told


def _sharing(records: Sequence[Record]) -> Mapping[str, list[str]]:
    """Return by every name the records that bear it."""
    found: dict[str, list[str]] = {}
    for record in records:
        for name in {record.id, *record.aliases}:
            found.setdefault(name, []).append(record.id)
    return found


def _cves(record: Record) -> list[str]:
    return [name for name in (record.id, *record.aliases) if name.startswith("CVE-")]
