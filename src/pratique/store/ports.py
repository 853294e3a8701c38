"""What the engine asks of a store; each adapter is one file."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from pratique.core.component import Inventory
from pratique.core.finding import Digest, RuleId
from pratique.core.scan import Inspection


@dataclass(frozen=True, slots=True)
class ResultKey:
    """What a result holds for: these bytes, read by these readers under these limits.

    `owner` is `shared` or a tenant's label: a result is never shown across labels. The rule's own
    version completes the key, receipt by receipt.
    """

    owner: str
    digest: Digest
    readers: str
    limits: str


@dataclass(frozen=True, slots=True)
class FileStamp:
    """Where and when the file system saw a file: a hint for ordering work, never a proof."""

    device: int
    inode: int
    size: int
    modified_ns: int
    changed_ns: int


@dataclass(frozen=True, slots=True, order=True)
class Said:
    """What one advisory said of a component when an inventory was last matched."""

    component: str
    advisory: str
    state: str
    severity: int = -1
    exploited: bool = False
    fixed: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Kept:
    """What one artifact names: by its root digest and label, with the name that it was scanned by.

    `states` are as they were when it was last matched; None, on the way in, leaves them as they
    are. `made_by` is the version of what made the inventory, 0 where it was not noted.
    """

    root: Digest
    name: str
    inventory: Inventory
    states: frozenset[Said] | None = frozenset()
    owner: str = "shared"
    made_by: int = 0


@dataclass(frozen=True, slots=True)
class Unread:
    """An inventory that is there and cannot be read, and why."""

    root: str
    name: str
    why: str


class Store(Protocol):
    """Keeps results by content and hints by file stamp.

    `trouble` is why results could not be kept, said once; empty while all is well.
    """

    trouble: str
    """Why something could not be kept, for the operator; empty as long as all is well."""

    def load(self, key: ResultKey, versions: Mapping[RuleId, int]) -> Inspection | None:
        """Return what is known under `key` from rules at exactly these versions, or None.

        Findings and receipts of a rule at another version are left out: the caller sees by the
        missing receipt that the rule is still to be run.
        """

    def save(self, key: ResultKey, inspection: Inspection, ran: frozenset[RuleId]) -> None:
        """Replace what is known under `key` from the rules that ran, facts included."""

    def keep_inventory(self, kept: Kept) -> None:
        """Keep what an artifact names, for advisories that come later."""

    def inventories(self) -> Iterator[Kept | Unread]:
        """Yield what every scanned artifact names, a few at a time, and what cannot be read."""

    def hint(self, stamp: FileStamp) -> Digest | None:
        """Return the digest that a file with this stamp had when it was last hashed, or None."""

    def remember(self, stamp: FileStamp, digest: Digest) -> None:
        """Keep a stamp's digest as a hint."""

    def close(self) -> None:
        """Let go of files and connections."""
