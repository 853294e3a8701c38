"""The published shape of the JSON report; `docs/reference/scan.schema.json` is written from it."""

from typing import Any

from pratique.cli.reports.as_json import SHAPE
from pratique.cli.reports.json_components import components_schema
from pratique.cli.reports.json_detonation import detonation_schema
from pratique.core.finding import Confidence, Severity, Stage
from pratique.core.receipt import Coverage
from pratique.core.verdict import Verdict

_TEXT = {"type": "string"}
_TRUTH = {"type": "boolean"}
_COUNT = {"type": "integer", "minimum": 0}
_DIGEST = {"type": "string", "pattern": "^(sha256:[0-9a-f]{64})?$"}
_FINGERPRINT = {"type": "string", "pattern": "^[0-9a-f]{24}$"}
_RULE = {"type": "string", "pattern": "^[A-Z]{3}[0-9]{3}$"}
_SEVERITY = {"enum": [s.name.lower() for s in Severity]}
_CONFIDENCE = {"enum": [c.name.lower() for c in Confidence]}
_COVERAGE = {"enum": [c.value for c in Coverage]}
_VERDICT = {"enum": [v.value for v in Verdict]}
_MEMBERS = {
    "type": "array",
    "items": _TEXT,
    "description": "names of members, outermost first; empty for the file itself",
}


def schema() -> dict[str, Any]:
    """Return the JSON schema (draft 2020-12) of a report."""
    body = _object(
        {
            "schema": {"const": SHAPE},
            "version": {**_TEXT, "description": "the version of Pratique that wrote this"},
            "exit_code": {"enum": [0, 1, 3]},
            "baseline": {**_TRUTH, "description": "a former report was given as the baseline"},
            "targets": _list(_target()),
            "rules": _list(_rule()),
        }
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Pratique scan report",
        "description": "What `pratique scan --format json` writes. Fields may be added, never "
        "removed or given another meaning, while `schema` stays the same.",
        **body,
    }


def _target() -> dict[str, Any]:
    return _object(
        {
            "target": {**_TEXT, "description": "what was scanned, as it was named"},
            "digest": {**_DIGEST, "description": "over the sorted (path, digest) pairs"},
            "size": _COUNT,
            "started": _TEXT,
            "finished": _TEXT,
            "engine": _TEXT,
            "complete": {**_TRUTH, "description": "every receipt is full and the jail held"},
            "verdict": _VERDICT,
            "decision": _decision(),
            "findings": _list(_finding()),
            "stages": _list(_stage()),
            "not_examined": _list(_gap()),
            "intended": {
                **_list(_object({"check": _TEXT, "outcome": _TEXT})),
                "description": "how what the caller said was intended came out",
            },
            "jail": _jail(),
            "files": _list(_file()),
            "repository_checks": _list(_check()),
            "only": {
                "enum": ["", *(s.value for s in Stage)],
                "description": "the one stage that was asked for; empty for all of a scan",
            },
            "behaviour_checks": {
                **_list(_check()),
                "description": "what rules over a detonation covered",
            },
            "detonation": detonation_schema(),
            "advice_checks": {
                **_list(_check()),
                "description": "what rules over components and advisories covered",
            },
            "components": components_schema(),
        }
    )


def _decision() -> dict[str, Any]:
    requirement = {"id": _TEXT, "held": _TRUTH, "reason": _TEXT, "otherwise": _VERDICT}
    return _object(
        {
            "policy": _TEXT,
            "policy_digest": _TEXT,
            "input_digest": _TEXT,
            "waived": {**_list(_TEXT), "description": "fingerprints of accepted findings"},
            "ignored_waivers": {**_list(_TEXT), "description": "why a waiver has no effect"},
            "requirements": _list(_object(requirement)),
        }
    )


def _finding() -> dict[str, Any]:
    return _object(
        {
            "fingerprint": {
                **_FINGERPRINT,
                "description": "stays the same when bytes before the finding move",
            },
            "state": {"enum": ["new", "known", "waived"]},
            "rule": _RULE,
            "slug": _TEXT,
            "severity": _SEVERITY,
            "confidence": _CONFIDENCE,
            "path": {**_TEXT, "description": "empty for a finding over the whole repository"},
            "members": _MEMBERS,
            "start": {**_COUNT, "description": "byte offset in the last member"},
            "end": _COUNT,
            "tensor": _TEXT,
            "line": {**_COUNT, "description": "from 1; 0 is none"},
            "says": _TEXT,
            "evidence": {"type": "object", "additionalProperties": _TEXT},
        }
    )


def _stage() -> dict[str, Any]:
    return _object(
        {
            "stage": {"enum": [s.value for s in Stage]},
            "status": {"enum": ["complete", "incomplete", "not-needed", "absent"]},
            "rules": _COUNT,
            "checks": {**_COUNT, "description": "one rule over one subject"},
            "full": {**_COUNT, "description": "checks that covered all of their subject"},
        }
    )


def _gap() -> dict[str, Any]:
    return _object(
        {
            "path": _TEXT,
            "members": _MEMBERS,
            "coverage": _COVERAGE,
            "covered": _COUNT,
            "size": _COUNT,
            "why": _TEXT,
            "rules": _list(_RULE),
        }
    )


def _jail() -> dict[str, Any]:
    return _object(
        {
            "tier": _TEXT,
            "sound": _TRUTH,
            "held": _list(_TEXT),
            "missing": _list(_object({"mechanism": _TEXT, "why": _TEXT})),
        }
    )


def _file() -> dict[str, Any]:
    told = _object(
        {
            "path": _TEXT,
            "digest": {**_DIGEST, "description": "empty when the file could not be read"},
            "size": {"type": "integer", "minimum": -1},
            "cached": _TRUTH,
            "checks": _list(_check()),
        }
    )
    told["properties"]["path_hex"] = {
        **_TEXT,
        "description": "the name's bytes, given when they are no UTF-8",
    }
    return told


def _check() -> dict[str, Any]:
    return _object(
        {
            "members": _MEMBERS,
            "rules": {**_list(_TEXT), "description": "RULE@VERSION of each that got this far"},
            "readers": _list(_TEXT),
            "size": _COUNT,
            "covered": _COUNT,
            "coverage": _COVERAGE,
            "why": _TEXT,
        }
    )


def _rule() -> dict[str, Any]:
    told = _object({"id": _RULE, "slug": _TEXT, "title": _TEXT})
    told["properties"] |= {
        "version": _COUNT,
        "stage": {"enum": [s.value for s in Stage]},
        "severity": _SEVERITY,
        "confidence": _CONFIDENCE,
        "refs": _list(_TEXT),
        "why": _TEXT,
        "to_do": _TEXT,
    }
    return told


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
    }


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}
