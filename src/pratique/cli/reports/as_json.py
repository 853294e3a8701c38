"""The report for machines: stable order, ASCII only, its shape published as a JSON schema."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, TextIO

from pratique.cli.reports.account import Account, Row, Target, cards, gaps, slug, stages
from pratique.cli.reports.json_components import components_value
from pratique.cli.reports.json_detonation import detonation_value
from pratique.cli.reports.safe import storable
from pratique.cli.reports.words import severity_word
from pratique.core.finding import RuleId
from pratique.core.receipt import Receipt
from pratique.core.scan import FileReport, Scan
from pratique.detectors.refs import references

SHAPE = "pratique-scan/1"


def write_json(account: Account, out: TextIO) -> None:
    """Write the account as one JSON document."""
    json.dump(_storable(document(account)), out, indent=1, ensure_ascii=True)
    out.write("\n")


def document(account: Account) -> dict[str, Any]:
    """Return the account as JSON values."""
    return {
        "schema": SHAPE,
        "version": account.version,
        "exit_code": account.exit_code,
        "baseline": account.baseline,
        "targets": [_target(target) for target in account.targets],
        "rules": [rule_card(rule) for rule in account.used()],
    }


def _storable(node: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return a JSON value whose every text UTF-8 can carry."""
    if isinstance(node, str):
        return storable(node)
    if isinstance(node, dict):
        return {storable(key): _storable(value) for key, value in node.items()}
    if isinstance(node, (list, tuple)):
        return [_storable(item) for item in node]
    return node


def _target(target: Target) -> dict[str, Any]:
    scan, decision = target.scan, target.decision
    return {
        "target": scan.target,
        "digest": scan.root(),
        "size": scan.bytes,
        "started": scan.started,
        "finished": scan.finished,
        "engine": scan.engine,
        "complete": scan.complete,
        "verdict": decision.verdict.value,
        "decision": {
            "policy": decision.pack,
            "policy_digest": decision.pack_digest,
            "input_digest": decision.input_digest,
            "waived": sorted(decision.waived),
            "ignored_waivers": list(decision.ignored),
            "requirements": [
                {
                    "id": r.id,
                    "held": r.held,
                    "reason": r.reason,
                    "otherwise": r.otherwise.value,
                }
                for r in decision.results
            ],
        },
        "findings": [_finding(row) for row in target.rows()],
        "stages": [asdict(line) | {"stage": line.stage.value} for line in stages(scan)],
        "not_examined": _gaps(scan),
        "intended": [{"check": kind, "outcome": outcome} for kind, outcome in scan.intended],
        "jail": {
            "tier": scan.jail.tier,
            "sound": scan.jail.sound,
            "held": list(scan.jail.held),
            "missing": [{"mechanism": m, "why": w} for m, w in scan.jail.missing],
        },
        "files": [_file(file) for file in scan.files],
        "repository_checks": _checks(scan.repository.receipts),
        "only": scan.only.value if scan.only else "",
        "behaviour_checks": _checks(scan.behaviour.receipts),
        "detonation": detonation_value(scan.detonation) if scan.detonation else None,
        "advice_checks": _checks(scan.advice.receipts),
        "components": components_value(scan.matched) if scan.matched else None,
    }


def _finding(row: Row) -> dict[str, Any]:
    finding, at = row.finding, row.at
    return {
        "fingerprint": row.fingerprint,
        "state": row.state,
        "rule": finding.rule,
        "slug": slug(finding.rule),
        "severity": severity_word(finding.severity),
        "confidence": finding.confidence.name.lower(),
        "path": row.path,
        "members": list(at.chain),
        "start": at.start,
        "end": at.end,
        "tensor": at.tensor,
        "line": at.line,
        "says": finding.says,
        "evidence": dict(finding.evidence),
    }


def _gaps(scan: Scan) -> list[dict[str, Any]]:
    return [
        {
            "path": gap.path,
            "members": list(gap.chain),
            "coverage": gap.coverage.value,
            "covered": gap.covered,
            "size": gap.size,
            "why": gap.why,
            "rules": list(gap.rules),
        }
        for gap in gaps(scan)
    ]


def _file(file: FileReport) -> dict[str, Any]:
    told: dict[str, Any] = {
        "path": file.path,
        "digest": file.digest,
        "size": file.size,
        "cached": file.cached,
        "checks": _checks(file.inspection.receipts),
    }
    if storable(file.path) != file.path:
        told["path_hex"] = file.path.encode("utf-8", "surrogateescape").hex()
    return told


def _checks(receipts: tuple[Receipt, ...]) -> list[dict[str, Any]]:
    """Return receipts, those that differ in the rule alone as one: a wheel has 100,000 of them."""
    return list(_grouped(receipts))


def _grouped(receipts: tuple[Receipt, ...]) -> Iterator[dict[str, Any]]:
    groups: dict[tuple[Any, ...], list[str]] = {}
    for r in receipts:
        key = (r.chain, r.readers, r.size, r.covered, r.coverage, r.why)
        groups.setdefault(key, []).append(f"{r.rule}@{r.version}")
    for (chain, readers, size, covered, coverage, why), rules in groups.items():
        yield {
            "members": list(chain),
            "rules": sorted(rules),
            "readers": list(readers),
            "size": size,
            "covered": covered,
            "coverage": coverage.value,
            "why": why,
        }


def rule_card(rule: RuleId) -> dict[str, Any]:
    """Return a rule's card and the prose a reader of findings needs."""
    if rule not in cards():
        return {"id": rule, "slug": "", "title": ""}
    card, page = cards()[rule]
    return {
        "id": card.id,
        "slug": card.slug,
        "version": card.version,
        "stage": card.stage.value,
        "severity": severity_word(card.severity),
        "confidence": card.confidence.name.lower(),
        "refs": list(references(card)),
        "title": page.title,
        "why": page.matters,
        "to_do": page.to_do,
    }
