"""The key-value part of GGUF, read with bounds on everything that the file says of itself."""

import math
import struct
from dataclasses import dataclass, field

from pratique.artifacts.blob import Blob
from pratique.artifacts.readers.tensor_layout import Problems
from pratique.core.errors import LimitExceededError, MalformedError
from pratique.core.limits import MiB

CHUNK = 1 * MiB
MAX_KEY = 65_535
"""The longest key by the format's own words."""
MAX_STRING = 1 * MiB
MAX_TOKEN = 64 * 1024
MAX_ITEMS = 16_000_000
"""Array items in one file; the largest vocabularies and their merges stay under two million."""
NESTED = 100
"""What an array inside another counts for: each costs as much time as many plain items."""
MAX_ARRAY_DEPTH = 4
MAX_KEPT = 64 * MiB
FEW = 64
"""Arrays of at most so many strings are shown as texts: no vocabulary, but a place to hide."""
MAX_LISTED = 20_000
"""Texts in all after which those of arrays are stepped over: hostile files have millions."""
TYPED = {"general.alignment": 4, "general.architecture": 8}
"""Keys of which loaders take one type only."""

STRING, ARRAY, BOOL = 8, 9, 7
SCALARS = {
    0: "B",
    1: "b",
    2: "H",
    3: "h",
    4: "I",
    5: "i",
    6: "f",
    7: "B",
    10: "Q",
    11: "q",
    12: "d",
}

Scalar = bool | int | float | str


class FlawError(MalformedError):
    """The header lies in a way that loaders fell for: `sort` is the word that rules choose by.

    Sorts: `length` (a count or length beyond the file), `array` (of a type that does not exist),
    `tensor` (a shape, type or place that cannot be).
    """

    def __init__(self, sort: str, says: str, at: int) -> None:
        super().__init__(says, at)
        self.sort = sort


@dataclass(slots=True)
class Metadata:
    """Keys and values as far as they were read; arrays by their length only."""

    scalars: dict[str, Scalar] = field(default_factory=dict)
    arrays: dict[str, int] = field(default_factory=dict)
    strings: list[tuple[str, str, int, bool]] = field(default_factory=list)
    """(key, text, byte offset, whole) of each string value, and of short arrays of strings."""
    items: int = 0
    kept: int = 0

    def texts(self) -> tuple[tuple[str, str], ...]:
        """Return scalars as texts, for a tensor table."""
        return tuple((k[:100], str(v)[:1000]) for k, v in list(self.scalars.items())[:1000])


class Cursor:
    """Walks forward through the header, a chunk in memory at a time, and never past `stop`."""

    def __init__(self, blob: Blob, at: int, order: str, *, wide: bool) -> None:
        self._blob, self._order = blob, order
        self._base, self._chunk, self._pos = at, b"", 0
        self._length = struct.Struct(order + ("Q" if wide else "I"))
        self._u32, self._u64 = struct.Struct(order + "I"), struct.Struct(order + "Q")
        self.stop = blob.size

    @property
    def at(self) -> int:
        """Return the byte offset of what comes next."""
        return self._base + self._pos

    def u32(self) -> int:
        """Read a 32-bit number."""
        return int(self._number(self._u32))

    def u64(self) -> int:
        """Read a 64-bit number."""
        return int(self._number(self._u64))

    def count(self) -> int:
        """Read a length: 64 bits, 32 in version 1."""
        return int(self._number(self._length))

    def scalar(self, code: str) -> Scalar:
        """Read a number by its struct letter."""
        value: int | float = self._number(struct.Struct(self._order + code))
        return value

    def take(self, size: int) -> bytes:
        """Read `size` bytes, which the caller has bounded."""
        self._need(size)
        body = self._chunk[self._pos : self._pos + size]
        self._pos += size
        return body

    def skip(self, size: int) -> None:
        """Step over bytes that nobody looks at."""
        self.expect(size)
        self._base, self._chunk, self._pos = self.at + size, b"", 0

    def text(self, most: int) -> str:
        """Read a string of at most `most` bytes; bytes that are not UTF-8 are a lie."""
        at = self.at
        size = self.count()
        if size > most:
            self.expect(size)
            raise LimitExceededError(f"a name of {size} bytes at {at}")
        try:
            return self.take(size).decode()
        except UnicodeDecodeError:
            raise MalformedError("a string is not UTF-8", at) from None

    def skip_strings(self, count: int) -> int:
        """Step over `count` strings fast; return how many are too long for a token."""
        long = 0
        unpack, width = self._length.unpack_from, self._length.size
        for _ in range(count):
            if self._pos + width > len(self._chunk):
                self._need(width)
            size = unpack(self._chunk, self._pos)[0]
            self._pos += width
            long += size > MAX_TOKEN
            if self._pos + size > len(self._chunk):
                self.skip(size)
            else:
                self._pos += size
        return long

    def _number(self, form: struct.Struct) -> int | float:
        self._need(form.size)
        value: int | float = form.unpack_from(self._chunk, self._pos)[0]
        self._pos += form.size
        return value

    def expect(self, size: int) -> None:
        """Raise unless `size` more bytes are there and within the limit."""
        if self.at + size > self._blob.size:
            says = f"{size} bytes are announced at {self.at}, {self._blob.size - self.at} follow"
            raise FlawError("length", says, self.at)
        if self.at + size > self.stop:
            raise LimitExceededError(f"the header is longer than {self.stop} bytes")

    def _need(self, size: int) -> None:
        """Make sure that the next `size` bytes are in the chunk."""
        if self._pos + size <= len(self._chunk):
            return
        self.expect(size)
        self._base, self._pos = self.at, 0
        self._chunk = self._blob.read(self._base, max(size, min(CHUNK, self.stop - self._base)))


def read_metadata(cursor: Cursor, keys: int, metadata: Metadata, problems: Problems) -> None:
    """Read `keys` keys and values into `metadata`; what cannot be is a problem or an end."""
    seen: set[str] = set()
    for _ in range(keys):
        at = cursor.at
        key = cursor.text(MAX_KEY)
        if key in seen:
            says = f"the key {key[:80]!r} stands twice: loaders differ in which one they take"
            problems.add("duplicate", says, at)
        seen.add(key)
        kind = cursor.u32()
        _odd_key(key, kind, at, problems)
        if kind == STRING:
            metadata.scalars[key] = _string(cursor, key, metadata)
        elif kind == ARRAY:
            metadata.arrays[key] = _array(cursor, key, metadata, problems)
        elif kind in SCALARS:
            _scalar(cursor, key, kind, metadata, problems)
        else:
            raise MalformedError(f"the key {key[:80]!r} has a value of unknown type {kind}", at)


def _odd_key(key: str, kind: int, at: int, problems: Problems) -> None:
    if "\0" in key:
        problems.add("lie", f"the key {key[:80]!r} ends early for programs in C", at)
    if TYPED.get(key, kind) != kind:
        problems.add("lie", f"the key {key!r} is of type {kind}, which loaders refuse", at)


def _scalar(cursor: Cursor, key: str, kind: int, metadata: Metadata, problems: Problems) -> None:
    at = cursor.at
    value = cursor.scalar(SCALARS[kind])
    if kind == BOOL:
        if value not in {0, 1}:
            problems.add("lie", f"the key {key[:80]!r} is neither true nor false", at)
        value = bool(value)
    if isinstance(value, float) and not math.isfinite(value):
        value = str(value)  # JSON has no such number
    metadata.scalars[key] = value


def _string(cursor: Cursor, key: str, metadata: Metadata) -> str:
    size, base = cursor.count(), cursor.at
    cursor.expect(size)
    keep = min(size, MAX_STRING, MAX_KEPT - metadata.kept)
    text = cursor.take(keep).decode("utf-8", "replace")
    cursor.skip(size - keep)
    metadata.kept += keep
    metadata.strings.append((key, text, base, keep == size))
    return text


def _array(cursor: Cursor, key: str, metadata: Metadata, problems: Problems) -> int:
    """Step over an array, nested ones too; return the number of items of the outermost."""
    open_arrays: list[list[int]] = []
    total = -1
    while True:
        at = cursor.at
        kind, count = cursor.u32(), cursor.count()
        total = count if total < 0 else total
        metadata.items += count + NESTED * len(open_arrays)
        if metadata.items > MAX_ITEMS:
            cursor.expect(count)
            raise LimitExceededError(f"arrays of more than {MAX_ITEMS} items")
        if kind == ARRAY:
            open_arrays.append([count])
            if len(open_arrays) > MAX_ARRAY_DEPTH:
                raise MalformedError(f"the key {key[:80]!r} nests arrays too deep", at)
        elif kind == STRING:
            _strings(cursor, count, key, metadata, problems)
        else:
            _numbers(cursor, kind, count, key)
        while open_arrays and open_arrays[-1][0] == 0:
            open_arrays.pop()
        if not open_arrays:
            return total
        open_arrays[-1][0] -= 1


def _strings(cursor: Cursor, count: int, key: str, metadata: Metadata, problems: Problems) -> None:
    at, long = cursor.at, 0
    if count <= FEW and len(metadata.strings) < MAX_LISTED:
        for _ in range(count):
            _string(cursor, key, metadata)
    else:
        long = cursor.skip_strings(count)
    if long:
        says = f"the key {key[:80]!r} has {long} items longer than {MAX_TOKEN} bytes"
        problems.add("hidden", says, at)


def _numbers(cursor: Cursor, kind: int, count: int, key: str) -> None:
    if kind not in SCALARS:
        says = f"the key {key[:80]!r} is an array of unknown type {kind}"
        raise FlawError("array", says, cursor.at)
    cursor.skip(count * struct.calcsize("<" + SCALARS[kind]))
