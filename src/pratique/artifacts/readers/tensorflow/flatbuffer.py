"""Tables, vectors and texts of a flatbuffer, read out of a blob within bounds.

Format: https://flatbuffers.dev/internals/
"""

from pratique.artifacts.blob import Blob
from pratique.core.errors import LimitExceededError, MalformedError
from pratique.core.limits import KiB

WINDOW = 16 * KiB
MAX_READS = 20_000_000
MAX_FIELDS = 200
_U16, _U32 = 2, 4


class Flat:
    """Reads numbers anywhere in a blob and keeps one window of it; `reach` is the furthest byte."""

    def __init__(self, blob: Blob) -> None:
        self.size, self.reach = blob.size, 0
        self._blob, self._base, self._window, self._reads = blob, 0, b"", 0

    def number(self, at: int, width: int, *, signed: bool = False) -> int:
        """Return the number of `width` bytes at `at`.

        Raises:
            MalformedError: it lies outside of the file.

        """
        return int.from_bytes(self.bytes(at, width), "little", signed=signed)

    def bytes(self, at: int, count: int) -> bytes:
        """Return `count` bytes at `at`.

        Raises:
            MalformedError: they lie outside of the file.
            LimitExceededError: more was read than any honest file needs.

        """
        if at < 0 or at + count > self.size:
            raise MalformedError("an offset leads outside of the file", max(0, min(at, self.size)))
        self._reads += 1
        if self._reads > MAX_READS:
            raise LimitExceededError(f"more than {MAX_READS} reads in one flatbuffer")
        here = at - self._base
        if here < 0 or here + count > len(self._window):
            self._base, here = at, 0
            self._window = self._blob.read(at, max(WINDOW, count))
        self.reach = max(self.reach, at + count)
        return self._window[here : here + count]

    def root(self) -> "Table":
        """Return the table that the file begins with."""
        return Table(self, self.number(0, _U32))


class Table:
    """One table: fields by number, each of which may be missing."""

    __slots__ = ("_at", "_fields", "_flat")

    def __init__(self, flat: Flat, at: int) -> None:
        self._flat, self._at = flat, at
        shape = at - flat.number(at, _U32, signed=True)
        size = flat.number(shape, _U16)
        if size < 2 * _U16 or size % _U16 or size > 2 * _U16 * MAX_FIELDS:
            raise MalformedError("a table's list of fields has no sound size", max(0, shape))
        raw = flat.bytes(shape, size)
        self._fields = [int.from_bytes(raw[n : n + 2], "little") for n in range(4, size, 2)]

    @property
    def at(self) -> int:
        """Return where the table stands."""
        return self._at

    def place(self, field: int) -> int:
        """Return where a field's value stands, 0 where the table has none."""
        offset = self._fields[field] if field < len(self._fields) else 0
        return self._at + offset if offset else 0

    def number(self, field: int, width: int, default: int = 0, *, signed: bool = False) -> int:
        """Return a field's number, or what it is by default."""
        at = self.place(field)
        return self._flat.number(at, width, signed=signed) if at else default

    def vector(self, field: int, width: int) -> tuple[int, int]:
        """Return where a vector's elements begin, and how many there are.

        Raises:
            MalformedError: it does not fit into the file.

        """
        at = self.place(field)
        if not at:
            return 0, 0
        start = at + self._flat.number(at, _U32)
        count = self._flat.number(start, _U32)
        start += _U32
        if start + count * width > self._flat.size:
            raise MalformedError("a vector goes beyond the end of the file", start - _U32)
        self._flat.reach = max(self._flat.reach, start + count * width)
        return start, count

    def text(self, field: int, most: int) -> str:
        """Return a text, of which at most `most` bytes are read."""
        start, count = self.vector(field, 1)
        if not count:
            return ""
        self._flat.reach = max(self._flat.reach, start + count + 1)
        return self._flat.bytes(start, min(count, most)).decode("utf-8", "replace")

    def tables(self, field: int, most: int) -> "list[int]":
        """Return where the tables of a vector stand.

        Raises:
            LimitExceededError: more than `most`.

        """
        start, count = self.vector(field, _U32)
        if count > most:
            raise LimitExceededError(f"more than {most} tables in one vector")
        return [at + self._flat.number(at, _U32) for at in range(start, start + count * _U32, _U32)]

    def numbers(self, field: int, most: int) -> "list[int]":
        """Return the signed 32-bit numbers of a vector, at most `most`."""
        start, count = self.vector(field, _U32)
        return [
            self._flat.number(start + n * _U32, _U32, signed=True) for n in range(min(count, most))
        ]
