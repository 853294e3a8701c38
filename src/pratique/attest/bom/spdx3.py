"""An SPDX 3.0.1 document with the AI and Dataset profiles: https://spdx.github.io/spdx-spec/v3.0.1/.

Element ids are URNs made of the root digest, so that the same scan names the same elements.
"""

import uuid
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from pratique.core.component import Component, Inventory, Relation
from pratique.core.scan import Scan

CONTEXT: Final = "https://spdx.org/rdf/3.0.1/spdx-context.jsonld"
_NAMESPACE: Final = uuid.UUID("c0ffee00-5b1c-5c39-9c55-1f1c8d0a7f42")
_INFO: Final = "_:creation"
_MOST_FILES: Final = 20_000


class _Names:
    """Makes the ids of one document's elements."""

    def __init__(self, root: str) -> None:
        self._root = root

    def of(self, kind: str, what: str = "") -> str:
        """Return the id of an element."""
        text = f"{self._root}\0{kind}\0{what}".encode("utf-8", "backslashreplace").decode()
        return f"urn:uuid:{uuid.uuid5(_NAMESPACE, text)}"


def spdx(scan: Scan, name: str, made: datetime, tool: str) -> dict[str, Any]:
    """Return the document of a scan as JSON-LD; `tool` is Pratique's own version."""
    names = _Names(scan.root())
    inventory = scan.matched.inventory if scan.matched else Inventory()
    model = names.of("model")
    elements: list[dict[str, Any]] = [_model(scan, name, model), *_files(scan, names)]
    elements += _packages(inventory, names)
    elements += _datasets(inventory, names)
    elements += _licences(inventory, names)
    elements += _relations(scan, inventory, names, elements)
    ids = [element["spdxId"] for element in elements]
    return {
        "@context": CONTEXT,
        "@graph": [
            *_creation(made, tool, names),
            *({**element, "creationInfo": _INFO} for element in elements),
            {
                "type": "SpdxDocument",
                "spdxId": names.of("document"),
                "creationInfo": _INFO,
                "name": _clean(name or "model"),
                "rootElement": [model],
                "element": sorted(ids),
                "profileConformance": ["core", "software", "ai", "dataset", "simpleLicensing"],
            },
        ],
    }


def _creation(made: datetime, tool: str, names: _Names) -> Iterator[dict[str, Any]]:
    agent, used = names.of("agent"), names.of("tool")
    yield {
        "type": "CreationInfo",
        "@id": _INFO,
        "specVersion": "3.0.1",
        "created": made.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "createdBy": [agent],
        "createdUsing": [used],
    }
    yield {"type": "SoftwareAgent", "spdxId": agent, "creationInfo": _INFO, "name": "Pratique"}
    yield {"type": "Tool", "spdxId": used, "creationInfo": _INFO, "name": f"pratique {tool}"}


def _model(scan: Scan, name: str, model: str) -> dict[str, Any]:
    return {
        "type": "ai_AIPackage",
        "spdxId": model,
        "name": _clean(name or "model"),
        "software_packageVersion": scan.root(),
        "verifiedUsing": [_hash(scan.root())],
    }


def _files(scan: Scan, names: _Names) -> list[dict[str, Any]]:
    told = []
    for file in scan.files[:_MOST_FILES]:
        row: dict[str, Any] = {"type": "software_File", "spdxId": names.of("file", file.path)}
        row["name"] = _clean(file.path)
        if file.digest:
            row["verifiedUsing"] = [_hash(file.digest)]
        told.append(row)
    return told


def _packages(inventory: Inventory, names: _Names) -> list[dict[str, Any]]:
    told: dict[str, dict[str, Any]] = {}
    for component in inventory.components:
        ident = _package_id(component, names)
        row: dict[str, Any] = {
            "type": "software_Package",
            "spdxId": ident,
            "name": _clean(component.name),
            "comment": _clean(f"{component.via}: {component.path}; {component.relation.value}"),
        }
        if component.version:
            row["software_packageVersion"] = _clean(component.version)
        if component.ecosystem:
            row["software_packageUrl"] = component.purl
        told.setdefault(ident, row)
    return list(told.values())


def _datasets(inventory: Inventory, names: _Names) -> list[dict[str, Any]]:
    return [
        {
            "type": "dataset_DatasetPackage",
            "spdxId": names.of("dataset", name),
            "name": _clean(name),
            "dataset_datasetType": ["noAssertion"],
        }
        for name in sorted({dataset.name for dataset in inventory.datasets})
    ]


def _licences(inventory: Inventory, names: _Names) -> list[dict[str, Any]]:
    return [
        {
            "type": "simplelicensing_SimpleLicensingText",
            "spdxId": names.of("licence", text),
            "simplelicensing_licenseText": _clean(text),
        }
        for text in inventory.licences
    ]


def _relations(
    scan: Scan, inventory: Inventory, names: _Names, elements: list[dict[str, Any]]
) -> Iterator[dict[str, Any]]:
    model = names.of("model")
    kinds: dict[str, list[str]] = {}
    for file in scan.files[:_MOST_FILES]:
        kinds.setdefault("contains", []).append(names.of("file", file.path))
    for component in inventory.components:
        inside = component.relation is Relation.CONTAINS
        kind = "contains" if inside else "dependsOn"
        kinds.setdefault(kind, []).append(_package_id(component, names))
    kinds["trainedOn"] = [names.of("dataset", d.name) for d in inventory.datasets]
    kinds["hasDeclaredLicense"] = [names.of("licence", text) for text in inventory.licences]
    known = {element["spdxId"] for element in elements}
    for kind, targets in kinds.items():
        to = sorted(set(targets) & known)
        if to:
            yield {
                "type": "Relationship",
                "spdxId": names.of("relation", kind),
                "from": model,
                "relationshipType": kind,
                "to": to,
            }


def _package_id(component: Component, names: _Names) -> str:
    return names.of("package", f"{component.purl}\0{component.spec}\0{component.relation.value}")


def _hash(digest: str) -> dict[str, str]:
    return {
        "type": "Hash",
        "algorithm": "sha256",
        "hashValue": digest.removeprefix("sha256:"),
    }


def _clean(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()
