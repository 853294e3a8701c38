"""Heaps: local ones for names, global ones for texts, fractal ones for links and attributes."""

from bisect import bisect_right
from collections import OrderedDict
from dataclasses import dataclass, field

from pratique.artifacts.readers.hdf5.source import MAX_BLOCK, Source
from pratique.artifacts.readers.hdf5.tree2 import records
from pratique.core.errors import LimitExceededError, MalformedError

MAX_DIRECT = 200_000
MAX_HELD = 64
"""Global heaps that are kept at a time: texts written together stand together."""
HEAP_PREFIX = 8
TINY, HUGE = 2, 1


def local_heap(source: Source, address: int | None) -> bytes:
    """Return the data of a local heap: names, each ended by a zero."""
    head = source.signed(address, 8 + 2 * source.sizes[1] + source.sizes[0], b"HEAP")
    head.take(4)
    size = head.length()
    head.length()
    return source.words(head.offset(), size, "the data of a local heap").body


def named(heap: bytes, at: int) -> str:
    """Return the name at an offset of a local heap."""
    if at >= len(heap):
        raise MalformedError("a name lies outside of its heap")
    end = heap.find(b"\0", at)
    return heap[at : end if end >= 0 else len(heap)].decode("utf-8", "replace")


@dataclass(slots=True)
class GlobalHeaps:
    """Objects of global heaps by address and number."""

    source: Source
    held: OrderedDict[int, dict[int, bytes]] = field(default_factory=OrderedDict)

    def get(self, address: int | None, number: int) -> bytes:
        """Return one object; nothing for the address zero, which stands for an empty text."""
        if not address:
            return b""
        if address not in self.held:
            self.held[address] = global_heap(self.source, address)
            if len(self.held) > MAX_HELD:
                self.held.popitem(last=False)
        return self.held[address].get(number, b"")


def global_heap(source: Source, address: int) -> dict[int, bytes]:
    """Return the objects of one global heap by their numbers."""
    head = source.signed(address, 8 + source.sizes[1], b"GCOL")
    head.take(4)
    size = head.length()
    words = source.words(address, size, "a global heap")
    words.take(head.at)
    found: dict[int, bytes] = {}
    while words.left >= HEAP_PREFIX + source.sizes[1]:
        number = words.number(2)
        words.take(6)
        length = words.length()
        if not number:
            break
        found[number] = words.take(length)
        words.take(min(words.left, -length % 8))
    return found


@dataclass(slots=True)
class _Table:
    """How a fractal heap doubles its blocks, and where its direct blocks lie."""

    width: int
    first: int
    most: int
    bits: int
    checked: bool
    starts: list[int] = field(default_factory=list)
    blocks: list[tuple[int, int]] = field(default_factory=list)

    @property
    def offset_bytes(self) -> int:
        """Return the bytes of an offset in the heap."""
        return (self.bits + 7) // 8

    def size(self, row: int) -> int:
        """Return the bytes of a block in this row."""
        return self.first << max(0, min(row, 64) - 1)


@dataclass(slots=True)
class FractalHeap:
    """Objects of a fractal heap by their ids. Heaps whose blocks are filtered are refused."""

    source: Source
    table: _Table
    id_bytes: int
    length_bytes: int
    huge: dict[int, tuple[int, int]]

    def get(self, number: bytes) -> tuple[bytes, int]:
        """Return an object, and where it stands in the blob.

        Raises:
            MalformedError: the heap has no such object.

        """
        kind = number[0] >> 4 & 3
        if kind == TINY:
            return number[1 : 2 + (number[0] & 15)], 0
        if kind == HUGE:
            return self._huge(number)
        if kind:
            raise MalformedError("a heap id of no kind that is known")
        table = self.table
        at = int.from_bytes(number[1 : 1 + table.offset_bytes], "little")
        rest = number[1 + table.offset_bytes :]
        size = int.from_bytes(rest[: self.length_bytes], "little")
        row = bisect_right(table.starts, at) - 1
        if row < 0 or at + size > table.starts[row] + table.blocks[row][1]:
            raise MalformedError("a heap id points past its heap")
        address = table.blocks[row][0] + at - table.starts[row]
        words = self.source.words(address, size, "an object of a heap")
        return words.body, words.where

    def _huge(self, number: bytes) -> tuple[bytes, int]:
        offsets, lengths = self.source.sizes
        if len(number) > offsets + lengths:
            told = self.source.sized(number[1:], 0)
            address, size = told.offset(), told.length()
        else:
            found = self.huge.get(int.from_bytes(number[1 : 1 + lengths], "little"))
            if found is None:
                raise MalformedError("a heap id names an object that is not there")
            address, size = found
        words = self.source.words(address, size, "a large object of a heap")
        return words.body, words.where


def fractal_heap(source: Source, address: int | None) -> FractalHeap:
    """Return a fractal heap, its direct blocks found."""
    offsets, lengths = source.sizes
    head = source.signed(address, 26 + 12 * lengths + 3 * offsets, b"FRHP")
    head.take(1)
    id_bytes, filtered = head.number(2), head.number(2)
    if filtered:
        raise LimitExceededError("a heap whose blocks are filtered is not followed")
    flags, most_managed = head.number(1), head.number(4)
    head.length()
    huge = head.offset()
    head.take(lengths + offsets + 8 * lengths)
    width, first, most, bits = head.number(2), head.length(), head.length(), head.number(2)
    head.take(2)
    root, rows = head.offset(), head.number(2)
    table = _Table(width, first, most, bits, bool(flags & 2))
    if not (0 < width <= 1 << 15 and 0 < first <= most <= MAX_BLOCK and bits <= 64):  # noqa: PLR2004
        raise MalformedError("a heap whose blocks have no sane size", head.where)
    if root is not None:
        _blocks(source, table, root, rows)
    longest = max(1, (min(most, most_managed).bit_length() + 7) // 8)
    return FractalHeap(source, table, id_bytes, longest, _huge(source, huge))


def _huge(source: Source, address: int | None) -> dict[int, tuple[int, int]]:
    """Return the large objects of a heap that are found by number."""
    found: dict[int, tuple[int, int]] = {}
    if address is None:
        return found
    for kind, record in records(source, address):
        told = source.sized(record, 0)
        if kind == 1 and (at := told.offset()) is not None:
            size = told.length()
            found[told.length()] = at, size
    return found


def _blocks(source: Source, table: _Table, root: int, rows: int) -> None:
    """Find the direct blocks under a root, in the order of their offsets in the heap."""
    found: list[tuple[int, int, int]] = []
    open_ones = [(root, rows, 0)]
    if not rows:
        found.append((0, root, table.first))
        open_ones = []
    seen: set[int] = set()
    while open_ones:
        address, count, base = open_ones.pop()
        if address in seen or len(found) > MAX_DIRECT or len(seen) > MAX_DIRECT:
            raise LimitExceededError("a heap of more blocks than are followed")
        seen.add(address)
        _indirect(source, table, (address, count, base), (found, open_ones))
    for start, address, size in sorted(found):
        head = source.signed(address, 5 + source.sizes[0] + table.offset_bytes, b"FHDB")
        source.marks.add(head.where, source.place(address, size, "a block of a heap")[1])
        table.starts.append(start)
        table.blocks.append((address, size))


def _indirect(
    source: Source,
    table: _Table,
    block: tuple[int, int, int],
    into: tuple[list[tuple[int, int, int]], list[tuple[int, int, int]]],
) -> None:
    """Read one block of addresses: those of direct blocks first, then those of blocks below."""
    address, rows, base = block
    offsets = source.sizes[0]
    size = 9 + offsets + table.offset_bytes + rows * table.width * offsets
    words = source.signed(address, size, b"FHIB")
    words.take(1 + offsets + table.offset_bytes)
    at = base
    for row in range(rows):
        wide = table.size(row)
        for _ in range(table.width):
            child = words.offset()
            if child is not None and wide <= table.most:
                into[0].append((at, child, wide))
            elif child is not None:
                into[1].append((child, _rows(table, wide), at))
            at += wide


def _rows(table: _Table, size: int) -> int:
    """Return the rows of an indirect block that spans this many bytes of the heap."""
    return (size // table.first // table.width).bit_length()
