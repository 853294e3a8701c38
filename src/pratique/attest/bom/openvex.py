"""What was matched, as an OpenVEX 0.2 document: https://github.com/openvex/spec."""

import json
import re
from datetime import datetime
from typing import Any, Final

from pratique.attest.bom.text import mark, tidy
from pratique.core.advisory import Match, Matched, State
from pratique.core.scan import Scan

_LABEL: Final = re.compile(
    r": (component_not_present|vulnerable_code_not_present|vulnerable_code_not_in_execute_path"
    r"|vulnerable_code_cannot_be_controlled_by_adversary|inline_mitigations_already_exist) \(VEX "
)
"""OpenVEX's own label where the statement that silenced a match had one."""


def openvex(scan: Scan, made: datetime, tool: str) -> dict[str, Any]:
    """Return a statement for each match: affected, under investigation, or why it is neither.

    It is bound to the artifact by its root digest. What it says is our reading of advisories; who
    answers for a silenced match is named in it.
    """
    root = scan.root().removeprefix("sha256:")
    matched = scan.matched
    rows = sorted(matched.matches, key=lambda m: (m.advisory, m.component)) if matched else []
    statements = [_statement(matched, match, root) for match in rows if matched]
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
    if match.silenced:
        label = _LABEL.search(match.silenced)
        because = {"justification": label[1]} if label else {}
        if match.silenced.startswith("fixed "):
            return told | {"status": "fixed", "status_notes": match.silenced}
        return told | {"status": "not_affected", **because, "impact_statement": match.silenced}
    if match.state is State.UNKNOWN:
        return told | {"status": "under_investigation", "status_notes": match.why}
    mend = f"move to {match.fixed[0]} or later" if match.fixed else "no mended version is named"
    return told | {"status": "affected", "action_statement": f"{component.name}: {mend}"}
