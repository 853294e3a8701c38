"""Object headers of versions 1 and 2: the messages that say what an object is."""

from dataclasses import dataclass

from pratique.artifacts.readers.hdf5.source import Source, Words
from pratique.core.errors import LimitExceededError, MalformedError

DATASPACE, LINK_INFO, DATATYPE, LINK, EXTERNAL, LAYOUT = 1, 2, 3, 6, 7, 8
FILTERS, ATTRIBUTE, CONTINUATION, SYMBOLS, TREE_WIDTHS, ATTRIBUTE_INFO = 11, 12, 16, 17, 19, 21
SHARED = 2
"""The flag of a message whose content stands elsewhere."""
MAX_MESSAGES = 200_000
MAX_CHUNKS = 20_000
_PREFIX = 16
_TIMES, _PHASES, _ORDER = 0x20, 0x10, 0x04
_LONGEST = 64


@dataclass(frozen=True, slots=True)
class Message:
    """One message: its kind by number, flags, and bytes; `at` is where they stand in the blob."""

    kind: int
    flags: int
    body: bytes
    at: int


@dataclass(slots=True)
class _Header:
    """One header while it is read: blocks to read, and the messages so far."""

    modern: bool
    ordered: bool
    blocks: list[tuple[int, int]]
    found: list[Message]


def messages(source: Source, address: int | None) -> list[Message]:
    """Return the messages of an object header, those of its continuations too.

    Raises:
        MalformedError: there is no header, or it breaks off.
        LimitExceededError: more messages than are read.

    """
    start, _ = source.place(address, 4, "an object header")
    if source.blob.read(start, 4) == b"OHDR":
        header = _modern(source, start - source.base)
    else:
        header = _classic(source, start - source.base)
    done = 0
    while done < len(header.blocks):
        at, size = header.blocks[done]
        _block(source, header, at, size, first=not done)
        done += 1
        if done > MAX_CHUNKS or len(header.found) > MAX_MESSAGES:
            raise LimitExceededError("an object header of more messages than are read")
    return header.found


def _modern(source: Source, address: int) -> _Header:
    start = source.base + address
    head = source.sized(source.blob.read(start, _LONGEST), start)
    head.take(4)
    version, flags = head.number(1), head.number(1)
    if version != 2:  # noqa: PLR2004 - the only version with four letters
        raise MalformedError(f"object header version {version}", start)
    head.take(16 if flags & _TIMES else 0)
    head.take(4 if flags & _PHASES else 0)
    size = head.number(1 << (flags & 3))
    source.marks.add(start, start + head.at)
    return _Header(True, bool(flags & _ORDER), [(address + head.at, size + 4)], [])  # noqa: FBT003


def _classic(source: Source, address: int) -> _Header:
    head = source.words(address, _PREFIX, "an object header")
    if head.number(1) != 1:
        raise MalformedError("no object header where one should be", head.where)
    head.take(7)
    return _Header(False, False, [(address + _PREFIX, head.number(4))], [])  # noqa: FBT003


def _block(source: Source, header: _Header, at: int, size: int, *, first: bool) -> None:
    """Read the messages of one block, which ends in a checksum where the header is modern."""
    words = source.words(at, size, "a block of an object header")
    if header.modern and not first and words.take(4) != b"OCHK":
        raise MalformedError("no OCHK where one should be", words.where)
    end = size - (4 if header.modern else 0)
    least = (6 if header.ordered else 4) if header.modern else 8
    while end - words.at >= least:
        message = _message(words, header)
        if words.at > end:
            raise MalformedError("a message ends past its block", message.at)
        if message.kind == CONTINUATION:
            told = source.sized(message.body, message.at)
            header.blocks.append((_known(told), told.length()))
        elif message.kind:
            header.found.append(message)
        if len(header.found) > MAX_MESSAGES:
            return


def _message(words: Words, header: _Header) -> Message:
    if header.modern:
        kind, size, flags = words.number(1), words.number(2), words.number(1)
        words.take(2 if header.ordered else 0)
    else:
        kind, size, flags = words.number(2), words.number(2), words.number(1)
        words.take(3)
    at = words.where + words.at
    return Message(kind, flags, words.take(size), at)


def _known(words: Words) -> int:
    address = words.offset()
    if address is None:
        raise MalformedError("a continuation has no address", words.where)
    return address
