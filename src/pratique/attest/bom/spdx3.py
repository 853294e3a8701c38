"""An SPDX 3.0.1 document of a model: https://spdx.github.io/spdx-spec/v3.0.1/.

Element ids are URNs made of the root digest, so that the same scan names the same elements. The AI
and the Dataset profile ask for a supplier, a place to download from and the times of building and
release; a scan knows none of them, so the document uses those profiles' classes and does not claim
to conform to them.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

from pratique.attest.bom.spdx3_security import assessments
from pratique.attest.bom.spdx3_words import Names, fingerprint, relation
from pratique.attest.bom.text import MOST_FILES, gaps, licence_id, mark, plain, sha256, tidy
from pratique.core.component import Component, Inventory, Relation
from pratique.core.scan import Scan

CONTEXT: Final = "https://spdx.org/rdf/3.0.1/spdx-context.jsonld"
_INFO: Final = "_:creation"
_MOST_COMMENT: Final = 20_000
_PROFILES: Final = ("core", "software", "simpleLicensing")


def spdx(scan: Scan, name: str, made: datetime, tool: str) -> dict[str, Any]:
    """Return the document of a scan as JSON-LD; `tool` is Pratique's own version."""
    names = Names(scan.root())
    inventory = scan.matched.inventory if scan.matched else Inventory()
    elements: list[dict[str, Any]] = [
        _model(scan, name, names),
        *_files(scan, names),
        *_packages(inventory, names),
        *_datasets(inventory, names),
        *_ancestors(inventory, names),
        *_licences(inventory, names),
        *_relations(scan, inventory, names),
    ]
    profiles = [*_PROFILES]
    if scan.matched is not None and scan.matched.matches:
        elements += assessments(scan.matched, names, _package_id)
        profiles.append("security")
    whole = {
        "type": "SpdxDocument",
        "spdxId": names.of("document"),
        "name": plain(name) or "model",
        "comment": _comment(scan, inventory),
        "rootElement": [names.of("model")],
        "element": sorted(element["spdxId"] for element in elements),
        "profileConformance": profiles,
    }
    graph = [{**element, "creationInfo": _INFO} for element in [*elements, whole]]
    told: dict[str, Any] = tidy(
        {"@context": CONTEXT, "@graph": [*_creation(made, tool, names), *graph]}
    )
    return told


def _creation(made: datetime, tool: str, names: Names) -> Iterator[dict[str, Any]]:
    agent, used = names.of("agent"), names.of("tool")
    yield {
        "type": "CreationInfo",
        "@id": _INFO,
        "specVersion": "3.0.1",
        "created": made.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "createdBy": [agent],
        "createdUsing": [used],
    }
    yield {"type": "SoftwareAgent", "spdxId": agent, "creationInfo": _INFO, "name": "Pratique"}
    yield {"type": "Tool", "spdxId": used, "creationInfo": _INFO, "name": f"pratique {tool}"}


def _comment(scan: Scan, inventory: Inventory) -> str:
    """Return what the document rests on and what it cannot say."""
    told = [f"{name}: {value}" for name, value in gaps(scan).items()]
    if scan.matched is not None and scan.matched.snapshot.digest:
        snapshot = scan.matched.snapshot
        told.append(f"advisories: {snapshot.digest}, newest {snapshot.newest}")
    told += [f"not understood: {e.path}:{e.line}: {e.says}" for e in inventory.unreadable]
    told.append("supplier, download location, build and release time are not known to a scan")
    return plain("\n".join(told), _MOST_COMMENT)


def _model(scan: Scan, name: str, names: Names) -> dict[str, Any]:
    return {
        "type": "ai_AIPackage",
        "spdxId": names.of("model"),
        "name": plain(name) or "model",
        "software_packageVersion": scan.root(),
        "software_primaryPurpose": "model",
        "verifiedUsing": fingerprint([sha256(scan.root())]),
    }


def _files(scan: Scan, names: Names) -> Iterator[dict[str, Any]]:
    for file in scan.files[:MOST_FILES]:
        row: dict[str, Any] = {"type": "software_File", "spdxId": names.of("file", file.path)}
        row["name"] = plain(file.path)
        if digest := sha256(file.digest):
            row["verifiedUsing"] = fingerprint([digest])
        else:
            row["comment"] = "its content could not be read"
        yield row


def _packages(inventory: Inventory, names: Names) -> Iterator[dict[str, Any]]:
    """Yield one package for each thing that is named, with every place that names it."""
    groups: dict[str, list[Component]] = {}
    for component in inventory.components:
        groups.setdefault(_package_id(component, names), []).append(component)
    for ident, rows in groups.items():
        first = rows[0]
        places = sorted({f"{c.via}: {c.path}" + (f":{c.line}" if c.line else "") for c in rows})
        about = [first.relation.value, f"version is {first.sure.value}"]
        about += [text for text in (first.spec, first.marker, first.url) if text]
        row: dict[str, Any] = {
            "type": "software_Package",
            "spdxId": ident,
            "name": plain(first.name),
            "comment": plain("; ".join(about) + "\n" + "\n".join(places)),
        }
        if first.version:
            row["software_packageVersion"] = plain(first.version)
        if first.ecosystem:
            row["software_packageUrl"] = first.purl
        if hashes := fingerprint(sha256(digest) for c in rows for digest in c.digests):
            row["verifiedUsing"] = hashes
        yield row


def _datasets(inventory: Inventory, names: Names) -> Iterator[dict[str, Any]]:
    for name in sorted({dataset.name for dataset in inventory.datasets}):
        yield {
            "type": "dataset_DatasetPackage",
            "spdxId": names.of("dataset", name),
            "name": plain(name),
            "software_primaryPurpose": "data",
            "dataset_datasetType": ["noAssertion"],
        }


def _ancestors(inventory: Inventory, names: Names) -> Iterator[dict[str, Any]]:
    for name in inventory.lineage:
        yield {
            "type": "ai_AIPackage",
            "spdxId": names.of("ancestor", name),
            "name": plain(name),
            "software_primaryPurpose": "model",
        }


def _licences(inventory: Inventory, names: Names) -> Iterator[dict[str, Any]]:
    """Yield expressions; a licence that SPDX does not list is a reference to the text as told."""
    for text in inventory.licences:
        ident = licence_id(text)
        row: dict[str, Any] = {
            "type": "simplelicensing_LicenseExpression",
            "spdxId": names.of("licence", text),
            "simplelicensing_licenseExpression": ident or _own_licence(text),
        }
        if not ident:
            told = names.of("licence-text", text)
            entry = {"type": "DictionaryEntry", "key": _own_licence(text), "value": told}
            row["simplelicensing_customIdToUri"] = [entry]
            yield {
                "type": "simplelicensing_SimpleLicensingText",
                "spdxId": told,
                "simplelicensing_licenseText": plain(text),
            }
        yield row


def _own_licence(text: str) -> str:
    return f"LicenseRef-{mark(text).hex}"


def _relations(scan: Scan, inventory: Inventory, names: Names) -> Iterator[dict[str, Any]]:
    kinds: dict[str, list[str]] = {
        "contains": [names.of("file", file.path) for file in scan.files[:MOST_FILES]],
        "dependsOn": [],
        "trainedOn": [names.of("dataset", dataset.name) for dataset in inventory.datasets],
        "descendantOf": [names.of("ancestor", name) for name in inventory.lineage],
        "hasDeclaredLicense": [names.of("licence", text) for text in inventory.licences],
    }
    for component in inventory.components:
        kind = "contains" if component.relation is Relation.CONTAINS else "dependsOn"
        kinds[kind].append(_package_id(component, names))
    missing = bool(inventory.unreadable or inventory.lost or len(scan.files) > MOST_FILES)
    for kind, to in kinds.items():
        if to:
            row = relation(names.of("relation", kind), kind, names.of("model"), to)
            yield row | {"completeness": "incomplete" if missing else "noAssertion"}


def _package_id(component: Component, names: Names) -> str:
    parts = (component.ecosystem, component.name, component.version, component.spec)
    more = (component.relation.value, component.marker, component.url)
    return names.of("package", *parts, *more)
