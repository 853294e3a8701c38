"""The store of a run that keeps nothing: dictionaries, and no database to import."""

import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace

from pratique.core.finding import Digest, RuleId
from pratique.core.scan import Inspection
from pratique.store.ports import FileStamp, Kept, ResultKey


class MemoryStore:
    """A store that lives as long as the run; every method may be called from any thread."""

    def __init__(self) -> None:
        self.trouble = ""
        self._lock = threading.Lock()
        self._known: dict[ResultKey, Inspection] = {}
        self._kept: dict[tuple[str, Digest], Kept] = {}
        self._seen: dict[tuple[int, int], tuple[FileStamp, Digest]] = {}

    def load(self, key: ResultKey, versions: Mapping[RuleId, int]) -> Inspection | None:
        """Return what is known under `key` from rules at exactly these versions, or None."""
        with self._lock:
            known = self._known.get(key)
        if known is None:
            return None
        good = {r.rule for r in known.receipts if versions.get(r.rule) == r.version}
        return replace(
            known,
            findings=tuple(f for f in known.findings if f.rule in good),
            receipts=tuple(r for r in known.receipts if versions.get(r.rule) == r.version),
        )

    def save(self, key: ResultKey, inspection: Inspection, ran: frozenset[RuleId]) -> None:
        """Replace what is known under `key` from the rules that ran, facts included."""
        with self._lock:
            before = self._known.get(key, Inspection())
            kept = [f for f in before.findings if f.rule not in ran]
            held = [r for r in before.receipts if r.rule not in ran]
            self._known[key] = Inspection(
                (*kept, *(f for f in inspection.findings if f.rule in ran)),
                (*held, *(r for r in inspection.receipts if r.rule in ran)),
                inspection.facts,
            )

    def keep_inventory(self, kept: Kept) -> None:
        """Keep what an artifact names, for advisories that come later."""
        with self._lock:
            before = self._kept.get((kept.owner, kept.root))
            if kept.states is None:
                kept = replace(kept, states=before.states if before else frozenset())
            self._kept[kept.owner, kept.root] = kept

    def inventories(self) -> Iterator[Kept]:
        """Yield what every scanned artifact names."""
        with self._lock:
            kept = list(self._kept.values())
        yield from kept

    def hint(self, stamp: FileStamp) -> Digest | None:
        """Return the digest that a file with this stamp had when it was last hashed, or None."""
        with self._lock:
            seen = self._seen.get((stamp.device, stamp.inode))
        return seen[1] if seen is not None and seen[0] == stamp else None

    def remember(self, stamp: FileStamp, digest: Digest) -> None:
        """Keep a stamp's digest as a hint."""
        with self._lock:
            self._seen[stamp.device, stamp.inode] = stamp, digest

    def close(self) -> None:
        """Forget everything."""
        with self._lock:
            self._known.clear()
            self._kept.clear()
            self._seen.clear()
