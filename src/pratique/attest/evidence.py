"""The account that a statement rests on, as JSON: every file, finding and receipt of a scan."""

from typing import Any

from pratique.core.canonical import canonical
from pratique.core.scan import Inspection, Scan
from pratique.core.trace_json import value
from pratique.core.wire import encode


def evidence(scan: Scan) -> bytes:
    """Return a scan's account in canonical JSON; facts are left out, nobody judges by them again.

    The file that a statement holds the digest of.
    """
    told: dict[str, Any] = {
        "schemaVersion": 1,
        "target": scan.target,
        "engine": scan.engine,
        "started": scan.started,
        "finished": scan.finished,
        "root": scan.root(),
        "jail": {
            "tier": scan.jail.tier,
            "held": list(scan.jail.held),
            "missing": [list(pair) for pair in scan.jail.missing],
        },
        "intended": [list(pair) for pair in scan.intended],
        "repository": _inspection(scan.repository),
        "files": [
            {"path": file.path, "digest": file.digest, "size": file.size}
            | _inspection(file.inspection)
            for file in scan.files
        ],
    }
    if scan.detonation is not None:
        told["behaviour"] = _inspection(scan.behaviour)
        told["detonation"] = value(scan.detonation)
    return canonical(told) + b"\n"


def _inspection(inspection: Inspection) -> dict[str, Any]:
    return {
        "findings": [encode(finding) for finding in inspection.findings],
        "receipts": [encode(receipt) for receipt in inspection.receipts],
    }
