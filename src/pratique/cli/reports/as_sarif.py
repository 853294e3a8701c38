"""The report for code scanning: SARIF 2.1.0 (OASIS, sarif-v2.1.0-os)."""

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, TextIO
from urllib.parse import quote

from pratique.cli.reports.account import Account, Row, Target, cards, gaps
from pratique.cli.reports.safe import plain
from pratique.cli.reports.timeline import pairs, tried
from pratique.cli.reports.words import place, severity_word
from pratique.core.finding import Confidence, RuleId, Severity, Span
from pratique.core.verdict import Verdict
from pratique.detectors.refs import references

MOST_RESULTS = 25_000
"""What GitHub takes in one run; the worst come first."""
MOST_NOTES = 1_000
ROOT = "%SRCROOT%"

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"
_LEVEL = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
    Severity.INFO: "note",
}
_SCORE = {
    Severity.CRITICAL: "9.5",
    Severity.HIGH: "8.0",
    Severity.MEDIUM: "5.5",
    Severity.LOW: "3.0",
    Severity.INFO: "0.0",
}
"""GitHub sorts security alerts by these bands: above 9.0, 7.0, 4.0, 0.1."""
_PRECISION = {Confidence.HIGH: "high", Confidence.MEDIUM: "medium", Confidence.LOW: "low"}


def write_sarif(account: Account, out: TextIO) -> None:
    """Write the account as one SARIF log with one run."""
    json.dump(document(account), out, indent=1, ensure_ascii=True)
    out.write("\n")


def document(account: Account) -> dict[str, Any]:
    """Return the account as a SARIF log."""
    rules = account.used()
    index = {rule: n for n, rule in enumerate(rules)}
    driver = {
        "name": "Pratique",
        "version": account.version,
        "semanticVersion": _semantic(account.version),
        "rules": [_rule(rule) for rule in rules],
    }
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": driver},
                "columnKind": "unicodeCodePoints",
                "originalUriBaseIds": {
                    ROOT: {"description": {"text": "the folder that the scan was started in"}}
                },
                "invocations": [_invocation(target, account) for target in account.targets],
                "artifacts": list(_artifacts(account)),
                "results": list(_results(account, index)),
            }
        ],
    }


def uri(target: str, path: str) -> str:
    """Return a file's address below the folder that the scan was started in, percent-encoded."""
    base = _base(target, path)
    whole = f"{base}/{path}" if path and base not in {"", "."} else path or base
    return quote(os.fsencode(whole or "."), safe="/")


def _base(target: str, path: str) -> str:
    """Return what leads to a target's files from here; its name alone when it lies elsewhere."""
    if "://" in target:
        return target.partition("://")[2]
    here, there = Path.cwd(), Path(target).absolute()
    named = there.name == path and not there.is_dir()
    folder = there.parent if named else there
    try:
        return Path(os.path.normpath(folder)).relative_to(here).as_posix()
    except ValueError:
        return "" if named else folder.name


def _rule(rule: RuleId) -> dict[str, Any]:
    if rule not in cards():
        return {"id": rule}
    card, page = cards()[rule]
    sections = (
        ("What it looks for", page.looks_for),
        ("Why it matters", page.matters),
        ("What to do", page.to_do),
        ("What it cannot see", page.cannot_see),
    )
    tags = [f"external/cwe/{r.lower()}" for r in references(card) if r.startswith("CWE-")]
    tags += [ref for ref in references(card) if not ref.startswith("CWE-")]
    return {
        "id": card.id,
        "name": "".join(part.capitalize() for part in card.slug.split("-")),
        "shortDescription": {"text": page.title},
        "fullDescription": {"text": page.matters},
        "help": {
            "text": "\n\n".join(f"{head}\n{text}" for head, text in sections),
            "markdown": "\n\n".join(f"## {head}\n{text}" for head, text in sections),
        },
        "defaultConfiguration": {"level": _LEVEL[card.severity]},
        "properties": {
            "tags": ["security", card.stage.value, *tags],
            "precision": _PRECISION[card.confidence],
            "security-severity": _SCORE[card.severity],
            "problem.severity": _LEVEL[card.severity].replace("note", "recommendation"),
        },
    }


def _invocation(target: Target, account: Account) -> dict[str, Any]:
    scan = target.scan
    told: dict[str, Any] = {
        "executionSuccessful": scan.complete,
        "exitCode": account.exit_code,
        "toolExecutionNotifications": list(_notes(target)),
        "properties": {
            "target": plain(scan.target),
            "verdict": target.decision.verdict.value,
            "policy": plain(target.decision.pack),
            "digest": scan.root(),
        },
    }
    if scan.detonation is not None:
        told["properties"]["detonation"] = {
            "tier": plain(scan.detonation.tier),
            "loaders": [plain(pair.head) for pair in pairs(scan.detonation)],
            "conditions": [plain(name) for name in tried(scan.detonation)],
        }
    for word, moment in (("startTimeUtc", scan.started), ("endTimeUtc", scan.finished)):
        if utc := _utc(moment):
            told[word] = utc
    return told


def _notes(target: Target) -> Iterator[dict[str, Any]]:
    """Tell what was not examined: a viewer must not read no results as clean."""
    scan = target.scan
    if not scan.jail.sound:
        yield _note("incomplete-jail", "Landlock or seccomp did not hold the workers", "error")
    for name, why in scan.jail.missing:
        yield _note("missing-mechanism", f"{plain(name)}: {plain(why)}", "note")
    found = gaps(scan)
    for gap in islice(found, MOST_NOTES):
        where = "!".join((gap.path or "the repository", *gap.chain))
        note = _note("incomplete-coverage", f"{plain(where)}: {plain(gap.why)}", "warning")
        if gap.path:
            location = {"uri": uri(scan.target, gap.path), "uriBaseId": ROOT}
            note["locations"] = [{"physicalLocation": {"artifactLocation": location}}]
        yield note
    if len(found) > MOST_NOTES:
        yield _note("incomplete-coverage", f"and {len(found) - MOST_NOTES} more", "warning")
    if target.decision.verdict is Verdict.INCOMPLETE:
        yield _note("incomplete", "nothing may be concluded from the absence of results", "error")


def _note(word: str, says: str, level: str) -> dict[str, Any]:
    return {"descriptor": {"id": word}, "message": {"text": _message(says)}, "level": level}


def _artifacts(account: Account) -> Iterator[dict[str, Any]]:
    for target in account.targets:
        for file in target.scan.files:
            told: dict[str, Any] = {
                "location": {"uri": uri(target.scan.target, file.path), "uriBaseId": ROOT},
                "roles": ["analysisTarget"],
                "length": max(file.size, -1),
            }
            if file.digest:
                told["hashes"] = {"sha-256": file.digest.removeprefix("sha256:")}
            yield told


def _results(account: Account, index: dict[RuleId, int]) -> Iterator[dict[str, Any]]:
    rows = [(t, row) for t in account.targets for row in t.rows()]
    rows.sort(key=lambda pair: -pair[1].finding.severity)
    for target, row in rows[:MOST_RESULTS]:
        yield _result(target, row, index, baseline=account.baseline)


def _result(
    target: Target, row: Row, index: dict[RuleId, int], *, baseline: bool
) -> dict[str, Any]:
    finding = row.finding
    told: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": index[finding.rule],
        "level": _LEVEL[finding.severity],
        "message": {"text": _message(_says(row))},
        "locations": [_location(target, row)],
        "partialFingerprints": {"pratique/v1": row.fingerprint},
        "properties": {
            "severity": severity_word(finding.severity),
            "confidence": finding.confidence.name.lower(),
            "evidence": {plain(word): plain(value) for word, value in finding.evidence},
        },
    }
    if baseline:
        told["baselineState"] = "unchanged" if row.state == "known" else "new"
    if row.state == "waived":
        told["suppressions"] = [{"kind": "external", "status": "accepted"}]
    return told


def _says(row: Row) -> str:
    at = place(row.at)
    return plain(row.finding.says) + (f" (at {at})" if at else "")


def _location(target: Target, row: Row) -> dict[str, Any]:
    at = row.at
    physical: dict[str, Any] = {
        "artifactLocation": {"uri": uri(target.scan.target, row.path), "uriBaseId": ROOT}
    }
    if region := _region(at):
        physical["region"] = region
    told: dict[str, Any] = {"physicalLocation": physical}
    names = [*at.chain, *([at.tensor] if at.tensor else [])]
    if names:
        kind = "member" if at.tensor == "" else "variable"
        full = "!".join(plain(name) for name in names)
        told["logicalLocations"] = [{"fullyQualifiedName": full, "kind": kind}]
    return told


def _region(at: Span) -> dict[str, int]:
    """Return where in the file itself; offsets in a member are not offsets of the file."""
    if at.chain:
        return {}
    if at.line:
        return {"startLine": at.line}
    if at.end > at.start:
        return {"byteOffset": at.start, "byteLength": at.end - at.start}
    return {"byteOffset": at.start} if at.start else {}


def _message(text: str) -> str:
    """Escape what SARIF's plain text would make a link of (section 3.11.6)."""
    return text.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")


def _utc(moment: str) -> str:
    try:
        at = datetime.fromisoformat(moment)
    except ValueError:
        return ""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _semantic(version: str) -> str:
    """Return a Python version as SemVer writes it: `0.1.0.dev0` becomes `0.1.0-dev0`."""
    return version.replace(".dev", "-dev")
