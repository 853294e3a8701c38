"""Components and what advisories say of them, in the report for machines, with their shape."""

from typing import Any

from pratique.core.advisory import Matched, State
from pratique.core.component import Relation, Sure

_TEXT = {"type": "string"}
_COUNT = {"type": "integer", "minimum": 0}


def components_value(matched: Matched) -> dict[str, Any]:
    """Return an inventory and its matches as JSON values."""
    inventory, snapshot = matched.inventory, matched.snapshot
    said: dict[int, list[dict[str, Any]]] = {}
    for match in matched.matches:
        advisory = matched.advisory(match)
        said.setdefault(match.component, []).append(
            {
                "id": advisory.id,
                "state": match.state.value,
                "severity": advisory.severity.name.lower(),
                "fixed": list(match.fixed),
                "why": match.why,
                "silenced": str(match.silenced or ""),
            }
        )
    lost = dict(matched.unmatched)
    return {
        "database": {
            "digest": snapshot.digest,
            "made": snapshot.made,
            "newest": snapshot.newest,
            "records": snapshot.records,
            "trouble": snapshot.trouble,
        },
        "components": [
            {
                "purl": c.purl,
                "name": c.name,
                "version": c.version,
                "spec": c.spec,
                "sure": c.sure.value,
                "relation": c.relation.value,
                "path": c.path,
                "line": c.line,
                "read_from": c.via,
                "unmatched": lost.get(index, ""),
                "advisories": said.get(index, []),
            }
            for index, c in enumerate(inventory.components)
        ],
        "unreadable": [
            {"path": u.path, "line": u.line, "says": u.says} for u in inventory.unreadable
        ],
        "lost": inventory.lost,
        "cleared": matched.cleared,
        "lineage": list(inventory.lineage),
        "datasets": [d.name for d in inventory.datasets],
        "licences": list(inventory.licences),
    }


def components_schema() -> dict[str, Any]:
    """Return the JSON schema of `components_value`, or null where nothing was inventoried."""
    advisory = _closed(
        id=_TEXT,
        state={"enum": [state.value for state in State]},
        severity=_TEXT,
        fixed=_many(_TEXT),
        why=_TEXT,
        silenced=_TEXT,
    )
    component = _closed(
        purl=_TEXT,
        name=_TEXT,
        version=_TEXT,
        spec=_TEXT,
        sure={"enum": [sure.value for sure in Sure]},
        relation={"enum": [relation.value for relation in Relation]},
        path=_TEXT,
        line=_COUNT,
        read_from=_TEXT,
        unmatched=_TEXT,
        advisories=_many(advisory),
    )
    whole = _closed(
        database=_closed(digest=_TEXT, made=_TEXT, newest=_TEXT, records=_COUNT, trouble=_TEXT),
        components=_many(component),
        unreadable=_many(_closed(path=_TEXT, line=_COUNT, says=_TEXT)),
        lost=_COUNT,
        cleared=_COUNT,
        lineage=_many(_TEXT),
        datasets=_many(_TEXT),
        licences=_many(_TEXT),
    )
    return {"description": "what the package names", "anyOf": [whole, {"type": "null"}]}


def _closed(**parts: object) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": parts,
        "required": list(parts),
        "additionalProperties": False,
    }


def _many(item: object) -> dict[str, Any]:
    return {"type": "array", "items": item}
