"""The statement: what was examined, how far, what was found, who decided by what, until when.

An in-toto Statement v1 (https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md) with
a predicate of our own. It says PASSED only where nothing was left out; whoever reads it checks that
again, so that not even our own key can say otherwise.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from pratique.attest.strict_json import moment
from pratique.core.errors import UsageError
from pratique.core.finding import Digest, Finding, Rule, RuleId, Severity, Stage
from pratique.core.receipt import Coverage, Receipt
from pratique.core.scan import Scan, fingerprint, root_digest
from pratique.core.trace import Detonation, Ending
from pratique.core.verdict import Decision, Verdict, Waiver

STATEMENT_TYPE: Final = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE: Final = "https://pratique.dev/attestation/model-scan/v1"
"""An identifier, not an address: nobody fetches it."""

PASSED, WARNED, FAILED, INCOMPLETE = "PASSED", "WARNED", "FAILED", "INCOMPLETE"
L1: Final = "L1"
NO_LEVEL: Final = "none"
DAYS: Final = 30
MAX_DAYS: Final = 90
MAX_SKIPPED: Final = 1_000
DATABASES: Final = ("clamav", "user-rules")
"""Among what made a rule's view: what is not of this program, and changes without it."""
_NOT_YET = Digest("")
_STATIC = "level L1 is a static inspection: what shows only when the model runs was not seen"
_TRAINED = "a trigger that was trained into the weights can be invisible to static analysis"


@dataclass(frozen=True, slots=True)
class Headline:
    """What a badge shows: result, level, and the days it was issued and ends."""

    result: str
    level: str
    issued: datetime
    expires: datetime

    @property
    def good(self) -> bool:
        """Tell whether a badge may be made of it without being asked twice."""
        return self.result in (PASSED, WARNED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a statement is made of. `digests` replaces a file's digest where a card was marked."""

    name: str
    single: bool
    version: str
    scan: Scan
    decision: Decision
    rules: Mapping[RuleId, Rule]
    headline: Headline
    evidence: Digest = _NOT_YET
    svg: Digest = _NOT_YET
    card: tuple[str, Digest] | None = None
    digests: Mapping[str, Digest] = field(default_factory=dict)


def headline(scan: Scan, decision: Decision, issued: datetime, days: int = DAYS) -> Headline:
    """Return what a badge over a scan may show; never PASSED where anything is missing.

    Raises:
        UsageError: a badge lasts 1 to `MAX_DAYS` days.

    """
    if not 1 <= days <= MAX_DAYS:
        raise UsageError(f"a badge lasts 1 to {MAX_DAYS} days, not {days}")
    whole = _whole(scan)
    result = {
        Verdict.ADMIT: PASSED,
        Verdict.INCOMPLETE: INCOMPLETE,
        Verdict.REVIEW: FAILED,
        Verdict.REJECT: FAILED,
    }[decision.verdict]
    if result == PASSED and not whole:
        result = INCOMPLETE
    elif result == PASSED and _unspoken(scan, decision):
        result = FAILED  # a pack may admit what it likes; a badge does not speak well of it
    elif result == PASSED and (decision.waived or _worst(scan) >= Severity.MEDIUM):
        result = WARNED
    level = L1 if whole and result != INCOMPLETE else NO_LEVEL
    return Headline(result, level, issued, issued + timedelta(days=days))


def _whole(scan: Scan) -> bool:
    return scan.complete and all(f.digest and f.inspection.receipts for f in scan.files)


def denies_from(threshold: Severity) -> Severity:
    """Return the severity from which a finding that nobody waived denies every good result.

    It is the policy's threshold, and high where the policy is laxer than that.
    """
    return min(threshold, Severity.HIGH)


def _unspoken(scan: Scan, decision: Decision) -> bool:
    least = denies_from(decision.threshold)
    return any(finding.severity >= least for finding in _remaining(scan, decision))


def _worst(scan: Scan) -> Severity:
    return max((finding.severity for _, finding in scan.findings()), default=Severity.INFO)


def statement(told: Told) -> dict[str, Any]:
    """Return the in-toto statement as a JSON object."""
    files = {f.path: told.digests.get(f.path, f.digest) for f in told.scan.files}
    return {
        "_type": STATEMENT_TYPE,
        "subject": [
            {"name": path, "digest": {"sha256": digest.removeprefix("sha256:")}}
            for path, digest in sorted(files.items())
        ],
        "predicateType": PREDICATE_TYPE,
        "predicate": _predicate(told, root_digest(iter(files.items()))),
    }


def _predicate(told: Told, root: Digest) -> dict[str, Any]:
    scan, head = told.scan, told.headline
    return {
        "schemaVersion": 1,
        "verifier": {"id": "pratique", "version": told.version, "engine": scan.engine},
        "model": {"name": told.name, "single": told.single, "root": root},
        "policy": _policy(told.decision),
        "level": head.level,
        "highestReachable": L1,
        "result": head.result,
        "stages": [_stage(told, stage) for stage in Stage],
        "coverage": _coverage(scan),
        "counts": _counts(_remaining(scan, told.decision)),
        "waivers": [_waiver(waiver) for waiver in told.decision.waivers],
        "waived": sorted(told.decision.waived),
        "jail": {
            "tier": scan.jail.tier,
            "sound": scan.jail.sound,
            "held": list(scan.jail.held),
            "missing": [{"mechanism": m, "reason": why} for m, why in scan.jail.missing],
        },
        "intended": [{"what": what, "outcome": outcome} for what, outcome in scan.intended],
        "startedOn": scan.started,
        "finishedOn": scan.finished,
        "issuedOn": moment(head.issued),
        "expires": moment(head.expires),
        "limitations": list(_limitations(told)),
        "evidence": {"mediaType": "application/json", "digest": told.evidence},
        "presentation": {
            "svg": told.svg,
            "card": {"path": told.card[0], "block": told.card[1]} if told.card else None,
        },
    }


def _policy(decision: Decision) -> dict[str, Any]:
    return {
        "name": decision.pack,
        "digest": decision.pack_digest,
        "inputDigest": decision.input_digest,
        "threshold": decision.threshold.name.lower(),
        "decision": decision.verdict.value,
        "requirements": [
            {"id": r.id, "held": r.held, "otherwise": r.otherwise.value, "reason": r.reason}
            for r in decision.results
        ],
    }


def _stage(told: Told, stage: Stage) -> dict[str, Any]:
    own = sorted((rule for rule in told.rules.values() if rule.stage is stage), key=lambda r: r.id)
    ids = {rule.id for rule in own}
    tasks = Counter(r.coverage for _, r in told.scan.receipts() if r.rule in ids)
    left = [f for f in _remaining(told.scan, told.decision) if f.rule in ids]
    status = "completed" if tasks.total() == tasks[Coverage.FULL] else "incomplete"
    present = bool(own) and told.scan.asked(stage)
    return {
        "id": stage.value,
        "status": status if present else "absent",
        "tool": {"name": "pratique", "version": told.version},
        "rules": {rule.id: rule.version for rule in own if present},
        "databases": list(_databases(told.scan, stage, ids)),
        "tasks": {coverage.value: tasks[coverage] for coverage in Coverage},
        "counts": _counts(iter(left)),
    }


def _databases(scan: Scan, stage: Stage, ids: set[RuleId]) -> Iterator[dict[str, str]]:
    """Yield what a stage knew from elsewhere: advisories, an antivirus, the user's own rules."""
    if stage is Stage.VULNERABILITIES and scan.matched and scan.matched.snapshot.digest:
        yield {"name": "advisories", "version": scan.matched.snapshot.digest}
    named = {name for _, r in scan.receipts() if r.rule in ids for name in r.readers}
    for name, _, version in sorted(one.partition("@") for one in named):
        if name in DATABASES:
            yield {"name": name, "version": version}


def _coverage(scan: Scan) -> dict[str, Any]:
    skipped = list(_skipped(scan))
    return {
        "files": len(scan.files),
        "bytes": scan.bytes,
        "skipped": skipped[:MAX_SKIPPED],
        "skippedTotal": len(skipped),
    }


def _skipped(scan: Scan) -> Iterator[dict[str, str]]:
    for file in scan.files:
        if not (file.digest and file.inspection.receipts):
            yield {"path": file.path, "rule": "", "reason": "nothing was examined"}
    for path, receipt in scan.receipts():
        if receipt.coverage is not Coverage.FULL:
            yield {"path": _place(path, receipt), "rule": receipt.rule, "reason": receipt.why}


def _run(seen: Detonation) -> str:
    """Return under what the model was run, and so what was not seen."""
    ran = [run for run in seen.runs if run.ending is not Ending.REFUSED]
    loaders = ", ".join(sorted({f"{run.loader} ({run.version})" for run in ran}))
    conditions = ", ".join(dict.fromkeys(run.condition.name for run in ran))
    return (
        f"the model was run in a {seen.tier or 'failed'} sandbox by {loaders or 'no loader'} under "
        f"{conditions or 'no condition'}; what shows only elsewhere was not seen"
    )[:2_000]


def _place(path: str, receipt: Receipt) -> str:
    return "!".join((path, *receipt.chain))[:2_000]


def _remaining(scan: Scan, decision: Decision) -> Iterator[Finding]:
    waived = set(decision.waived)
    return (f for path, f in scan.findings() if fingerprint(path, f) not in waived)


def _counts(findings: Iterator[Finding]) -> dict[str, int]:
    told = Counter(finding.severity for finding in findings)
    return {severity.name.lower(): told[severity] for severity in reversed(Severity)}


def _waiver(waiver: Waiver) -> dict[str, str]:
    return {
        "rule": waiver.rule,
        "fingerprint": waiver.fingerprint,
        "path": waiver.path,
        "reason": waiver.reason,
        "approver": waiver.approver,
        "expires": waiver.expires.isoformat() if waiver.expires else "",
    }


def _limitations(told: Told) -> Iterator[str]:
    seen = told.scan.detonation
    yield _STATIC if seen is None else _run(seen)
    yield _TRAINED
    for stage in Stage:
        if all(rule.stage is not stage for rule in told.rules.values()):
            yield f"stage {stage.value} is absent: this version has no rule for it"
        elif not told.scan.asked(stage):
            yield f"stage {stage.value} is absent: the model was not run"
    for mechanism, why in told.scan.jail.missing:
        yield f"the jail had no {mechanism}: {why}"[:2_000]
