"""The shape every reader has: bytes of one subject in; views, members, claims and facts out."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar

from pratique.artifacts.blob import Blob, Scratch
from pratique.artifacts.laid import Laid
from pratique.core.errors import LimitExceededError
from pratique.core.fact import Fact
from pratique.core.limits import KiB, Limits, MiB

HEAD = 64 * KiB
TAIL = 66 * KiB
"""Enough for a zip's end record with the longest comment."""

FREE_EXPANSION = 64 * MiB
"""What may come out of a small file whatever the ratio: sparse arrays pack very well."""


PACKED = "packed data"
"""What a claim says where a format packs a part of its own: a gzip header there is no stowaway."""


class Kind(StrEnum):
    """What sort of format a reader reads.

    Two readers of kind DATA or ARCHIVE that both claim one subject make it a polyglot; TEXT readers
    are interpretations of one text and may overlap.
    """

    DATA = "data"
    ARCHIVE = "archive"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class TensorRole:
    """A container says that the member is the raw elements of one tensor (or storage)."""

    name: str
    dtype: str
    shape: tuple[int, ...]


@dataclass(slots=True)
class Budget:
    """What one file may still cost, shared by all its members."""

    limits: Limits
    file_size: int
    members: int = 0
    expanded: int = 0

    def take_member(self) -> None:
        """Count one member.

        Raises:
            LimitExceededError: more members than the limit.

        """
        self.members += 1
        if self.members > self.limits.members:
            raise LimitExceededError(f"more than {self.limits.members} members")

    def take_bytes(self, count: int) -> None:
        """Count `count` bytes that came out of a decompressor.

        Raises:
            LimitExceededError: past the absolute limit, or past the ratio to the file's size.

        """
        self.expanded += count
        most = self.limits.expanded_bytes
        if self.expanded > most:
            raise LimitExceededError(f"unpacks to more than {most} bytes")
        ratio = self.limits.expansion_ratio
        if self.expanded > max(FREE_EXPANSION, ratio * self.file_size):
            raise LimitExceededError(f"unpacks to more than {ratio} times its size")

    @property
    def left(self) -> int:
        """Return how many more bytes may come out of decompressors."""
        by_ratio = max(FREE_EXPANSION, self.limits.expansion_ratio * self.file_size)
        return max(0, min(self.limits.expanded_bytes, by_ratio) - self.expanded)


@dataclass(frozen=True, slots=True)
class Subject:
    """One thing to read: a file or a member of one. `chain` is empty for the file itself.

    `opaque` tells that the container already accounts for these bytes as data (an array inside a
    pickle): then it is no gap when no reader knows them. `role` is what the container says it is,
    `laid` what a file beside it says that it holds.
    `own` are the Python modules whose sources the container holds, and loads instead of others.
    `context` is what the container knows for the reader of the member: names of other cells.
    """

    chain: tuple[str, ...]
    blob: Blob
    budget: Budget
    scratch: Scratch
    role: TensorRole | None = None
    opaque: bool = False
    own: frozenset[str] = frozenset()
    laid: tuple[Laid, ...] = ()
    context: object = None
    head: bytes = field(init=False)
    tail: bytes = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "head", self.blob.read(0, HEAD))
        object.__setattr__(self, "tail", self.blob.read(max(0, self.blob.size - TAIL), TAIL))

    @property
    def limits(self) -> Limits:
        """Return the bounds in force."""
        return self.budget.limits

    @property
    def size(self) -> int:
        """Return the number of bytes."""
        return self.blob.size


@dataclass(frozen=True, slots=True)
class Member:
    """Something inside a subject that is a subject of its own.

    The engine inspects it before it asks the reader for the next item, so a blob that lives in the
    scratch space need only last until then.
    """

    name: str
    blob: Blob
    role: TensorRole | None = None
    opaque: bool = False
    own: frozenset[str] = frozenset()
    context: object = None


@dataclass(frozen=True, slots=True)
class Claim:
    """Bytes `start` to `end` of the subject are accounted for; `what` says as what."""

    start: int
    end: int
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What a reader shows to rules. Subclasses are frozen and hold no handle.

    `covered` is how many bytes of the subject the view speaks for; `partial` says why it does not
    show everything (empty: it does).
    """

    covered: int = 0
    partial: str = ""


Item = View | Member | Claim | Fact


class Reader(ABC):
    """Reads one format. Stateless: one instance serves every subject."""

    name: ClassVar[str]
    version: ClassVar[int] = 1
    kind: ClassVar[Kind]
    views: ClassVar[tuple[type[View], ...]]
    """Every view type that `read` may yield: what the plan of a subject is made from."""
    carries_archive: ClassVar[bool] = False
    """The format lets an archive stand behind its last byte, which the archive's reader opens."""

    def warm(self) -> None:  # noqa: B027 - most readers have nothing to do here
        """Import and compile what `read` needs and a process that reads nothing does not.

        A zygote calls it once; a worker that is locked can no longer import.
        """

    @abstractmethod
    def recognises(self, subject: Subject) -> bool:
        """Tell by content alone, from head and tail, whether `read` should try. Never raises."""

    @abstractmethod
    def read(self, subject: Subject) -> Iterator[Item]:
        """Yield what is in the subject, in any order, as it is met.

        Raises:
            MalformedError: the bytes break the format; what was yielded before still counts.
            LimitExceededError: a bound was hit; what was yielded before still counts.

        """
