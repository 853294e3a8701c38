"""Walks FlatBuffers by their own offsets, a table at a time, within the bytes that are there.

Format: https://flatbuffers.dev/internals/
"""

from dataclasses import dataclass

from pratique.artifacts.readers.window import Window
from pratique.core.errors import LimitExceededError, MalformedError

MAX_ENTRIES = 4_000_000
MAX_TEXT = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Entries:
    """A vector: where its first entry stands, and how many there are."""

    start: int
    count: int


@dataclass(frozen=True, slots=True)
class Table:
    """One table. Every place is an offset in the window; what points outside is malformed."""

    window: Window
    at: int
    _vtable: int
    _fields: int

    def place(self, index: int) -> int:
        """Return where a field's value stands, 0 where the table does not have it."""
        if index >= self._fields:
            return 0
        offset = self.window.u16(self._vtable + 4 + 2 * index)
        return self.at + offset if offset else 0

    def number(self, index: int, sort: str, default: int = 0) -> int:
        """Return a whole number of a struct letter."""
        at = self.place(index)
        return self.window.number(at, sort) if at else default

    def follow(self, index: int) -> int:
        """Return where a field's offset leads, 0 without one."""
        at = self.place(index)
        return at + self.window.u32(at) if at else 0

    def table(self, index: int) -> "Table | None":
        """Return a table that a field leads to."""
        at = self.follow(index)
        return table_at(self.window, at) if at else None

    def span(self, index: int) -> tuple[int, int]:
        """Return where the bytes of a text or of a vector of bytes stand."""
        found = self.entries(index, 1)
        return found.start, found.start + found.count

    def text(self, index: int) -> str:
        """Return a text, empty without one."""
        start, end = self.span(index)
        if end - start > MAX_TEXT:
            raise LimitExceededError(f"a text of {end - start} bytes")
        return self.window.text(start, end - start)

    def entries(self, index: int, width: int) -> Entries:
        """Return a vector whose entries take `width` bytes each."""
        at = self.follow(index)
        if not at:
            return Entries(0, 0)
        count = self.window.u32(at)
        if count * width > self.window.size - at - 4:
            raise MalformedError(f"a vector of {count} entries goes beyond the end", at)
        return Entries(at + 4, count)

    def tables(self, index: int) -> "list[Table]":
        """Return the tables of a vector."""
        found = self.entries(index, 4)
        if found.count > MAX_ENTRIES:
            raise LimitExceededError(f"a vector of {found.count} tables")
        places = range(found.start, found.start + 4 * found.count, 4)
        return [table_at(self.window, at + self.window.u32(at)) for at in places]


def root(window: Window, at: int = 0) -> Table:
    """Return the root table of a buffer that begins at `at`."""
    return table_at(window, at + window.u32(at))


def table_at(window: Window, at: int) -> Table:
    """Return the table at a place.

    Raises:
        MalformedError: its list of fields is no such list.

    """
    vtable = at - window.i32(at)
    if vtable < 0:
        raise MalformedError("a table's fields lie before the beginning", at)
    size = window.u16(vtable)
    if size < 4 or size % 2:  # noqa: PLR2004 - two sizes stand before the fields
        raise MalformedError(f"a table has a list of fields of {size} bytes", vtable)
    window.take(vtable, size)
    return Table(window, at, vtable, (size - 4) // 2)
