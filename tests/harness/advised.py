"""A package and a few advisories made by a test: from texts to what rules say of components."""

import json
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from harness.inspecting import Told, inspect_bytes
from pratique.advisories.build import Built, build
from pratique.advisories.database import Database
from pratique.advisories.match import match
from pratique.artifacts.inventory import collect
from pratique.artifacts.views import Repository, RepositoryFile
from pratique.core.advisory import Matched, Snapshot
from pratique.core.component import Inventory
from pratique.engine.advice import judged

Record = dict[str, Any]


def record(ident: str, package: str, *events: Mapping[str, str], **more: object) -> Record:
    """Return an OSV record about one package of PyPI with one range."""
    affected = {
        "package": {"ecosystem": "PyPI", "name": package},
        "ranges": [{"type": "ECOSYSTEM", "events": list(events)}] if events else [],
    }
    return {"id": ident, "modified": "2026-01-01T00:00:00Z", "affected": [affected], **more}


def packed(to: Path, records: Sequence[Record]) -> Path:
    """Write records as OSV packs them."""
    with zipfile.ZipFile(to, "w") as archive:
        for one in records:
            # without a time of its own, the same records are the same archive
            archive.writestr(zipfile.ZipInfo(f"{one['id']}.json"), json.dumps(one))
    return to


def built(folder: Path, records: Sequence[Record]) -> tuple[Path, Built]:
    """Build a database of PyPI records in a folder."""
    place = folder / "advisories.sqlite"
    return place, build(place, [("PyPI", packed(folder / "all.zip", records))])


def inventory_of(files: Mapping[str, str | bytes]) -> Inventory:
    """Return what a package of these files names."""
    rows = []
    for path, text in files.items():
        body = text.encode() if isinstance(text, str) else text
        facts = tuple((f.kind, f.chain, f.data) for f in inspect_bytes(body).facts)
        rows.append(RepositoryFile(path=path, digest="", size=len(body), facts=facts))
    return collect(Repository(files=tuple(rows), covered=1))


def matched_with(inventory: Inventory, records: Sequence[Record]) -> Matched:
    """Return what these records say of an inventory."""
    if not records:
        return match(inventory, None, Snapshot(trouble="there is no advisory database", hint="x"))
    with tempfile.TemporaryDirectory() as room:
        place, _ = built(Path(room), records)
        with closing(Database.open(place)) as database:
            return match(inventory, database, database.snapshot("2026-01-02T00:00:00+00:00"))


def inspect_advised(sample: Mapping[str, Any]) -> Told:
    """Inspect a sample: `files` are texts by path, `records` OSV records."""
    said = judged(matched_with(inventory_of(sample["files"]), sample["records"]))
    told = Told()
    for finding in said.findings:
        told.add(finding)
    for receipt in said.receipts:
        told.add(receipt)
    return told
