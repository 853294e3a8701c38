"""The bytes of an HDF5 file by its own addresses, with a note of all that was accounted for."""

from dataclasses import dataclass, field

from pratique.artifacts.blob import Blob
from pratique.core.errors import LimitExceededError, MalformedError
from pratique.core.limits import GiB, MiB

MAX_BLOCKS = 3_000_000
MAX_BYTES = 2 * GiB
"""Bytes of structures that are read, those read again among them."""
MAX_BLOCK = 64 * MiB
"""One structure in memory; a global heap with a large configuration is the largest that is met."""


class Words:
    """Little-endian numbers and texts out of one structure, in the sizes that the file uses."""

    __slots__ = ("at", "body", "lengths", "offsets", "where")

    def __init__(self, body: bytes, sizes: tuple[int, int], where: int = 0) -> None:
        self.body, self.at, self.where = body, 0, where
        self.offsets, self.lengths = sizes

    @property
    def left(self) -> int:
        """Return how many bytes follow."""
        return len(self.body) - self.at

    def take(self, size: int) -> bytes:
        """Return the next bytes.

        Raises:
            MalformedError: the structure ends before.

        """
        if not 0 <= size <= self.left:
            raise MalformedError("a structure ends before its last field", self.where + self.at)
        self.at += size
        return self.body[self.at - size : self.at]

    def number(self, size: int) -> int:
        """Return the next whole number."""
        return int.from_bytes(self.take(size), "little")

    def length(self) -> int:
        """Return the next number of the size of lengths."""
        return self.number(self.lengths)

    def offset(self) -> int | None:
        """Return the next address, None where it is undefined."""
        raw = self.take(self.offsets)
        return None if raw.count(255) == len(raw) else int.from_bytes(raw, "little")

    def text(self) -> bytes:
        """Return the bytes up to the next zero, which is passed over."""
        end = self.body.find(b"\0", self.at)
        end = len(self.body) if end < 0 else end
        text, self.at = self.body[self.at : end], min(end + 1, len(self.body))
        return text

    def part(self, size: int) -> "Words":
        """Return the next bytes as a structure of their own."""
        where = self.where + self.at
        return Words(self.take(size), (self.offsets, self.lengths), where)


@dataclass(slots=True)
class Marks:
    """Runs of bytes that structures account for; neighbours are joined as they come."""

    runs: list[tuple[int, int]] = field(default_factory=list)

    def add(self, start: int, end: int) -> None:
        """Note a run."""
        if self.runs and self.runs[-1][0] <= start <= self.runs[-1][1]:
            self.runs[-1] = (self.runs[-1][0], max(end, self.runs[-1][1]))
        elif end > start:
            self.runs.append((start, end))


@dataclass(slots=True)
class Source:
    """One file: `base` is where its superblock stands, `end` the end that it names for itself."""

    blob: Blob
    base: int
    end: int
    sizes: tuple[int, int]
    group_leaf: int = 4
    group_inner: int = 16
    chunk_inner: int = 32
    marks: Marks = field(default_factory=Marks)
    blocks: int = 0
    taken: int = 0

    def words(self, address: int | None, size: int, what: str) -> Words:
        """Return a structure of this many bytes, and account for it.

        Raises:
            MalformedError: it does not lie in the file.
            LimitExceededError: it is larger than is held, or there are too many.

        """
        start, end = self.place(address, size, what)
        if size > MAX_BLOCK:
            raise LimitExceededError(f"{what} of {size} bytes")
        self.blocks += 1
        self.taken += size
        if self.blocks > MAX_BLOCKS or self.taken > MAX_BYTES:
            raise LimitExceededError("more structures than are read")
        self.marks.add(start, end)
        return Words(self.blob.read(start, size), self.sizes, start)

    def signed(self, address: int | None, size: int, mark: bytes) -> Words:
        """Return a structure behind its four letters, which must be there."""
        words = self.words(address, size, mark.decode())
        if words.take(4) != mark:
            raise MalformedError(f"no {mark.decode()} where one should be", words.where)
        return words

    def place(self, address: int | None, size: int, what: str) -> tuple[int, int]:
        """Return where bytes at an address of the file lie in the blob."""
        if address is None:
            raise MalformedError(f"{what} has no address")
        start = self.base + address
        if start + size > self.end:
            raise MalformedError(f"{what} of {size} bytes ends past the end of the file", start)
        return start, start + size

    def sized(self, body: bytes, where: int) -> Words:
        """Return words over bytes that were read before."""
        return Words(body, self.sizes, where)
