"""An inventory as JSON and back: believed in nothing on the way back, as any answer of a worker."""

import json
from typing import Any, Final

from pratique.core.component import Component, Dataset, Inventory, Relation, Sure, Unreadable
from pratique.core.errors import MalformedError
from pratique.core.fact import Json

SHAPE: Final = "pratique-inventory/1"
MAX_COMPONENTS: Final = 20_000
MAX_ROWS: Final = 2_000
MAX_TEXT: Final = 4_000
MAX_INT: Final = 1 << 62


def value(inventory: Inventory) -> dict[str, Json]:
    """Return an inventory as JSON values."""
    return {
        "shape": SHAPE,
        "components": [_row(c) for c in inventory.components],
        "unreadable": [[u.path, u.line, u.says] for u in inventory.unreadable],
        "places": inventory.places,
        "lost": inventory.lost,
        "lineage": list(inventory.lineage),
        "datasets": [[d.name, d.path] for d in inventory.datasets],
        "licences": list(inventory.licences),
    }


def dump(inventory: Inventory) -> bytes:
    """Return an inventory as JSON text, the same for the same inventory."""
    return json.dumps(value(inventory), separators=(",", ":")).encode()


def load(body: bytes) -> Inventory:
    """Return the inventory that a JSON text stands for.

    Raises:
        MalformedError: it stands for none.

    """
    try:
        return inventory_of(json.loads(body))
    except (ValueError, RecursionError) as e:
        raise MalformedError(f"no inventory: {e}"[:300]) from e


def inventory_of(told: object) -> Inventory:
    """Return the inventory that JSON values stand for.

    Raises:
        MalformedError: they stand for none.

    """
    try:
        return _inventory(told)
    except (KeyError, TypeError, ValueError) as e:
        raise MalformedError(f"no inventory: {e!r}"[:300]) from e


def _inventory(told: Any) -> Inventory:  # noqa: ANN401 - JSON of unknown shape
    if told["shape"] != SHAPE:
        raise ValueError("another shape")
    return Inventory(
        components=tuple(_component(row) for row in _rows(told["components"], MAX_COMPONENTS)),
        unreadable=tuple(
            Unreadable(_text(path), _count(line), _text(says))
            for path, line, says in _rows(told["unreadable"], MAX_ROWS)
        ),
        places=_count(told["places"]),
        lost=_count(told["lost"]),
        lineage=tuple(_text(one) for one in _rows(told["lineage"], MAX_ROWS)),
        datasets=tuple(Dataset(_text(n), _text(p)) for n, p in _rows(told["datasets"], MAX_ROWS)),
        licences=tuple(_text(one) for one in _rows(told["licences"], MAX_ROWS)),
    )


def _row(c: Component) -> Json:
    where: list[Json] = [c.path, c.line, c.via]
    how: list[Json] = [c.version, c.spec, c.sure.value, c.relation.value]
    return [c.ecosystem, c.name, *how, *where, c.marker, c.url, list(c.digests)]


def _component(row: Any) -> Component:  # noqa: ANN401 - JSON of unknown shape
    ecosystem, name, version, spec, sure, relation, path, line, via, marker, url, digests = row
    return Component(
        ecosystem=_text(ecosystem),
        name=_text(name),
        version=_text(version),
        spec=_text(spec),
        sure=Sure(sure),
        relation=Relation(relation),
        path=_text(path),
        line=_count(line),
        via=_text(via),
        marker=_text(marker),
        url=_text(url),
        digests=tuple(_text(one) for one in _rows(digests, 16)),
    )


def _rows(told: object, most: int) -> list[Any]:
    if not isinstance(told, list) or len(told) > most:
        raise ValueError(f"not a list of at most {most}")
    return told


def _text(told: object) -> str:
    if not isinstance(told, str) or len(told) > MAX_TEXT:
        raise ValueError("not a text")
    return told


def _count(told: object) -> int:
    if type(told) is not int or not 0 <= told <= MAX_INT:
        raise ValueError("not a count")
    return told
