"""Where an HDF5 file begins, how wide its addresses are, and where its root group stands."""

from dataclasses import dataclass

from pratique.artifacts.blob import Blob
from pratique.artifacts.readers.hdf5.source import Source, Words
from pratique.core.errors import LimitExceededError, MalformedError

MAGIC = b"\x89HDF\r\n\x1a\n"
FIRST_USER_BLOCK = 512
WIDTHS = frozenset({2, 4, 8})
LATEST = 3
HEAD = 128


@dataclass(frozen=True, slots=True)
class Superblock:
    """What a superblock says. `extension` is an object header with further settings."""

    version: int
    root: int | None
    extension: int | None
    closed: bool


def places(size: int) -> list[int]:
    """Return the offsets at which a superblock may stand: zero, then 512 and its doubles."""
    found, at = [0], FIRST_USER_BLOCK
    while at < size:
        found.append(at)
        at *= 2
    return found


def read_superblock(blob: Blob, at: int) -> tuple[Source, Superblock]:
    """Return the file's bytes by address, and its superblock.

    Raises:
        MalformedError: the widths are none that the format has, or the end is none of the file's.
        LimitExceededError: the version is none that is known.

    """
    head = blob.read(at, HEAD)
    if len(head) < 16:  # noqa: PLR2004 - the mark, a version and the widths
        raise MalformedError("the superblock breaks off", at)
    version = head[8]
    if version > LATEST:
        raise LimitExceededError(f"superblock version {version} is none that is known")
    old = version < 2  # noqa: PLR2004 - version 2 changed its layout
    offsets, lengths = head[13:15] if old else head[9:11]
    if not {offsets, lengths} <= WIDTHS:
        raise MalformedError(f"addresses of {offsets} and lengths of {lengths} bytes", at + 9)
    words = Words(head, (offsets, lengths), at)
    source = Source(blob, at, blob.size, (offsets, lengths))
    made = _old(words, version, source) if old else _new(words, version, source)
    source.marks.add(at, at + words.at)
    return source, made


def _old(words: Words, version: int, source: Source) -> Superblock:
    words.take(16)
    source.group_leaf, source.group_inner = words.number(2), words.number(2)
    flags = words.number(4)
    if version == 1:
        source.chunk_inner = words.number(2)
        words.take(2)
    base = words.offset() or 0
    words.offset()
    _ends(source, base, words.offset())
    words.offset()
    words.offset()
    root = words.offset()
    words.take(24)
    return Superblock(version, root, None, not flags & 1)


def _new(words: Words, version: int, source: Source) -> Superblock:
    words.take(11)
    flags = words.number(1)
    base, extension = words.offset() or 0, words.offset()
    _ends(source, base, words.offset())
    root = words.offset()
    words.take(4)
    return Superblock(version, root, extension, not flags & 1)


def _ends(source: Source, base: int, end: int | None) -> None:
    """Set the end that the file names, moved as the library moves it with the superblock."""
    if end is None:
        raise MalformedError("the superblock names no end of the file", source.base)
    named = end + source.base - base
    if named > source.blob.size:
        says = f"the file says that it ends at {named}; it has {source.blob.size} bytes"
        raise MalformedError(says, source.base)
    if named <= source.base:
        raise MalformedError("the file says that it ends before it begins", source.base)
    source.end = named
