"""Filters of chunked datasets, undone: deflate, shuffle, checksums, LZF, LZ4 and bzip2."""

import bz2
import zlib
from dataclasses import dataclass

from pratique.artifacts.readers.hdf5.source import Words
from pratique.artifacts.readers.lz4 import unpack_block
from pratique.core.errors import LimitExceededError, MalformedError

DEFLATE, SHUFFLE, FLETCHER, LZF, LZ4, BZIP2 = 1, 2, 3, 32000, 32004, 307
DECODED = frozenset({DEFLATE, SHUFFLE, FLETCHER, LZF, LZ4, BZIP2})
NAMES = {1: "deflate", 2: "shuffle", 3: "fletcher32", 4: "szip", 5: "nbit", 6: "scaleoffset",
         305: "lzo", 307: "bzip2", 32000: "lzf", 32001: "blosc", 32004: "lz4",
         32008: "bitshuffle", 32013: "zfp", 32015: "zstd", 32026: "blosc2"}  # fmt: skip
MAX_FILTERS = 32
_NAMED_FROM = 256
"""Filters below this number are the library's own and need no name."""
_LZF_LITERAL = 32


@dataclass(frozen=True, slots=True)
class Filter:
    """One filter of a pipeline."""

    number: int
    values: tuple[int, ...]

    @property
    def name(self) -> str:
        """Return what people call it."""
        return NAMES.get(self.number, f"filter {self.number}")


def read_filters(words: Words) -> tuple[Filter, ...]:
    """Return the pipeline that a message tells, in the order of writing.

    Raises:
        MalformedError: it breaks off.
        LimitExceededError: it is of no version that is known, or of more filters than any.

    """
    version, count = words.number(1), words.number(1)
    if version not in {1, 2} or count > MAX_FILTERS:
        raise LimitExceededError(f"filter pipeline version {version} of {count} filters")
    old = version == 1
    words.take(6 if old else 0)
    return tuple(_filter(words, old=old) for _ in range(count))


def _filter(words: Words, *, old: bool) -> Filter:
    number = words.number(2)
    named = words.number(2) if old or number >= _NAMED_FROM else 0
    words.take(2)
    count = words.number(2)
    words.take(-(-named // 8) * 8 if old else named)
    values = tuple(words.number(4) for _ in range(count))
    words.take(4 if old and count % 2 else 0)
    return Filter(number, values)


def unknown(filters: tuple[Filter, ...]) -> str:
    """Return the names of filters that are not undone here."""
    return ", ".join(f.name for f in filters if f.number not in DECODED)


def undo(filters: tuple[Filter, ...], mask: int, body: bytes, most: int) -> bytes:
    """Return a chunk as it was before its filters; `most` are the bytes that a chunk has.

    Raises:
        MalformedError: the packed bytes are broken, or hold more than a chunk.

    """
    for place in range(len(filters) - 1, -1, -1):
        if not mask >> place & 1:
            body = _undo(filters[place], body, most)
    if len(body) > most:
        raise MalformedError(f"a chunk of {most} bytes holds more")
    return body


def _undo(step: Filter, body: bytes, most: int) -> bytes:
    # A checksum behind the elements may have been packed with them.
    room = most + 4
    if step.number == DEFLATE:
        return _inflate(body, room)
    if step.number == SHUFFLE:
        return _unshuffle(body, step.values[0] if step.values else 1)
    if step.number == FLETCHER:
        return body[:-4]
    if step.number == LZF:
        return _lzf(body, room)
    return _lz4(body, room) if step.number == LZ4 else _bunzip(body, room)


def _inflate(body: bytes, room: int) -> bytes:
    try:
        packed = zlib.decompressobj()
        made = packed.decompress(body, room + 1)
    except zlib.error as e:
        raise MalformedError(f"a packed chunk is broken: {e}") from None
    if not packed.eof and len(made) <= room:
        raise MalformedError("a packed chunk breaks off")
    return made


def _lz4(body: bytes, room: int) -> bytes:
    """Unpack blocks behind a header of their whole size and the size of each, big-endian."""
    whole, block = int.from_bytes(body[:8]), int.from_bytes(body[8:12])
    made, at = bytearray(), 12
    if whole > room or not block:
        raise MalformedError(f"a packed chunk says that it holds {whole} bytes")
    while len(made) < whole:
        size = int.from_bytes(body[at : at + 4])
        part = body[at + 4 : at + 4 + size]
        at += 4 + size
        if not part:
            raise MalformedError("a packed chunk breaks off")
        most = min(block, whole - len(made))
        try:  # what does not become smaller is stored as it is
            made += part if size == most else unpack_block(part, b"", most)
        except (ValueError, IndexError) as e:
            raise MalformedError(f"a packed chunk is broken: {e}") from None
    return bytes(made)


def _bunzip(body: bytes, room: int) -> bytes:
    try:
        return bz2.BZ2Decompressor().decompress(body, room + 1)
    except (OSError, EOFError, ValueError) as e:
        raise MalformedError(f"a packed chunk is broken: {e}") from None


def _unshuffle(body: bytes, wide: int) -> bytes:
    """Put the bytes of each element together again; what is left over stands at the end."""
    count = len(body) // wide if wide else 0
    if wide < 2 or count < 2:  # noqa: PLR2004 - nothing was moved
        return body
    made = bytearray(body)
    for place in range(wide):
        made[place : count * wide : wide] = body[place * count : (place + 1) * count]
    return bytes(made)


def _lzf(body: bytes, room: int) -> bytes:
    made, at = bytearray(), 0
    try:
        while at < len(body) and len(made) <= room:
            control = body[at]
            at += 1
            if control < _LZF_LITERAL:
                made += body[at : at + control + 1]
                at += control + 1
                continue
            size, back = control >> 5, (control & 31) << 8
            if size == 7:  # noqa: PLR2004 - the longest that three bits say: one more byte follows
                size += body[at]
                at += 1
            back += body[at] + 1
            at += 1
            _copy(made, back, size + 2)
    except IndexError:
        raise MalformedError("a packed chunk breaks off") from None
    return bytes(made)


def _copy(made: bytearray, back: int, size: int) -> None:
    """Repeat what stands `back` bytes ago; it may overlap with what it makes."""
    start = len(made) - back
    if start < 0:
        raise MalformedError("a packed chunk points before its beginning")
    part = made[start : start + size]
    made += (part * (size // max(1, len(part)) + 1))[:size]
