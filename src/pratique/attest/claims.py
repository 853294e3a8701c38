"""Reading a statement back: its exact shape, and whether it contradicts itself."""

import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from pratique.attest import strict_json
from pratique.attest.statement import (
    FAILED,
    INCOMPLETE,
    L1,
    MAX_DAYS,
    NO_LEVEL,
    PASSED,
    PREDICATE_TYPE,
    STATEMENT_TYPE,
    WARNED,
    denies_from,
)
from pratique.attest.strict_json import (
    BOOL,
    COUNT,
    DIGEST,
    HEX,
    MOMENT,
    TEXT,
    MapOf,
    Of,
    OrNone,
    conform,
    one_of,
    when,
)
from pratique.core.errors import EvidenceError
from pratique.core.finding import Digest, Severity, Stage
from pratique.core.limits import MiB
from pratique.core.receipt import Coverage
from pratique.core.scan import root_digest
from pratique.core.verdict import Verdict

MAX_STATEMENT: Final = 64 * MiB
MEDIUM_AND_ABOVE: Final = ("critical", "high", "medium")


def _safe(name: object) -> bool:
    """Tell whether a name stays inside the model: relative, no empty part, no way up."""
    if not isinstance(name, str) or "\0" in name or os.path.isabs(name):  # noqa: PTH117 - a name
        return False
    return all(part not in ("", ".", "..") for part in name.split("/"))


_COUNTS = {severity.name.lower(): COUNT for severity in Severity}
_STAGE = {
    "id": one_of(*(stage.value for stage in Stage)),
    "status": one_of("completed", "incomplete", "absent"),
    "tool": {"name": TEXT, "version": TEXT},
    "rules": MapOf(TEXT, COUNT),
    "databases": [{"name": TEXT, "version": TEXT}],
    "tasks": {coverage.value: COUNT for coverage in Coverage},
    "counts": _COUNTS,
}
_PREDICATE = {
    "schemaVersion": 1,
    "verifier": {"id": TEXT, "version": TEXT, "engine": TEXT},
    "model": {"name": TEXT, "single": BOOL, "root": DIGEST},
    "policy": {
        "name": TEXT,
        "digest": DIGEST,
        "inputDigest": DIGEST,
        "threshold": one_of(*_COUNTS),
        "decision": one_of(*(verdict.value for verdict in Verdict)),
        "requirements": [{"id": TEXT, "held": BOOL, "otherwise": TEXT, "reason": TEXT}],
    },
    "level": one_of(L1, NO_LEVEL),
    "highestReachable": L1,
    "result": one_of(PASSED, WARNED, FAILED, INCOMPLETE),
    "stages": [_STAGE],
    "coverage": {
        "files": COUNT,
        "bytes": COUNT,
        "skipped": [{"path": TEXT, "rule": TEXT, "reason": TEXT}],
        "skippedTotal": COUNT,
    },
    "counts": _COUNTS,
    "waivers": [
        dict.fromkeys(("rule", "fingerprint", "path", "reason", "approver", "expires"), TEXT)
    ],
    "waived": [TEXT],
    "jail": {
        "tier": TEXT,
        "sound": BOOL,
        "held": [TEXT],
        "missing": [{"mechanism": TEXT, "reason": TEXT}],
    },
    "intended": [{"what": TEXT, "outcome": TEXT}],
    "startedOn": TEXT,
    "finishedOn": TEXT,
    "issuedOn": MOMENT,
    "expires": MOMENT,
    "limitations": [TEXT],
    "evidence": {"mediaType": "application/json", "digest": DIGEST},
    "presentation": {
        "svg": DIGEST,
        "card": OrNone({"path": "README.md", "block": DIGEST}),
    },
}
_SHAPE = {
    "_type": STATEMENT_TYPE,
    "subject": [{"name": Of("a relative name without a way up", _safe), "digest": {"sha256": HEX}}],
    "predicateType": PREDICATE_TYPE,
    "predicate": _PREDICATE,
}


@dataclass(frozen=True, slots=True)
class Claims:
    """A statement whose shape holds and which does not contradict itself."""

    subjects: dict[str, str]
    predicate: dict[str, Any]

    @property
    def issued(self) -> datetime:
        """Return the moment it was issued."""
        return when(self.predicate["issuedOn"])

    @property
    def expires(self) -> datetime:
        """Return the moment it ends."""
        return when(self.predicate["expires"])


def read(payload: bytes) -> Claims:
    """Return the claims in a signed payload.

    Raises:
        EvidenceError: the shape is another, names repeat, the root is not that of the files, it
            lasts longer than `MAX_DAYS`, or it claims a result that its own account denies.

    """
    value = strict_json.parse(payload, "statement", MAX_STATEMENT)
    conform(value, _SHAPE, "statement")
    predicate = value["predicate"]
    subjects = {s["name"]: s["digest"]["sha256"] for s in value["subject"]}
    claims = Claims(subjects, predicate)
    if len(subjects) != len(value["subject"]):
        raise EvidenceError("the statement names a file twice")
    pairs = ((name, Digest(f"sha256:{digest}")) for name, digest in subjects.items())
    if root_digest(pairs) != predicate["model"]["root"]:
        raise EvidenceError("the statement's root digest is not that of the files it names")
    if not timedelta() < claims.expires - claims.issued <= timedelta(days=MAX_DAYS):
        raise EvidenceError(f"the statement lasts longer than {MAX_DAYS} days, or not at all")
    wrong = contradiction(claims)
    if wrong:
        raise EvidenceError(f"the statement says {predicate['result']}, but {wrong}")
    return claims


def contradiction(claims: Claims) -> str:
    """Return how a good result is denied by the statement's own account, or an empty text."""
    told = claims.predicate
    if told["result"] not in (PASSED, WARNED):
        return ""
    for wrong, says in _denials(claims):
        if wrong:
            return says
    left = _unspoken(told)
    if left:
        return f"{left} findings remain that nobody waived"
    if told["result"] == PASSED:
        if told["waived"] or told["waivers"]:
            return "findings were waived"
        if any(told["counts"][name] for name in MEDIUM_AND_ABOVE):
            return "findings of medium severity or above remain"
    return ""


def _unspoken(told: dict[str, Any]) -> str:
    """Return the worst severity that neither PASSED nor WARNED may pass over, and that remains."""
    least = denies_from(Severity[told["policy"]["threshold"].upper()])
    severities = (severity for severity in reversed(Severity) if severity >= least)
    names = (severity.name.lower() for severity in severities)
    return next((name for name in names if told["counts"][name]), "")


def _denials(claims: Claims) -> list[tuple[bool, str]]:
    told = claims.predicate
    stages = told["stages"]
    held = {name.split("-")[0] for name in told["jail"]["held"]}
    undone = [s["id"] for s in stages if s["status"] == "incomplete" or _unfinished(s)]
    return [
        (sorted(s["id"] for s in stages) != sorted(Stage), "it does not list each stage once"),
        (bool(undone), f"stage {undone[:1]} is not complete"),
        (not any(s["tasks"]["full"] for s in stages), "no stage did anything"),
        (
            bool(told["coverage"]["skipped"] or told["coverage"]["skippedTotal"]),
            "files were skipped",
        ),
        (told["coverage"]["files"] != len(claims.subjects), "it counts other files than it names"),
        (not claims.subjects, "it is about no file"),
        (not told["jail"]["sound"] or not {"landlock", "seccomp"} <= held, "the jail did not hold"),
        (told["policy"]["decision"] != Verdict.ADMIT, "the policy did not admit"),
        (not all(r["held"] for r in told["policy"]["requirements"]), "a requirement did not hold"),
        (told["level"] != L1, "it reaches no level"),
    ]


def _unfinished(stage: dict[str, Any]) -> bool:
    tasks = stage["tasks"]
    ran = stage["status"] == "absent" and any(tasks.values())
    return bool(tasks["partial"] or tasks["none"] or ran)
