"""The story of new advisories: every kept inventory is matched again, and no model byte is read."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Final

from pratique.advisories.install import NoDatabaseError, snapshot_of
from pratique.advisories.match import Matcher
from pratique.artifacts.matched import INVENTORY_VERSION
from pratique.core.errors import MachineError, UsageError
from pratique.flows.advice import said
from pratique.flows.changes import Change, compared
from pratique.store.opening import holds_results, open_store
from pratique.store.ports import Unread

STALE: Final = "what it names was read by another version of Pratique; scan again"


def rematch(cache: Path, folder: Path, now: datetime) -> Iterator[Change]:
    """Yield one change, empty or not, for each artifact that was scanned.

    Raises:
        MachineError: there is no usable database, or the results cannot be read or kept.
        UsageError: no results are kept there.

    """
    if not holds_results(cache):
        raise UsageError(f"{cache}: no results are kept there; name their folder with --cache")
    database, snapshot = snapshot_of(folder, None, now)
    if database is None:
        raise NoDatabaseError(snapshot.trouble, folder)
    with closing(database), closing(open_store(cache)) as store:
        matcher = Matcher(database)
        for kept in store.inventories():
            if isinstance(kept, Unread):
                why = f"its inventory cannot be read: {kept.why}; scan again"
                yield Change(kept.root, kept.name, trouble=why)
                continue
            seen, before = said(matcher.match(kept.inventory, snapshot)), kept.states or frozenset()
            if seen != before:
                store.keep_inventory(replace(kept, states=seen))
            trouble = "" if kept.made_by == INVENTORY_VERSION else STALE
            yield replace(compared(before, seen), root=kept.root, name=kept.name, trouble=trouble)
        if store.trouble:
            raise MachineError(store.trouble)
