"""Compare our matching with what records say themselves, and the overlay with its advisories.

    python scripts/prove_advisories.py --data FOLDER [--page docs/proofs/advisories.md]

FOLDER (or PRATIQUE_ADVISORY_DATA) holds `pypa-osv-all.zip`, in the layout of OSV's PyPI archive. A
record lists versions because OSV's own servers enumerated them from its ranges: our evaluation of
the ranges has to agree with the list, version by version. Exits 1 where a disagreement is not
explained.
"""

import argparse
import csv
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from packaging.version import Version

from pratique.advisories.osv_record import Affected, Record, record_of
from pratique.advisories.osv_zip import Refused, records
from pratique.advisories.overlay import Entry, entries
from pratique.advisories.ranges import Range
from pratique.advisories.versions import key_of

ROOT = Path(__file__).parent.parent
EXPLAINED = {
    "pre-release": "PEP 440 orders a pre-release below the version that introduces the bug",
    "overlapping ranges": "two of its ranges overlap; OSV's algorithm ends both at the first end",
}


@dataclass(slots=True)
class Agreement:
    """How ranges and lists of versions compare."""

    listed: int = 0
    covered: int = 0
    no_order: int = 0
    no_range: int = 0
    odd: list[tuple[str, str, str, str]] = field(default_factory=list)
    unlisted: Counter[str] = field(default_factory=Counter)


def main() -> int:
    """Write the page; return 1 where something disagrees without a reason."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, default=os.environ.get("PRATIQUE_ADVISORY_DATA", "."))
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "proofs" / "advisories.md")
    asked = parser.parse_args()
    place = asked.data / "pypa-osv-all.zip"
    if not place.is_file():
        print(f"prove_advisories: SKIPPED, no {place.name} in {asked.data}", file=sys.stderr)
        return 2
    began = time.perf_counter()
    taken = [record_of(told) for told in records(place, Refused())]
    live = [record for record in taken if not record.withdrawn]
    told = agreement(live)
    overlay = list(verified(live))
    left = table(asked.data / "model_artifact_cves.tsv")
    asked.page.write_text(page(told, overlay, left, len(taken), time.perf_counter() - began))
    unexplained = [row for row in told.odd if row[3] not in EXPLAINED]
    unlike = [row for row in overlay if row[1] not in {"agrees", "noted"}]
    print(f"{told.covered} of {told.listed} listed versions are in range; {len(told.odd)} are not")
    print(f"{len(overlay)} overlay entries, {len(unlike)} unlike their record")
    return 1 if unexplained or unlike else 0


def agreement(live: list[Record]) -> Agreement:
    """Return how every record's ranges compare with its list."""
    told = Agreement()
    known: dict[str, set[str]] = {}
    for record in live:
        for affected in record.affected:
            known.setdefault(affected.package, set()).update(affected.versions)
    for record in live:
        for affected in record.affected:
            _compare(record, affected, known[affected.package], told)
    return told


def _compare(record: Record, affected: Affected, known: set[str], told: Agreement) -> None:
    ranges = [Range.of(affected.ecosystem, events) for events in affected.ranges]
    whole = [one for one in ranges if one is not None]
    told.listed += len(affected.versions)
    if not whole:
        told.no_range += len(affected.versions)
        return
    for version in affected.versions:
        key = key_of(affected.ecosystem, version)
        if key is None:
            told.no_order += 1
        elif any(one.holds(key) for one in whole):
            told.covered += 1
        else:
            told.odd.append((record.id, affected.package, version, _why(affected, key)))
    if affected.versions:
        for version in known - set(affected.versions):
            key = key_of(affected.ecosystem, version)
            if key is not None and any(one.holds(key) for one in whole):
                sort = "pre-release" if key.is_prerelease else "release"
                told.unlisted["post-release" if key.is_postrelease else sort] += 1


def _why(affected: Affected, key: Version) -> str:
    """Return why a listed version is not in range; an unknown reason makes the proof fail."""
    for events in affected.ranges:
        ends = [v for event in events for word, v in event.items() if word == "fixed"]
        begins = [v for event in events for word, v in event.items() if word == "introduced"]
        later = [k for v in begins if (k := key_of(affected.ecosystem, v)) is not None and key < k]
        if key.is_prerelease and any(Version(key.base_version) == k for k in later):
            return "pre-release"
        begun = sum((k := key_of(affected.ecosystem, v)) is not None and k <= key for v in begins)
        ended = sum((k := key_of(affected.ecosystem, v)) is not None and k <= key for v in ends)
        if begun > ended:
            return "overlapping ranges"
    return "unexplained"


def verified(live: list[Record]) -> Iterator[tuple[Entry, str]]:
    """Yield each overlay entry with how it compares with its record."""
    by_id = {record.id: record for record in live}
    for entry in entries():
        if entry.source.startswith("AIG "):
            yield entry, "noted"  # AI-Infra-Guard's rules have no events to compare with
            continue
        record = by_id.get(entry.source)
        if record is None or entry.id not in {record.id, *record.aliases}:
            yield entry, "has no such record"
            continue
        ours = [dict(event) for event in entry.events]
        theirs = [
            [dict(event) for event in events]
            for affected in record.affected
            if affected.package == entry.package
            for events in affected.ranges
        ]
        if ours in theirs:
            yield entry, "agrees"
        else:
            yield entry, "noted" if entry.note and not theirs else f"the record says {theirs}"


def table(path: Path) -> str:
    """Return what became of each row of a table of CVEs (id, package, sort, condition) in words."""
    if not path.is_file():
        return "The table of candidates was not there."
    with path.open(encoding="utf-8", newline="") as opened:
        rows = list(csv.DictReader(opened, delimiter="\t"))
    have = {entry.id for entry in entries()}
    sort = next(name for name in rows[0] if name.startswith("check"))
    package = [row for row in rows if row["id"] not in have and row[sort].startswith("P")]
    left = [row for row in rows if row["id"] not in have and row not in package]
    listed = "\n".join(f"- {r['id']} ({r['package']}): {r['static_condition']}" for r in left)
    known = len(rows) - len(package) - len(left)
    return f"""Of {len(rows)} candidate rows, {known} have an entry here. {len(package)} can only
be told by the version of the package or by how it is deployed: `VUL001` tells them where the
package names that version. {len(left)} were dropped, because their advisory does not say what in a
file does it, or because no rule reads that yet; a model that uses one may still be told by what it
does:

{listed}"""


def page(
    told: Agreement, overlay: list[tuple[Entry, str]], left: str, count: int, seconds: float
) -> str:
    """Return the page."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    ).stdout.strip()
    rows = "\n".join(
        f"| {e.id} | {e.versions} | `{e.rule}` | {e.condition} | {e.source} | {how}"
        f"{': ' + e.note if e.note else ''} |"
        for e, how in overlay
    )
    odd = "\n".join(f"| {i} | {p} | {v} | {EXPLAINED.get(why, why)} |" for i, p, v, why in told.odd)
    unlisted = ", ".join(f"{n} {sort}s" for sort, n in sorted(told.unlisted.items())) or "none"
    return f"""# Matching, held against the records' own words

Made by `python scripts/prove_advisories.py --data FOLDER` at commit {commit},
{datetime.now(UTC).date()}, over {count} records of OSV's PyPI layout, in {seconds:.1f} s.

Records that list versions carry the enumeration that OSV's servers made of their ranges. Our
evaluation of the ranges covers **{told.covered} of {told.listed} listed versions**; {told.no_order}
are no versions of PEP 440 (answered as unknown unless listed by name), {told.no_range} stand in
records without a usable range (the list itself decides). **{len(told.odd)} disagree**, and there
the list decides as well:

| record | package | version | why |
|---|---|---|---|
{odd}

The other way round, versions known from other records that are in range and not listed: {unlisted}.
They are answered as affected, as the schema says (a version is affected if it is listed *or* in
range).

[Pinned requirements](pins.md) are held against pip-audit and the code of OSV's servers.

## CVEs that are exploited through the file

{len(overlay)} entries, each read against its advisory and compared with the record again:

| CVE | hits | rule | condition | record | |
|---|---|---|---|---|---|
{rows}

## Candidates without an entry

{left}
"""


if __name__ == "__main__":
    sys.exit(main())
