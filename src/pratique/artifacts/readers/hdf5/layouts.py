"""Where the elements of a dataset lie: inside its header, in one run, in chunks, elsewhere."""

from collections.abc import Iterator
from dataclasses import dataclass

from pratique.artifacts.readers.hdf5.arrays import extensible, fixed
from pratique.artifacts.readers.hdf5.source import Source, Words
from pratique.artifacts.readers.hdf5.tree2 import records
from pratique.core.errors import LimitExceededError, MalformedError

COMPACT, CONTIGUOUS, CHUNKED, VIRTUAL = 0, 1, 2, 3
SINGLE, IMPLICIT, FIXED, EXTENSIBLE, TREE = 1, 2, 3, 4, 5
MAX_CHUNKS = 1_000_000
MAX_NODES = 300_000
MAX_RANK = 33
_PLAIN_TREE, _FILTERED_TREE = 10, 11


@dataclass(frozen=True, slots=True)
class Layout:
    """How a dataset is laid out.

    `dims` are a chunk's, in elements; `index` how chunks are found, 0 for the oldest way; `inside`
    are the bytes of a compact one. `single` is (bytes, filter mask) of an only, filtered chunk.
    """

    kind: int
    address: int | None = None
    size: int = 0
    dims: tuple[int, ...] = ()
    index: int = 0
    inside: bytes = b""
    at: int = 0
    single: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class Chunk:
    """One stored chunk; a bit of `mask` tells that a filter was left out. `size` 0: all of it."""

    address: int
    size: int = 0
    mask: int = 0


def read_layout(words: Words) -> Layout:
    """Return the layout that a message tells.

    Raises:
        MalformedError: it breaks off.
        LimitExceededError: it is of no version that is known.

    """
    version = words.number(1)
    if version in {1, 2}:
        return _oldest(words)
    if version not in {3, 4, 5}:
        raise LimitExceededError(f"layout version {version} is none that is known")
    kind = words.number(1)
    if kind == COMPACT:
        size = words.number(2)
        at = words.where + words.at
        return Layout(COMPACT, size=size, inside=words.take(size), at=at)
    if kind == CONTIGUOUS:
        return Layout(CONTIGUOUS, words.offset(), words.length())
    if kind == VIRTUAL:
        return Layout(VIRTUAL, words.offset(), index=words.number(4))
    if kind != CHUNKED:
        raise LimitExceededError(f"layout class {kind} is none that is known")
    return _newest(words) if version > 3 else _middle(words)  # noqa: PLR2004 - 4 indexes chunks anew


def _oldest(words: Words) -> Layout:
    rank, kind = words.number(1), words.number(1)
    words.take(5)
    address = words.offset() if kind != COMPACT else None
    dims = tuple(words.number(4) for _ in range(_rank(rank, words)))
    if kind == CHUNKED:
        return Layout(CHUNKED, address, dims=dims)
    if kind == COMPACT:
        size = words.number(4)
        at = words.where + words.at
        return Layout(COMPACT, size=size, inside=words.take(size), at=at)
    return Layout(CONTIGUOUS, address, size=-1)


def _rank(rank: int, words: Words) -> int:
    if rank > MAX_RANK:
        raise MalformedError(f"a layout of {rank} dimensions", words.where)
    return rank


def _middle(words: Words) -> Layout:
    rank, address = _rank(words.number(1), words), words.offset()
    dims = tuple(words.number(4) for _ in range(rank))
    return Layout(CHUNKED, address, dims=dims[:-1])


def _newest(words: Words) -> Layout:
    flags, rank, wide = words.number(1), words.number(1), words.number(1)
    dims = tuple(words.number(wide) for _ in range(_rank(rank, words)))
    index, single = words.number(1), (0, 0)
    if index == SINGLE and flags & 2:
        single = words.length(), words.number(4)
    words.take({FIXED: 1, EXTENSIBLE: 5, TREE: 6}.get(index, 0))
    return Layout(CHUNKED, words.offset(), dims=dims[:-1], index=index, single=single)


def chunks(source: Source, layout: Layout, shape: tuple[int, ...], item: int) -> Iterator[Chunk]:
    """Yield every stored chunk of a dataset whose elements take `item` bytes.

    Raises:
        MalformedError: the index is broken.
        LimitExceededError: more chunks than are followed.

    """
    if layout.address is None:
        return
    for count, chunk in enumerate(_indexed(source, layout, shape, item)):
        if count >= MAX_CHUNKS:
            raise LimitExceededError(f"a dataset of more than {MAX_CHUNKS} chunks")
        yield chunk


def _indexed(source: Source, layout: Layout, shape: tuple[int, ...], item: int) -> Iterator[Chunk]:
    address, rank = layout.address or 0, len(layout.dims)
    if not layout.index:
        yield from _first_trees(source, address, len(shape))
    elif layout.index == SINGLE:
        yield Chunk(address, *layout.single)
    elif layout.index == IMPLICIT:
        yield from _implicit(layout, shape, item)
    elif layout.index in {FIXED, EXTENSIBLE}:
        array = fixed if layout.index == FIXED else extensible
        for at, size, mask in array(source, address):
            yield Chunk(at, size, mask)
    elif layout.index == TREE:
        yield from _second_trees(source, address, rank)
    else:
        raise LimitExceededError(f"chunk index {layout.index} is none that is known")


def _implicit(layout: Layout, shape: tuple[int, ...], item: int) -> Iterator[Chunk]:
    wide, count = item, 1
    for dim, chunk in zip(shape, layout.dims, strict=False):
        wide *= max(1, chunk)
        count *= -(-dim // max(1, chunk))
    if count > MAX_CHUNKS:
        raise LimitExceededError(f"a dataset of more than {MAX_CHUNKS} chunks")
    for number in range(count):
        yield Chunk((layout.address or 0) + number * wide)


def _second_trees(source: Source, address: int, rank: int) -> Iterator[Chunk]:
    offsets = source.sizes[0]
    for kind, record in records(source, address):
        words = source.sized(record, 0)
        at = words.offset()
        if kind not in {_PLAIN_TREE, _FILTERED_TREE}:
            raise MalformedError(f"a tree of kind {kind} lists chunks")
        wide = len(record) - offsets - 4 - 8 * rank
        size, mask = (
            (words.number(max(0, wide)), words.number(4)) if kind == _FILTERED_TREE else (0, 0)
        )
        if at is not None:
            yield Chunk(at, size, mask)


def _first_trees(source: Source, address: int, rank: int) -> Iterator[Chunk]:
    """Yield the chunks of a version 1 tree, whose keys tell sizes and offsets."""
    offsets = source.sizes[0]
    key = 8 + 8 * (rank + 1)
    most = 2 * source.chunk_inner
    full = 8 + 2 * offsets + most * offsets + (most + 1) * key
    stack, seen = [address], set[int]()
    while stack:
        at = stack.pop()
        if at in seen or len(seen) > MAX_NODES:
            raise MalformedError("the tree of a dataset runs in a circle", source.base + at)
        seen.add(at)
        start, _ = source.place(at, 8, "a tree of a dataset")
        words = source.words(at, min(full, source.end - start), "a tree of a dataset")
        if words.take(4) != b"TREE" or words.number(1) != 1:
            raise MalformedError("no tree of a dataset where one should be", words.where)
        level, count = words.number(1), words.number(2)
        words.take(2 * offsets)
        below = [_entry(words, rank) for _ in range(count)]
        if level:
            stack += [chunk.address for chunk in reversed(below)]
        else:
            yield from below


def _entry(words: Words, rank: int) -> Chunk:
    size, mask = words.number(4), words.number(4)
    words.take(8 * (rank + 1))
    address = words.offset()
    if address is None:
        raise MalformedError("a chunk has no address", words.where)
    return Chunk(address, size, mask)
