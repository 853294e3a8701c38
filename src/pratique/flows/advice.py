"""What advisories say of a scanned package: its inventory is matched, kept, and judged."""

from collections.abc import Sequence
from datetime import UTC, datetime

from pratique.advisories import vex
from pratique.advisories.install import default_folder, snapshot_of
from pratique.advisories.match import match
from pratique.artifacts.matched import INVENTORY_VERSION
from pratique.core.advisory import Matched
from pratique.core.scan import FileReport, Inspection, root_digest
from pratique.engine import advice
from pratique.engine.repository import pinned
from pratique.flows.asked import Asked
from pratique.store.ports import Kept, Said, Store


def advised(
    source: str, files: Sequence[FileReport], repository: Inspection, asked: Asked, store: Store
) -> tuple[Matched | None, Inspection]:
    """Return what the database in use says of the components that the files name.

    Without an inventory every rule leaves a receipt that says so.
    """
    inventory = advice.inventory(repository)
    if inventory is None:
        return None, advice.unjudged("no inventory of its components could be made")
    folder = asked.advisories or default_folder()
    database, snapshot = snapshot_of(folder, asked.max_age_days, datetime.now(UTC))
    matched = match(inventory, database, snapshot)
    if database is not None:
        database.close()
    if snapshot.trouble and inventory.matchable:
        asked.watcher.noticed(f"{snapshot.trouble}; {snapshot.hint}")
    if snapshot.warning and inventory.matchable:
        asked.watcher.noticed(snapshot.warning)
    if all(file.digest for file in files):
        root = root_digest((file.path, file.digest) for file in files)
        matched, ignored = vex.apply(matched, asked.vex, root, datetime.now(UTC))
        for why in ignored:
            asked.watcher.noticed(f"{source}: {why}")
        known = said(matched) if snapshot.usable else None  # nothing said nothing new
        store.keep_inventory(Kept(root, source, inventory, known, made_by=INVENTORY_VERSION))
    elif asked.vex:
        asked.watcher.noticed(f"{source}: no VEX counts: a file could not be read, so no digest")
    return matched, pinned(advice.judged(matched), files)


def said(matched: Matched) -> frozenset[Said]:
    """Return what every match says: what two of them differ by."""
    found = set()
    for one in matched.matches:
        component, advisory = matched.component(one), matched.advisory(one)
        named = component.purl if component.version else f"{component.purl} {component.spec}"
        found.add(
            Said(
                component=named.strip(),
                advisory=advisory.id,
                state=one.state.value,
                severity=int(advisory.severity),
                exploited=advisory.exploited,
                fixed=one.fixed,
                aliases=advisory.aliases,
            )
        )
    return frozenset(found)
