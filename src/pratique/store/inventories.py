"""Inventories in the tables: each row is read by itself, so that a broken one costs no other."""

import json
from typing import Any, Final

from sqlalchemy import Connection, insert, select, update

from pratique.core.errors import MalformedError
from pratique.core.finding import Digest
from pratique.core.inventory_json import dump, load
from pratique.store.packed import opened, shut
from pratique.store.ports import Kept, Said, Unread
from pratique.store.tables import inventory

MAX_NAME: Final = 1_000
BATCH: Final = 200


def keep(db: Connection, kept: Kept) -> None:
    """Put an inventory in the place of the one that is kept under its digest and label."""
    where = inventory.c.owner == kept.owner, inventory.c.root == kept.root
    row = db.execute(select(inventory).where(*where)).first()
    states = kept.states
    if states is None:
        former = _of(row) if row is not None else None
        states = former.states if isinstance(former, Kept) else None
    told = {
        "name": kept.name[-MAX_NAME:],
        "body": shut(dump(kept.inventory).decode()),
        "states": shut(_dumped(states or frozenset(), kept.made_by)),
    }
    if row is None:
        db.execute(insert(inventory).values(owner=kept.owner, root=kept.root, **told))
    else:  # the row stays where it is: whoever goes through them all comes by it once
        db.execute(update(inventory).where(*where).values(told))


def kept_after(db: Connection, after: int) -> list[tuple[int, Kept | Unread]]:
    """Return the next few inventories with the numbers of their rows."""
    query = select(inventory).where(inventory.c.id > after).order_by(inventory.c.id).limit(BATCH)
    return [(row.id, _of(row)) for row in db.execute(query)]


def _of(row: Any) -> Kept | Unread:  # noqa: ANN401 - SQLAlchemy's own type
    try:
        names = load(opened(row.body).encode("utf-8", "surrogatepass"))
        states, made_by = _states(json.loads(opened(row.states)))
    except (MalformedError, ValueError, TypeError, KeyError, RecursionError) as e:
        return Unread(str(row.root), str(row.name), str(e)[:200])
    return Kept(Digest(row.root), row.name, names, states, row.owner, made_by)


def _dumped(states: frozenset[Said], made_by: int) -> str:
    rows = [
        [s.component, s.advisory, s.state, s.severity, s.exploited, s.fixed, s.aliases]
        for s in sorted(states)
    ]
    return json.dumps({"made_by": made_by, "states": rows})


def _states(told: Any) -> tuple[frozenset[Said], int]:  # noqa: ANN401 - JSON
    """Return states and what made the inventory; a list is what earlier versions wrote."""
    rows, made_by = (told, 0) if isinstance(told, list) else (told["states"], int(told["made_by"]))
    found = set()
    for row in rows:
        component, advisory, state, *more = row
        severity, exploited, fixed, aliases = more or (-1, False, (), ())
        names = tuple(map(str, fixed)), tuple(map(str, aliases))
        about = str(component).strip(), str(advisory), str(state)
        found.add(Said(*about, int(severity), bool(exploited), *names))
    return frozenset(found), made_by
