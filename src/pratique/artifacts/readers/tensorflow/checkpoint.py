"""Reads the index of a TensorFlow checkpoint: which tensors lie where in the files beside it.

The index is a sorted table of LevelDB; the files have no header of their own.
Format: https://github.com/google/leveldb/blob/main/doc/table_format.md and
https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/protobuf/tensor_bundle.proto
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from pratique.artifacts.blob import MemoryBlob
from pratique.artifacts.laid import LAID
from pratique.artifacts.reader import Claim, Item, Kind, Member, Reader, Subject, View
from pratique.artifacts.readers.protobuf import BYTES, VARINT, Field, Wire
from pratique.artifacts.readers.tensor_layout import bytes_of, tensors_fact
from pratique.artifacts.readers.tensorflow.snappy import unpacked
from pratique.artifacts.readers.tensorflow.told import DTYPES
from pratique.artifacts.views import TensorSpan
from pratique.core.errors import ArtifactError, LimitExceededError, MalformedError
from pratique.core.fact import Fact, Json
from pratique.core.limits import MiB

MAGIC = bytes.fromhex("57fb808b247547db")
FOOTER, TRAILER = 48, 5
MAX_BLOCK = 64 * MiB
MAX_ENTRIES = 1_000_000
MAX_LAID = 20_000
"""Tensors whose places are told to who reads the files beside the index."""
MAX_SHARDS = 10_000
MAX_NAME = 300
MAX_DIMS = 64
OPENED_FROM = 256
_DTYPE, _SHAPE, _SHARD, _OFFSET, _SIZE, _SLICES = 1, 2, 3, 4, 5, 7
_REF = 100
_PLAIN, _SNAPPY = 0, 1
_Handle = tuple[int, int]


@dataclass(slots=True)
class _Entry:
    """One tensor, or one piece of one."""

    dtype: int = 0
    shape: list[int] = field(default_factory=list)
    shard: int = 0
    offset: int = 0
    size: int = 0
    sliced: bool = False


@dataclass(slots=True)
class _Index:
    """What has been understood of an index so far."""

    shards: int = 0
    big: bool = False
    bundle: bool = False
    entries: int = 0
    laid: dict[int, list[Json]] = field(default_factory=dict)
    spans: list[TensorSpan] = field(default_factory=list)
    lie: str = ""


class CheckpointIndexReader(Reader):
    """Accounts for every block of the table, and tells which tensors it speaks of."""

    name: ClassVar[str] = "checkpoint-index"
    kind: ClassVar[Kind] = Kind.DATA
    views: ClassVar[tuple[type[View], ...]] = ()

    def recognises(self, subject: Subject) -> bool:
        """Tell by the magic number that a table ends with."""
        return subject.size >= FOOTER and subject.tail.endswith(MAGIC)

    def read(self, subject: Subject) -> Iterator[Item]:
        """Yield claims of all blocks, large values, and facts of the tensors.

        Raises:
            MalformedError: a block is broken or lies outside of the file, or a tensor contradicts
                itself.
            LimitExceededError: more entries than are followed.

        """
        index = _Index()
        try:
            yield from _table(subject, index)
        finally:
            if index.bundle:
                yield tensors_fact(self.name, index.spans)
            if index.bundle and index.laid and not index.big:
                yield Fact(LAID, subject.chain, _laid(index))
        if index.lie:
            raise MalformedError(index.lie)


def _laid(index: _Index) -> Json:
    """Return which file beside the index holds what, by the ending that takes the index's place."""
    if index.entries > MAX_LAID or index.shards > MAX_SHARDS:
        return {}
    files: dict[str, Json] = {
        f".data-{shard:05d}-of-{index.shards:05d}": rows for shard, rows in index.laid.items()
    }
    return {"ending": ".index", "files": files}


def _table(subject: Subject, index: _Index) -> Iterator[Item]:
    """Walk the table from its footer."""
    footer = subject.blob.read(subject.size - FOOTER, FOOTER)
    yield Claim(subject.size - FOOTER, subject.size, "table footer")
    meta, at = _handle(footer, 0)
    first, _ = _handle(footer, at)
    for handle in (meta, first):
        yield _claim(subject, handle)
    for _, value in _rows(_block(subject, meta)):
        yield _claim(subject, _handle(value, 0)[0])
    for _, value in _rows(_block(subject, first)):
        handle, _ = _handle(value, 0)
        body = _block(subject, handle)
        yield _claim(subject, handle)
        for key, entry in _rows(body):
            yield from _take(key, entry, index)


def _claim(subject: Subject, handle: _Handle) -> Claim:
    start, size = handle
    return Claim(min(start, subject.size), min(start + size + TRAILER, subject.size), "table block")


def _handle(body: bytes, at: int) -> tuple[_Handle, int]:
    start, at = _number(body, at)
    size, at = _number(body, at)
    return (start, size), at


def _block(subject: Subject, handle: _Handle) -> bytes:
    start, size = handle
    if size > MAX_BLOCK:
        raise LimitExceededError(f"a block of {size} bytes")
    if start + size + TRAILER > subject.size:
        raise MalformedError("a block goes beyond the end of the file", min(start, subject.size))
    body = subject.blob.read(start, size + 1)
    packing = body[-1]
    if packing == _PLAIN:
        return body[:-1]
    if packing != _SNAPPY:
        raise MalformedError(f"a block is packed in an unknown way ({packing})", start + size)
    made = unpacked(body[:-1], MAX_BLOCK)
    subject.budget.take_bytes(len(made))
    return made


def _rows(block: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the keys and values of a block; a key begins as the one before it does."""
    if len(block) < 4:  # noqa: PLR2004 - the count of restarts
        raise MalformedError("a block without its count of restarts")
    restarts = int.from_bytes(block[-4:], "little")
    end = len(block) - 4 - 4 * restarts
    if end < 0:
        raise MalformedError("a block with more restarts than bytes")
    at, key = 0, b""
    while at < end:
        shared, at = _number(block, at)
        fresh, at = _number(block, at)
        size, at = _number(block, at)
        if shared > len(key) or at + fresh + size > end:
            raise MalformedError("an entry goes beyond its block")
        key = key[:shared] + block[at : at + fresh]
        at += fresh
        yield key, block[at : at + size]
        at += size


def _number(body: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    for where in range(at, min(len(body), at + 10)):
        value |= (body[where] & 0x7F) << shift
        if body[where] < 0x80:  # noqa: PLR2004 - the last byte of a number
            return value, where + 1
        shift += 7
    raise MalformedError("a number does not end")


def _take(key: bytes, value: bytes, index: _Index) -> Iterator[Item]:
    index.entries += 1
    if index.entries > MAX_ENTRIES:
        raise LimitExceededError(f"more than {MAX_ENTRIES} entries in one table")
    name = key.decode("utf-8", "backslashreplace")[:MAX_NAME]
    if not key and _header(value, index):
        return
    if not index.bundle:
        if len(value) >= OPENED_FROM:  # the older checkpoints keep tensors here
            yield Member(name or "(no name)", MemoryBlob(value), opaque=True)
        return
    entry = _entry(value)
    if entry.sliced and not entry.size:
        return  # its pieces have entries of their own
    if entry.shard >= index.shards or len(entry.shape) > MAX_DIMS:
        index.lie = index.lie or f"tensor {name!r} lies in file {entry.shard} of {index.shards}"
        return
    _place(name, entry, index)


def _header(value: bytes, index: _Index) -> bool:
    """Take the header of a bundle, which stands under the empty key."""
    told = dict.fromkeys((1, 2), 0)
    try:
        for part in _fields(value):
            if part.wire == VARINT and part.number in told:
                told[part.number], _ = Wire(MemoryBlob(value)).number(part.start, part.end)
            elif (part.number, part.wire) != (3, BYTES):
                return False
    except ArtifactError:
        return False
    index.bundle, index.shards, index.big = True, told[1], bool(told[2])
    return True


def _fields(body: bytes) -> Iterator[Field]:
    wire, at = Wire(MemoryBlob(body)), 0
    while at < len(body):
        part = wire.field(at, len(body))
        yield part
        at = part.end


def _entry(value: bytes) -> _Entry:
    """Return a BundleEntryProto."""
    made, wire = _Entry(), Wire(MemoryBlob(value))
    told = dict.fromkeys((_DTYPE, _SHARD, _OFFSET, _SIZE), 0)
    for part in _fields(value):
        if part.number == _SHAPE and part.wire == BYTES:
            made.shape = _shape(value[part.start : part.end])
        elif part.number in told and part.wire == VARINT:
            told[part.number], _ = wire.number(part.start, part.end)
        made.sliced |= part.number == _SLICES
    made.dtype, made.shard, made.offset, made.size = told.values()
    return made


def _shape(body: bytes) -> list[int]:
    found: list[int] = []
    for dim in _fields(body):
        size = 0
        for part in _fields(body[dim.start : dim.end]) if dim.wire == BYTES else ():
            if (part.number, part.wire) == (1, VARINT):
                size, _ = Wire(MemoryBlob(body[dim.start : dim.end])).number(part.start, part.end)
        found.append(size)
    return found[: MAX_DIMS + 1]


def _place(name: str, entry: _Entry, index: _Index) -> None:
    """Keep where a tensor lies, as far as its type and shape agree with its size."""
    kind = entry.dtype - _REF if entry.dtype > _REF else entry.dtype
    word, _ = DTYPES.get(kind, ("", 1))
    shape = tuple(entry.shape)
    if word and bytes_of(word, shape) != entry.size:
        says = f"tensor {name!r} says shape {list(shape)[:8]} of {word} and {entry.size} bytes"
        index.lie, word = index.lie or says, ""
    rows = index.laid.setdefault(entry.shard, [])
    if index.entries <= MAX_LAID:
        rows.append([name, word, list(shape) if word else [entry.size], entry.offset, entry.size])
    if word and len(index.spans) < MAX_LAID:
        index.spans.append(TensorSpan(name, word, shape, 0, entry.size))
