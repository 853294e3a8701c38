"""The folder of a badge: what is in it, and `badge.json`, which ties the rest together."""

import json
from typing import Any, Final

from pratique.core.canonical import canonical
from pratique.core.errors import EvidenceError
from pratique.core.limits import KiB, MiB

BADGE: Final = "badge.json"
STATEMENT: Final = "scan.intoto.json"
SIGNATURE: Final = "model.sig"
PICTURE: Final = "badge.svg"
EVIDENCE: Final = "scan.json"
NAMES: Final = frozenset({BADGE, STATEMENT, SIGNATURE, PICTURE, EVIDENCE})

MAX_BADGE: Final = 192 * MiB
MAX_PICTURE: Final = 64 * KiB
MAX_EVIDENCE: Final = 1024 * MiB

_VERIFY: Final = "pratique verify PATH --badge FOLDER --trust trust.json"
_NOTE: Final = (
    "Only `envelope` is signed. The rest repeats what it says, and `pratique verify` refuses a "
    "badge in which it does not. Get trust.json from the signer by another way than this badge."
)


def badge(envelope: dict[str, Any], statement: dict[str, Any]) -> dict[str, Any]:
    """Return `badge.json`: the envelope, and what it says in the open for machines that show it."""
    told = statement["predicate"]
    return {
        "schemaVersion": 1,
        "result": told["result"],
        "level": told["level"],
        "issuedOn": told["issuedOn"],
        "expires": told["expires"],
        "keyid": envelope["signatures"][0]["keyid"],
        "covers": {
            "root": told["model"]["root"],
            "files": len(statement["subject"]),
            "stages": {stage["id"]: stage["status"] for stage in told["stages"]},
            "limitations": told["limitations"],
        },
        "verify": _VERIFY,
        "note": _NOTE,
        "statement": statement,
        "envelope": envelope,
    }


def envelope_of(value: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    """Return the envelope in a parsed `badge.json`.

    Raises:
        EvidenceError: there is none.

    """
    envelope = value.get("envelope") if isinstance(value, dict) else None
    if not isinstance(envelope, dict):
        raise EvidenceError(f"{BADGE}: holds no envelope")
    return envelope


def same(value: Any, envelope: dict[str, Any], statement: dict[str, Any]) -> None:  # noqa: ANN401
    """Make sure that everything unsigned in `badge.json` repeats the signed statement.

    Raises:
        EvidenceError: a key is missing, added, or says something else.

    """
    wanted = badge(envelope, statement)
    # canonical JSON tells apart what Python calls equal: true and 1
    ours, theirs = _spelled(wanted), _spelled(value)
    odd = sorted(key for key in ours.keys() | theirs.keys() if ours.get(key) != theirs.get(key))
    if odd:
        raise EvidenceError(f"{BADGE}: {odd[:1]} is not what the signed statement says")


def _spelled(value: dict[str, Any]) -> dict[str, bytes]:
    return {key: canonical(inner) for key, inner in value.items()}


def dump(value: dict[str, Any]) -> bytes:
    """Return a JSON object as the badge's files hold it."""
    return json.dumps(value, indent=1).encode() + b"\n"
