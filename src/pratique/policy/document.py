"""The input document: what a policy line may ask about. Complete counts, never a cut list.

    threshold   0 to 4 (info to critical): the pack's, or what the caller asked to fail on
    scan        target, engine; files, bytes, unreadable (files without a digest)
    coverage    tasks: planned, full, partial, none; complete: all full, the jail held, and every
                file left an account
    findings    after waivers and baseline: total, at_threshold, critical, high, medium, low, info;
                stages: {stage: count}, rules: {rule id: count}; waived, known: left out
    jail        sound, tier, held: [name], missing: [name]
    formats     the readers that made something of a file itself (not of its members)
    intended    [{what, outcome}]: expectations that were checked, such as
                {"what": "publisher-signature", "outcome": "held"}; outcome is held, failed
                or unknown

A name or field that is not here is an error, and an error denies.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from pratique.core.finding import Finding, Severity, Stage
from pratique.core.receipt import Coverage
from pratique.core.scan import Scan
from pratique.detectors.catalog import rules

_ENGINE = "engine"


def document(
    scan: Scan, remaining: Iterable[Finding], threshold: Severity, left_out: Mapping[str, int]
) -> dict[str, Any]:
    """Return the input document of a scan; `remaining` are the findings that count."""
    return {
        "threshold": int(threshold),
        "scan": {
            "target": scan.target,
            "engine": scan.engine,
            "files": len(scan.files),
            "bytes": scan.bytes,
            "unreadable": sum(not file.digest for file in scan.files),
        },
        "coverage": _coverage(scan),
        "findings": _findings(remaining, threshold) | dict(left_out),
        "jail": {
            "sound": scan.jail.sound,
            "tier": scan.jail.tier,
            "held": list(scan.jail.held),
            "missing": [name for name, _ in scan.jail.missing],
        },
        "formats": formats(scan),
        "intended": [{"what": what, "outcome": outcome} for what, outcome in scan.intended],
    }


def complete(scan: Scan) -> bool:
    """Tell whether each task was full, the jail held, and every file has a digest and a receipt."""
    silent = any(not (file.digest and file.inspection.receipts) for file in scan.files)
    return scan.complete and not silent


def formats(scan: Scan) -> list[str]:
    """Return the names of the readers that made something of a file itself."""
    told = {
        reader.partition("@")[0]
        for file in scan.files
        for receipt in file.inspection.receipts
        if not receipt.chain
        for reader in receipt.readers
    }
    return sorted(told - {_ENGINE})


def _coverage(scan: Scan) -> dict[str, Any]:
    tasks = Counter(receipt.coverage for _, receipt in scan.receipts())
    told: dict[str, Any] = {coverage.value: tasks[coverage] for coverage in Coverage}
    return told | {"planned": tasks.total(), "complete": complete(scan)}


def _findings(remaining: Iterable[Finding], threshold: Severity) -> dict[str, Any]:
    found = tuple(remaining)
    cards = rules()
    stages = dict.fromkeys((stage.value for stage in Stage), 0)
    for finding in found:
        if finding.rule in cards:
            stages[cards[finding.rule].stage.value] += 1
    told: dict[str, Any] = {
        severity.name.lower(): sum(f.severity == severity for f in found) for severity in Severity
    }
    return told | {
        "total": len(found),
        "at_threshold": sum(f.severity >= threshold for f in found),
        "stages": stages,
        "rules": dict(sorted(Counter(str(f.rule) for f in found).items())),
    }


EXAMPLE: dict[str, Any] = {
    "threshold": 2,
    "scan": {"target": "example", "engine": "x", "files": 1, "bytes": 1, "unreadable": 0},
    "coverage": {"planned": 1, "full": 1, "partial": 0, "none": 0, "complete": True},
    "findings": {
        "total": 0,
        "at_threshold": 0,
        "waived": 0,
        "known": 0,
        "stages": dict.fromkeys((stage.value for stage in Stage), 0),
        "rules": {},
    }
    | dict.fromkeys((severity.name.lower() for severity in Severity), 0),
    "jail": {"sound": True, "tier": "jail", "held": ["landlock"], "missing": ["userns"]},
    "formats": ["safetensors"],
    "intended": [{"what": "publisher-signature", "outcome": "held"}],
}
"""A clean scan's document: each line of a pack is tried on it when the pack is read."""
