"""A CycloneDX ML-BOM, versions 1.6 and 1.7: https://cyclonedx.org/docs/1.6/json/.

The same scan gives the same document but for its timestamp: lists are sorted, references are made
of content, and the serial number is a UUID of the root digest.
"""

import re
import uuid
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from pratique.core.advisory import Advisory, Match, Matched, State
from pratique.core.component import Component, Relation
from pratique.core.scan import Scan

VERSIONS: Final = ("1.6", "1.7")
_NAMESPACE: Final = uuid.UUID("5b0d3a44-6f0e-5d5a-9f3f-0d5b5c1c8a11")
_MOST_FILES: Final = 20_000
_EXACT: Final = {
    "apache-2.0": "Apache-2.0", "mit": "MIT", "mpl-2.0": "MPL-2.0", "unlicense": "Unlicense",
    "bsd-2-clause": "BSD-2-Clause", "bsd-3-clause": "BSD-3-Clause", "cc0-1.0": "CC0-1.0",
    "cc-by-4.0": "CC-BY-4.0", "cc-by-sa-4.0": "CC-BY-SA-4.0", "cc-by-nc-4.0": "CC-BY-NC-4.0",
    "cc-by-nc-sa-4.0": "CC-BY-NC-SA-4.0", "cc-by-nd-4.0": "CC-BY-ND-4.0",
    "gpl-3.0": "GPL-3.0-only", "agpl-3.0": "AGPL-3.0-only", "lgpl-3.0": "LGPL-3.0-only",
    "gpl-2.0": "GPL-2.0-only", "lgpl-2.1": "LGPL-2.1-only",
}  # fmt: skip
_TYPES: Final = {Relation.MADE_WITH: "application"}
_STATES: Final = {State.AFFECTED: "exploitable", State.UNKNOWN: "in_triage"}


def cyclonedx(
    scan: Scan, name: str, made: datetime, tool: str, version: str = "1.6"
) -> dict[str, Any]:
    """Return the document of a scan; `tool` is Pratique's own version.

    Raises:
        KeyError: the version is none of `VERSIONS`.

    """
    if version not in VERSIONS:
        raise KeyError(version)
    matched = scan.matched
    model = _model(scan, name)
    libraries = _libraries(matched) if matched else []
    data = _datasets(matched) if matched else []
    told: dict[str, Any] = {
        "$schema": f"http://cyclonedx.org/schema/bom-{version}.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": version,
        "serialNumber": f"urn:uuid:{uuid.uuid5(_NAMESPACE, scan.root())}",
        "version": 1,
        "metadata": {
            "timestamp": made.isoformat(timespec="seconds"),
            "tools": {"components": [{"type": "application", "name": "pratique", "version": tool}]},
            "component": model,
        },
        "components": [*_files(scan), *libraries, *data],
        "dependencies": [
            {"ref": model["bom-ref"], "dependsOn": sorted(c["bom-ref"] for c in libraries)}
        ],
        "compositions": [
            {"aggregate": _aggregate(matched), "assemblies": [model["bom-ref"]]},
        ],
    }
    if matched is not None and matched.matches:
        told["vulnerabilities"] = _vulnerabilities(matched)
    return told


def _model(scan: Scan, name: str) -> dict[str, Any]:
    root = scan.root().removeprefix("sha256:")
    model: dict[str, Any] = {
        "type": "machine-learning-model",
        "bom-ref": f"model-{root[:32]}",
        "name": _clean(name or "model"),
        "version": scan.root(),
        "hashes": [{"alg": "SHA-256", "content": root}],
        "purl": f"pkg:generic/model?checksum=sha256:{root}",
    }
    if scan.matched is None:
        return model
    inventory = scan.matched.inventory
    if inventory.licences:
        model["licenses"] = [{"license": _licence(one)} for one in inventory.licences]
    card: dict[str, Any] = {}
    if inventory.datasets:
        refs = [{"ref": _dataset_ref(d.name)} for d in inventory.datasets]
        card["modelParameters"] = {"datasets": _unique(refs)}
    model["modelCard"] = card
    if inventory.lineage:
        model["pedigree"] = {
            "ancestors": [
                {"type": "machine-learning-model", "name": _clean(base)}
                for base in inventory.lineage
            ]
        }
    return model


def _licence(text: str) -> dict[str, str]:
    known = _EXACT.get(text.lower())
    return {"id": known} if known else {"name": _clean(text)}


def _files(scan: Scan) -> list[dict[str, Any]]:
    told = []
    for file in scan.files[:_MOST_FILES]:
        row: dict[str, Any] = {"type": "file", "bom-ref": f"file-{_mark(file.path)}"}
        row["name"] = _clean(file.path)
        if file.digest:
            content = file.digest.removeprefix("sha256:")
            row["hashes"] = [{"alg": "SHA-256", "content": content}]
        told.append(row)
    return told


def _libraries(matched: Matched) -> list[dict[str, Any]]:
    """Return one component for each thing that is named, with every place that names it."""
    groups: dict[str, list[Component]] = {}
    for component in matched.inventory.components:
        groups.setdefault(_ref(component), []).append(component)
    return [_library(ref, rows) for ref, rows in sorted(groups.items())]


def _library(ref: str, rows: list[Component]) -> dict[str, Any]:
    first = rows[0]
    told: dict[str, Any] = {
        "type": _TYPES.get(first.relation, "library"),
        "bom-ref": ref,
        "name": _clean(first.name),
    }
    if first.version:
        told["version"] = _clean(first.version)
    if first.ecosystem:
        told["purl"] = first.purl
    properties = {
        "pratique:relation": first.relation.value,
        "pratique:version-is": first.sure.value,
        "pratique:spec": first.spec,
        "pratique:marker": first.marker,
        "pratique:url": first.url,
    }
    told["properties"] = [{"name": k, "value": _clean(v)} for k, v in properties.items() if v]
    told["evidence"] = {"occurrences": _unique(list(_occurrences(rows)))}
    digests = [d.partition(":")[2] for c in rows for d in c.digests if d.startswith("sha256:")]
    good = sorted({d for d in digests if re.fullmatch(r"[0-9a-f]{64}", d)})
    if good:
        told["hashes"] = [{"alg": "SHA-256", "content": d} for d in good]
    return told


def _occurrences(rows: list[Component]) -> Iterator[dict[str, Any]]:
    for component in rows:
        told: dict[str, Any] = {"location": _clean(component.path)}
        if component.line:
            told["line"] = component.line
        yield told


def _datasets(matched: Matched) -> list[dict[str, Any]]:
    names = sorted({dataset.name for dataset in matched.inventory.datasets})
    return [
        {
            "type": "data",
            "bom-ref": _dataset_ref(name),
            "name": _clean(name),
            "data": [{"type": "dataset", "name": _clean(name)}],
        }
        for name in names
    ]


def _aggregate(matched: Matched | None) -> str:
    if matched is None:
        return "unknown"
    inventory = matched.inventory
    return "incomplete" if inventory.unreadable or inventory.lost else "unknown"


def _vulnerabilities(matched: Matched) -> list[dict[str, Any]]:
    groups: dict[tuple[str, State, str], list[Match]] = {}
    for match in matched.matches:
        key = (matched.advisory(match).id, match.state, match.silenced)
        groups.setdefault(key, []).append(match)
    return [_vulnerability(matched, rows) for _, rows in sorted(groups.items())]


def _vulnerability(matched: Matched, rows: list[Match]) -> dict[str, Any]:
    first = rows[0]
    advisory = matched.advisory(first)
    refs = sorted({_ref(matched.component(match)) for match in rows})
    told: dict[str, Any] = {
        "bom-ref": f"vuln-{_mark(advisory.id + first.state + first.silenced)}",
        "id": advisory.id,
        "source": {"name": "OSV", "url": f"https://osv.dev/vulnerability/{advisory.records[0]}"},
        "ratings": [_rating(advisory)],
        "affects": [{"ref": ref} for ref in refs],
        "analysis": _analysis(first),
    }
    if advisory.aliases:
        told["references"] = [
            {"id": alias, "source": {"name": "OSV"}} for alias in advisory.aliases
        ]
    if advisory.summary:
        told["description"] = _clean(advisory.summary)
    if first.fixed:
        told["recommendation"] = f"mended in {', '.join(first.fixed)}"
    properties = [{"name": "pratique:exploited", "value": "true"}] if advisory.exploited else []
    if advisory.likely >= 0:
        properties.append({"name": "pratique:epss", "value": f"{advisory.likely:.5f}"})
    if properties:
        told["properties"] = properties
    return told


def _analysis(match: Match) -> dict[str, str]:
    if match.silenced:
        return {"state": "not_affected", "detail": _clean(match.silenced)}
    return {"state": _STATES[match.state], "detail": _clean(match.why)}


def _rating(advisory: Advisory) -> dict[str, Any]:
    told: dict[str, Any] = {"severity": advisory.severity.name.lower()}
    method = {"CVSS:3.0": "CVSSv3", "CVSS:3.1": "CVSSv31", "CVSS:4.0": "CVSSv4"}
    if advisory.vector:
        told |= {
            "score": advisory.score,
            "method": method.get(advisory.vector[:8], "other"),
            "vector": advisory.vector,
        }
    return told


def _ref(component: Component) -> str:
    parts = [component.purl, component.spec, component.relation.value, component.marker]
    return f"component-{_mark(chr(0).join([*parts, component.url]))}"


def _dataset_ref(name: str) -> str:
    return f"data-{_mark(name)}"


def _mark(text: str) -> str:
    return uuid.uuid5(_NAMESPACE, text.encode("utf-8", "backslashreplace").decode()).hex


def _clean(text: str) -> str:
    """Return a text that UTF-8 can hold: file names may hold anything."""
    return text.encode("utf-8", "backslashreplace").decode()


def _unique(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found = {tuple(sorted((k, str(v)) for k, v in row.items())): row for row in rows}
    return [found[key] for key in sorted(found)]
