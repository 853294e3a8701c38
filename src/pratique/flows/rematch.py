"""The story of new advisories: every kept inventory is matched again, and no model byte is read."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from pratique.advisories.install import snapshot_of
from pratique.advisories.match import Matcher
from pratique.core.errors import MachineError
from pratique.flows.advice import states
from pratique.store.opening import open_store

State = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Change:
    """What a newer database says of one artifact: new states, and those that no longer hold."""

    root: str
    name: str
    new: tuple[State, ...]
    gone: tuple[State, ...]


def rematch(cache: Path, folder: Path, now: datetime) -> Iterator[Change]:
    """Yield one change, empty or not, for each artifact that was scanned.

    Raises:
        MachineError: there is no usable database.

    """
    database, snapshot = snapshot_of(folder, None, now)
    if database is None:
        raise MachineError(f"{snapshot.trouble}; {snapshot.hint}")
    with closing(database), closing(open_store(cache)) as store:
        matcher = Matcher(database)
        for kept in store.inventories():
            seen = states(matcher.match(kept.inventory, snapshot))
            change = Change(
                root=kept.root,
                name=kept.name,
                new=tuple(sorted(seen - kept.states)),
                gone=tuple(sorted(kept.states - seen)),
            )
            if seen != kept.states:
                store.keep_inventory(replace(kept, states=seen))
            yield change
