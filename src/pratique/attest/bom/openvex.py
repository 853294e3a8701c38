"""What was matched, as an OpenVEX 0.2 document: https://github.com/openvex/spec."""

import json
from datetime import datetime
from typing import Any

from pratique.attest.bom.text import mark, tidy
from pratique.core.advisory import Match, Matched, Silence, State
from pratique.core.scan import Scan


def openvex(scan: Scan, made: datetime, tool: str) -> dict[str, Any]:
    """Return a statement for each match: affected, under investigation, or why it is neither.

    It is bound to the artifact by its root digest. What it says is our reading of advisories; who
    answers for a silenced match is named in it.
    """
    root = scan.root().removeprefix("sha256:")
    matched = scan.matched
    rows = sorted(matched.matches, key=lambda m: (m.advisory, m.component)) if matched else []
    every = [_statement(matched, match, root) for match in rows if matched]
    # two files may name one component: the schema wants each statement once
    statements = list({json.dumps(one, sort_keys=True): one for one in every}.values())
    told = {"author": f"pratique {tool}", "version": 1, "statements": tidy(statements)}
    return {
        "@context": "https://openvex.dev/ns/v0.2.0",
        "@id": f"urn:uuid:{mark('openvex', root, json.dumps(told, sort_keys=True))}",
        "timestamp": made.isoformat(timespec="seconds"),
        **told,
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
    if match.silenced is not None:
        return told | _silent(match.silenced)
    if match.state is State.UNKNOWN:
        return told | {"status": "under_investigation", "status_notes": match.why}
    mend = f"move to {match.fixed[0]} or later" if match.fixed else "no mended version is named"
    return told | {"status": "affected", "action_statement": f"{component.name}: {mend}"}


def _silent(silence: Silence) -> dict[str, str]:
    """Return a statement that is passed on; the notes say who answers for it, and until when."""
    told = {
        "status": silence.status,
        "status_notes": f"pratique:expires={silence.expires} {silence}",
    }
    if silence.status == "fixed":
        return told
    if silence.justification:  # the schema wants one of the two, not both
        return told | {"justification": silence.justification}
    return told | {"impact_statement": silence.impact}
