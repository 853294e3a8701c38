"""Fixed and extensible arrays: how newer files index the chunks of a dataset."""

from collections.abc import Iterator
from dataclasses import dataclass

from pratique.artifacts.readers.hdf5.source import Source, Words
from pratique.core.errors import LimitExceededError, MalformedError

MAX_ENTRIES = 2_000_000
Entry = tuple[int, int, int]
"""Address, size (0: all of a chunk) and filter mask."""
_CHECKSUM = 4
ALL = (1 << 4096) - 1
"""For blocks that no bits are kept of: every page counts as written."""


@dataclass(frozen=True, slots=True)
class _Kind:
    """What entries look like. `page` is how many stand on one page, `before` bytes of an offset."""

    filtered: bool
    wide: int
    page: int
    before: int = 0


def fixed(source: Source, address: int) -> Iterator[Entry]:
    """Yield the entries of a fixed array."""
    offsets, lengths = source.sizes
    head = source.signed(address, 12 + lengths + offsets, b"FAHD")
    head.take(1)
    filtered, wide, bits, count = (*(head.number(1) for _ in range(3)), head.length())
    kind = _Kind(bool(filtered), _wide(wide, head), 1 << min(bits, 40))
    block = head.offset()
    if block is None:
        return
    yield from _data(source, (block, count), kind, b"FADB")


def _wide(wide: int, head: Words) -> int:
    if wide < 2:  # noqa: PLR2004 - the least address
        raise MalformedError("entries of an array are too small for an address", head.where)
    return wide


def _data(
    source: Source, block: tuple[int, int], kind: _Kind, mark: bytes, bits: int = 0
) -> Iterator[Entry]:
    """Yield the entries of one data block; more than one page of them end each in a checksum.

    `bits` tell which pages were written, the first in the highest of as many bits as there are
    pages; a fixed array keeps them in the block itself.
    """
    address, count = block
    if count > MAX_ENTRIES:
        raise LimitExceededError(f"an array of more than {MAX_ENTRIES} entries")
    pages = -(-count // kind.page) if count > kind.page else 0
    bitmap = -(-pages // 8) if mark == b"FADB" else 0
    head = 6 + source.sizes[0] + kind.before + bitmap
    size = head + _CHECKSUM + count * kind.wide + pages * _CHECKSUM
    words = source.signed(address, size, mark)
    words.take(head - 4 - bitmap)
    own = int.from_bytes(words.take(bitmap), "big") >> (8 * bitmap - pages if bitmap else 0)
    bits |= own
    if not pages:
        for _ in range(count):
            yield from _entry(words, kind)
        return
    words.take(_CHECKSUM)
    for page in range(pages):
        part = words.part(min(kind.page, count - page * kind.page) * kind.wide)
        words.take(_CHECKSUM)
        if bits >> (pages - 1 - page) & 1:
            while part.left:
                yield from _entry(part, kind)


def _entry(words: Words, kind: _Kind) -> Iterator[Entry]:
    part = words.part(kind.wide)
    address = part.offset()
    size, mask = 0, 0
    if kind.filtered:
        size, mask = part.number(max(0, part.left - 4)), part.number(4)
    if address is not None and (address or size):  # pages that were never written are zeros
        yield address, size, mask


@dataclass(frozen=True, slots=True)
class _Growth:
    """How an extensible array grows: sizes of its first blocks."""

    bits: int
    inside: int
    least: int
    pointers: int

    def block(self, number: int) -> tuple[int, int]:
        """Return (data blocks, entries of each) of a secondary block by number."""
        return 1 << (number // 2), self.least << ((number + 1) // 2)

    @property
    def blocks(self) -> int:
        """Return how many secondary blocks there can be."""
        return 1 + max(0, self.bits - (self.least.bit_length() - 1))

    @property
    def direct(self) -> int:
        """Return how many of them have their data blocks named in the index block."""
        return min(self.blocks, 2 * (self.pointers.bit_length() - 1))


def extensible(source: Source, address: int) -> Iterator[Entry]:
    """Yield the entries of an extensible array."""
    offsets, lengths = source.sizes
    head = source.signed(address, 16 + 6 * lengths + offsets, b"EAHD")
    head.take(1)
    filtered, wide, bits, inside, least, pointers, page = (head.number(1) for _ in range(7))
    head.take(6 * lengths)
    index = head.offset()
    grow = _Growth(bits, inside, least, pointers)
    if index is None:
        return
    if not least or not pointers or bits > 64:  # noqa: PLR2004
        raise MalformedError("an array that cannot grow", head.where)
    kind = _Kind(bool(filtered), _wide(wide, head), 1 << min(page, 40), (bits + 7) // 8)
    direct = [grow.block(n)[1] for n in range(grow.direct) for _ in range(grow.block(n)[0])]
    rest = grow.blocks - grow.direct
    size = 6 + offsets + inside * wide + (len(direct) + rest) * offsets + _CHECKSUM
    words = source.signed(index, size, b"EAIB")
    words.take(2 + offsets)
    for _ in range(inside):
        yield from _entry(words, kind)
    for count in direct:
        at = words.offset()
        if at is not None:
            yield from _data(source, (at, count), kind, b"EADB", ALL)
    for number in range(grow.direct, grow.blocks):
        at = words.offset()
        if at is not None:
            yield from _secondary(source, at, grow.block(number), kind)


def _secondary(
    source: Source, address: int, block: tuple[int, int], kind: _Kind
) -> Iterator[Entry]:
    blocks, count = block
    offsets = source.sizes[0]
    if blocks * count > MAX_ENTRIES:
        raise LimitExceededError(f"an array of more than {MAX_ENTRIES} entries")
    pages = count // kind.page if count > kind.page else 0
    each = -(-pages // 8)
    size = 6 + offsets + kind.before + blocks * (each + offsets) + _CHECKSUM
    words = source.signed(address, size, b"EASB")
    words.take(2 + offsets + kind.before)
    written = int.from_bytes(words.take(blocks * each), "big")
    total = 8 * blocks * each
    for number in range(blocks):
        at = words.offset()
        bits = written >> max(0, total - pages * (number + 1)) & ((1 << pages) - 1)
        if at is not None:
            yield from _data(source, (at, count), kind, b"EADB", bits)
