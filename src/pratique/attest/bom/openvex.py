"""What was matched, as an OpenVEX 0.2 document: https://github.com/openvex/spec."""

import uuid
from datetime import datetime
from typing import Any, Final

from pratique.core.advisory import Match, Matched, State
from pratique.core.scan import Scan

_NAMESPACE: Final = uuid.UUID("0e0ce2a2-15c5-5d2e-8f3c-2a1c94c6b6de")


def openvex(scan: Scan, made: datetime, tool: str) -> dict[str, Any]:
    """Return a statement for each match: affected, under investigation, or why it is neither.

    It is bound to the artifact by its root digest. What it says is our reading of advisories; who
    answers for a silenced match is named in it.
    """
    root = scan.root().removeprefix("sha256:")
    matched = scan.matched
    rows = sorted(matched.matches, key=lambda m: (m.advisory, m.component)) if matched else []
    statements = [_statement(matched, match, root) for match in rows if matched]
    return {
        "@context": "https://openvex.dev/ns/v0.2.0",
        "@id": f"urn:uuid:{uuid.uuid5(_NAMESPACE, root)}",
        "author": f"pratique {tool}",
        "timestamp": made.isoformat(timespec="seconds"),
        "version": 1,
        "statements": statements,
    }


def _statement(matched: Matched, match: Match, root: str) -> dict[str, Any]:
    advisory, component = matched.advisory(match), matched.component(match)
    told: dict[str, Any] = {
        "vulnerability": {"name": advisory.id, "aliases": list(advisory.aliases)},
        "products": [
            {
                "@id": f"pkg:generic/model?checksum=sha256:{root}",
                "hashes": {"sha-256": root},
                "subcomponents": [{"@id": component.purl}],
            }
        ],
    }
    if match.silenced:
        return told | {"status": "not_affected", "impact_statement": match.silenced}
    if match.state is State.UNKNOWN:
        return told | {"status": "under_investigation", "status_notes": match.why}
    mend = f"move to {match.fixed[0]} or later" if match.fixed else "no mended version is named"
    return told | {"status": "affected", "action_statement": f"{component.name}: {mend}"}
