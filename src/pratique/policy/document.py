"""The input document: what a policy line may ask about. Complete counts, never a cut list.

    threshold   0 to 4 (info to critical): the pack's, or what the caller asked to fail on
    scan        target, engine; files, bytes, unreadable (files without a digest); only: the one
                stage that was asked for, empty where it was the whole
    coverage    tasks: planned, full, partial, none; complete: all full, the jail held, and every
                file left an account
    findings    after waivers and baseline: total, at_threshold, critical, high, medium, low, info;
                stages: {stage: count}, rules: {rule id: count}; waived, known: left out;
                named: {critical, high}: those of them that are about components which the model
                names, and which another version of that component mends
    jail        sound, tier, held: [name], missing: [name]
    formats     the readers that made something of a file itself (not of its members)
    detonation  ran: the model was loaded and run; complete: under every condition, to its end;
                tier: jail, gvisor or microvm; rank: 0 (none) to 3 (microvm); loaders, conditions:
                [name]; runs, unloaded, untried
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
from pratique.core.trace import Ending, rank
from pratique.detectors.index import reading, rules

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
            "only": scan.only.value if scan.only else "",
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
        "detonation": _detonation(scan),
        "intended": [{"what": what, "outcome": outcome} for what, outcome in scan.intended],
    }


def complete(scan: Scan) -> bool:
    """Tell whether each task was full, the jail held, and every file has a digest and a receipt.

    Where nothing but a detonation was asked for, files have no receipts of their own.
    """
    static = scan.only is None
    silent = any(
        not file.digest or (static and not file.inspection.receipts) for file in scan.files
    )
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


def _detonation(scan: Scan) -> dict[str, Any]:
    seen = scan.detonation
    if seen is None:
        return dict(_NOT_RUN)
    ran = [run for run in seen.runs if run.ending is not Ending.REFUSED]
    receipts = scan.behaviour.receipts
    return {
        "ran": bool(ran),
        "complete": bool(receipts) and all(r.coverage is Coverage.FULL for r in receipts),
        "tier": seen.tier if ran else "",
        "rank": rank(seen.tier) if ran else 0,
        "loaders": sorted({run.loader for run in ran}),
        "conditions": list(dict.fromkeys(run.condition.name for run in ran)),
        "runs": len(ran),
        "unloaded": len(seen.unloaded),
        "untried": len(seen.untried),
    }


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
    about_names = reading("MatchedComponents")  # of what a model names, not of what it is
    named = [f for f in found if f.rule in about_names]
    return told | {
        "named": {
            severity.name.lower(): sum(f.severity == severity for f in named)
            for severity in (Severity.CRITICAL, Severity.HIGH)
        },
        "total": len(found),
        "at_threshold": sum(f.severity >= threshold for f in found),
        "stages": stages,
        "rules": dict(sorted(Counter(str(f.rule) for f in found).items())),
    }


_NOT_RUN: dict[str, Any] = {
    "ran": False,
    "complete": False,
    "tier": "",
    "rank": 0,
    "loaders": [],
    "conditions": [],
    "runs": 0,
    "unloaded": 0,
    "untried": 0,
}

EXAMPLE: dict[str, Any] = {
    "threshold": 2,
    "scan": {"target": "example", "engine": "x", "files": 1, "bytes": 1, "unreadable": 0}
    | {"only": ""},
    "coverage": {"planned": 1, "full": 1, "partial": 0, "none": 0, "complete": True},
    "findings": {
        "total": 0,
        "at_threshold": 0,
        "waived": 0,
        "known": 0,
        "stages": dict.fromkeys((stage.value for stage in Stage), 0),
        "rules": {},
        "named": {"critical": 0, "high": 0},
    }
    | dict.fromkeys((severity.name.lower() for severity in Severity), 0),
    "jail": {"sound": True, "tier": "jail", "held": ["landlock"], "missing": ["userns"]},
    "formats": ["safetensors"],
    "detonation": _NOT_RUN
    | {"ran": True, "complete": True, "tier": "jail", "rank": 1, "runs": 1}
    | {"loaders": ["torch"], "conditions": ["now"]},
    "intended": [{"what": "publisher-signature", "outcome": "held"}],
}
"""A clean scan's document: each line of a pack is tried on it when the pack is read."""
