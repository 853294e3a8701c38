"""A CycloneDX ML-BOM, versions 1.6 and 1.7: https://cyclonedx.org/docs/1.6/json/.

The same scan gives the same document but for its timestamp: lists are sorted, references are made
of content, and the serial number is a UUID of all that the document says. What could not be read,
matched or listed is counted in the properties of its metadata.
"""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, Final

from pratique.attest.bom.cyclonedx_vulnerabilities import vulnerabilities
from pratique.attest.bom.text import (
    MOST_FILES,
    gaps,
    licence_id,
    mark,
    plain,
    sha256,
    tidy,
    vers,
)
from pratique.core.component import PYPI, Component, Inventory, Relation
from pratique.core.scan import Scan

VERSIONS: Final = ("1.6", "1.7")
_TYPES: Final = {Relation.MADE_WITH: "application"}
_ELSEWHERE: Final = {Relation.NEEDS, Relation.IMPORTS}
_MOST_NAMED: Final = 1_000


def cyclonedx(
    scan: Scan, name: str, made: datetime, tool: str, version: str = "1.6"
) -> dict[str, Any]:
    """Return the document of a scan; `tool` is Pratique's own version.

    Raises:
        KeyError: the version is none of `VERSIONS`.

    """
    if version not in VERSIONS:
        raise KeyError(version)
    inventory = scan.matched.inventory if scan.matched else Inventory()
    model = _model(scan, name, inventory)
    libraries = _libraries(scan, inventory, version)
    told: dict[str, Any] = {
        "$schema": f"http://cyclonedx.org/schema/bom-{version}.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": version,
        "version": 1,
        "metadata": {
            "tools": {"components": [{"type": "application", "name": "pratique", "version": tool}]},
            "component": model,
            "properties": list(_properties(scan, inventory)),
        },
        "components": [*_files(scan), *libraries, *_datasets(inventory)],
        "dependencies": [
            {"ref": model["bom-ref"], "dependsOn": sorted(c["bom-ref"] for c in libraries)}
        ],
        "compositions": [
            {"aggregate": _aggregate(scan, inventory), "assemblies": [model["bom-ref"]]},
        ],
    }
    if scan.matched is not None and scan.matched.matches:
        told["vulnerabilities"] = vulnerabilities(scan.matched, _ref)
    told = tidy(told)
    told["serialNumber"] = f"urn:uuid:{mark(json.dumps(told, sort_keys=True))}"
    told["metadata"]["timestamp"] = made.isoformat(timespec="seconds")
    return told


def _model(scan: Scan, name: str, inventory: Inventory) -> dict[str, Any]:
    root = sha256(scan.root())
    model: dict[str, Any] = {
        "type": "machine-learning-model",
        "bom-ref": f"model-{root[:32]}",
        "name": plain(name) or "model",
        "version": scan.root(),
        "hashes": _hashes([root]),
        "purl": f"pkg:generic/model?checksum=sha256:{root}",
    }
    if inventory.licences:
        model["licenses"] = [{"license": _licence(one)} for one in inventory.licences]
    if inventory.datasets:
        refs = sorted({_dataset_ref(dataset.name) for dataset in inventory.datasets})
        model["modelCard"] = {"modelParameters": {"datasets": [{"ref": ref} for ref in refs]}}
    if inventory.lineage:
        model["pedigree"] = {
            "ancestors": [
                {"type": "machine-learning-model", "name": plain(base)}
                for base in inventory.lineage
            ]
        }
    return model


def _properties(scan: Scan, inventory: Inventory) -> Iterator[dict[str, str]]:
    """Yield what the document rests on and what it cannot say: an empty list proves nothing."""
    told = dict(gaps(scan))
    if scan.matched is not None:
        snapshot = scan.matched.snapshot
        told["advisories-digest"] = snapshot.digest
        told["advisories-newest"] = snapshot.newest
        told["advisories-cleared"] = str(scan.matched.cleared)
    yield from _named(told)
    for entry in inventory.unreadable[:_MOST_NAMED]:
        says = f"{entry.path}:{entry.line}: {entry.says}"
        yield {"name": "pratique:entry-not-understood", "value": plain(says)}


def _licence(text: str) -> dict[str, str]:
    ident = licence_id(text)
    said = {"id": ident} if ident else {"name": plain(text)}
    return said | {"acknowledgement": "declared"}


def _files(scan: Scan) -> Iterator[dict[str, Any]]:
    for file in scan.files[:MOST_FILES]:
        row: dict[str, Any] = {
            "type": "file",
            "bom-ref": f"file-{mark(file.path).hex}",
            "name": plain(file.path),
        }
        if content := sha256(file.digest):
            row["hashes"] = _hashes([content])
        else:
            row["properties"] = list(_named({"unread": "its content could not be read"}))
        yield row


def _libraries(scan: Scan, inventory: Inventory, version: str) -> list[dict[str, Any]]:
    """Return one component for each thing that is named, with every place that names it."""
    lost = dict(scan.matched.unmatched) if scan.matched else {}
    groups: dict[str, list[Component]] = {}
    why: dict[str, str] = {}
    for index, component in enumerate(inventory.components):
        ref = _ref(component)
        groups.setdefault(ref, []).append(component)
        why.setdefault(ref, lost.get(index, ""))
    told = []
    for ref, rows in sorted(groups.items()):
        row = _library(ref, rows, why[ref])
        if version != "1.6":
            _as_external(row, rows[0])
        told.append(row)
    return told


def _library(ref: str, rows: list[Component], unmatched: str) -> dict[str, Any]:
    first = rows[0]
    told: dict[str, Any] = {
        "type": _TYPES.get(first.relation, "library"),
        "bom-ref": ref,
        "name": plain(first.name),
    }
    if first.version:
        told["version"] = plain(first.version, 1024)
    if first.ecosystem:
        told["purl"] = first.purl
    properties = {
        "relation": first.relation.value,
        "version-is": first.sure.value,
        "spec": first.spec,
        "marker": first.marker,
        "url": first.url,
        "not-matched": unmatched,
    }
    told["properties"] = list(_named(properties))
    places = sorted({(plain(c.path), c.line) for c in rows})
    told["evidence"] = {
        "occurrences": [
            {"location": path, "line": line} if line else {"location": path}
            for path, line in places
        ]
    }
    if hashes := _hashes(sha256(digest) for c in rows for digest in c.digests):
        told["hashes"] = hashes
    return told


def _as_external(told: dict[str, Any], component: Component) -> None:
    """Say in the words of 1.7 that a component comes from elsewhere, and in which range."""
    if component.relation not in _ELSEWHERE:
        return
    told["isExternal"] = True
    told_range = vers(component.spec) if component.ecosystem == PYPI else ""
    if told_range and "version" not in told:
        told["versionRange"] = told_range


def _datasets(inventory: Inventory) -> Iterator[dict[str, Any]]:
    for name in sorted({dataset.name for dataset in inventory.datasets}):
        places = sorted({plain(d.path) for d in inventory.datasets if d.name == name})
        yield {
            "type": "data",
            "bom-ref": _dataset_ref(name),
            "name": plain(name),
            "data": [{"type": "dataset", "name": plain(name)}],
            "evidence": {"occurrences": [{"location": path} for path in places]},
        }


def _aggregate(scan: Scan, inventory: Inventory) -> str:
    """Return how whole the list is: nobody can know that a package names all that it needs."""
    cut = len(scan.files) > MOST_FILES
    return "incomplete" if cut or inventory.unreadable or inventory.lost else "unknown"


def _ref(component: Component) -> str:
    parts = (component.ecosystem, component.name, component.version, component.spec)
    more = (component.relation.value, component.marker, component.url)
    return f"component-{mark(*parts, *more).hex}"


def _dataset_ref(name: str) -> str:
    return f"data-{mark(name).hex}"


def _hashes(digests: Iterable[str]) -> list[dict[str, str]]:
    return [{"alg": "SHA-256", "content": digest} for digest in sorted(set(digests) - {""})]


def _named(told: dict[str, str]) -> Iterator[dict[str, str]]:
    for name, value in told.items():
        if value:
            yield {"name": f"pratique:{name}", "value": plain(value)}
