"""The lists of a 7z archive: packed streams, folders of coders, files. Bounded, and never trusted.

The format is that of 7zFormat.txt in the LZMA SDK (Igor Pavlov, public domain).
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from pratique.core.errors import LimitExceededError, MalformedError

MARK = b"7z\xbc\xaf\x27\x1c"
START = 32
MAX_FOLDERS, MAX_CODERS, MAX_STREAMS = 100_000, 32, 32
_END, _HEADER, _ARCHIVE, _MORE, _MAIN, _FILES = 0, 1, 2, 3, 4, 5
_PACK, _UNPACK, _SUBSTREAMS, _SIZE, _CRC, _FOLDER, _SIZES, _COUNTS = 6, 7, 8, 9, 10, 11, 12, 13
_EMPTY, _EMPTY_FILE, _NAMES, _ATTRIBUTES, _ENCODED = 14, 15, 17, 21, 23


@dataclass(frozen=True, slots=True)
class Coder:
    """One step of packing: `method` is its number as bytes, `inputs` and `outputs` how many."""

    method: bytes
    inputs: int
    outputs: int
    properties: bytes = b""


@dataclass(slots=True)
class Folder:
    """Coders that together make one stream of bytes of `sizes[out]` for each output."""

    coders: list[Coder]
    bonds: dict[int, int]
    packed: list[int]
    sizes: list[int] = field(default_factory=list)
    crc: int | None = None

    @property
    def final(self) -> int:
        """Return the one output that no other coder takes.

        Raises:
            MalformedError: there is none.

        """
        taken = set(self.bonds.values())
        for out in range(len(self.sizes)):
            if out not in taken:
                return out
        raise MalformedError("a folder of a 7z archive has no last output")

    @property
    def size(self) -> int:
        """Return how many bytes the folder says that it unpacks to."""
        return self.sizes[self.final]


@dataclass(slots=True)
class Streams:
    """Where packed bytes lie, and what they become: sizes and checksums of parts by folder."""

    at: int = 0
    packed: list[int] = field(default_factory=list)
    folders: list[Folder] = field(default_factory=list)
    parts: list[list[tuple[int, int | None]]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class File:
    """One file as the list has it; `stream` tells that a part of a folder is its content."""

    name: str
    stream: bool
    folder: bool
    attributes: int = 0


@dataclass(frozen=True, slots=True)
class Start:
    """The first 32 bytes: where the list is, and whether the checksum over that holds."""

    at: int
    size: int
    crc: int
    sound: bool


class Bytes:
    """Reads the numbers of a list."""

    def __init__(self, body: bytes) -> None:
        self._body, self._at = body, 0

    @property
    def left(self) -> int:
        """Return how many bytes are left."""
        return len(self._body) - self._at

    def take(self, count: int) -> bytes:
        """Return the next bytes.

        Raises:
            MalformedError: there are not as many.

        """
        if count < 0 or count > self.left:
            raise MalformedError("the list of a 7z archive ends early")
        self._at += count
        return self._body[self._at - count : self._at]

    def byte(self) -> int:
        """Return the next byte."""
        return self.take(1)[0]

    def number(self) -> int:
        """Return a number as 7z writes it: the first byte's high bits tell how many follow."""
        first, value, mask = self.byte(), 0, 0x80
        for shift in range(0, 64, 8):
            if not first & mask:
                return value + ((first & (mask - 1)) << shift)
            value |= self.byte() << shift
            mask >>= 1
        return value

    def count(self, most: int) -> int:
        """Return a number of things that are listed.

        Raises:
            MalformedError: more than `most`, or than bytes could tell of.

        """
        value = self.number()
        if value > most:
            raise LimitExceededError(f"a 7z archive with {value} streams or files is not read")
        return value

    def bits(self, count: int) -> list[bool]:
        """Return flags, eight in a byte, the highest first."""
        body = self.take((count + 7) // 8)
        return [bool(body[at // 8] & 0x80 >> at % 8) for at in range(count)]

    def some(self, count: int) -> list[bool]:
        """Return flags that may be told by one byte for all of them."""
        return [True] * count if self.byte() else self.bits(count)


def start(head: bytes) -> Start:
    """Return what the first bytes tell.

    Raises:
        MalformedError: they are too few.

    """
    if len(head) < START:
        raise MalformedError("a 7z archive of less than 32 bytes")
    crc, at, size, list_crc = struct.unpack_from("<IQQI", head, 8)
    return Start(START + at, size, list_crc, crc32(head[12:START]) == crc)


def crc32(body: bytes) -> int:
    """Return the checksum that 7z keeps."""
    return zlib.crc32(body)


def parse(body: bytes, most: int) -> tuple[Streams, list[File] | None]:
    """Return the streams and files of a list; None for files where it is packed itself.

    Raises:
        MalformedError: it is broken.
        LimitExceededError: it tells of more than `most` files.

    """
    reader = Bytes(body)
    kind = reader.byte()
    if kind == _ENCODED:
        return _streams(reader, most), None
    if kind != _HEADER:
        raise MalformedError("the list of a 7z archive has no beginning")
    streams, files = Streams(), list[File]()
    while (kind := reader.byte()) != _END:
        if kind == _ARCHIVE:
            _properties(reader)
        elif kind == _MORE:
            _streams(reader, most)
        elif kind == _MAIN:
            streams = _streams(reader, most)
        elif kind == _FILES:
            files = _files(reader, most)
        else:
            raise MalformedError(f"the list of a 7z archive has a part {kind}, which nobody knows")
    return streams, files


def _properties(reader: Bytes) -> None:
    while reader.byte() != _END:
        reader.take(reader.number())


def _streams(reader: Bytes, most: int) -> Streams:
    made = Streams()
    while (kind := reader.byte()) != _END:
        if kind == _PACK:
            _packed(reader, made, most)
        elif kind == _UNPACK:
            _folders(reader, made, most)
        elif kind == _SUBSTREAMS:
            _parts(reader, made, most)
        else:
            raise MalformedError(f"the streams of a 7z archive have a part {kind}")
    if not made.parts:
        made.parts = [[(folder.size, folder.crc)] for folder in made.folders]
    return made


def _packed(reader: Bytes, made: Streams, most: int) -> None:
    made.at = START + reader.number()
    count = reader.count(most)
    while (kind := reader.byte()) != _END:
        if kind == _SIZE:
            made.packed = [reader.number() for _ in range(count)]
        elif kind == _CRC:
            list(_crcs(reader, count))
        else:
            raise MalformedError(f"the packed streams of a 7z archive have a part {kind}")


def _crcs(reader: Bytes, count: int) -> Iterator[int | None]:
    for told in reader.some(count):
        yield int.from_bytes(reader.take(4), "little") if told else None


def _folders(reader: Bytes, made: Streams, most: int) -> None:
    if reader.byte() != _FOLDER:
        raise MalformedError("the folders of a 7z archive have no beginning")
    count = reader.count(min(most, MAX_FOLDERS))
    if reader.byte():
        raise MalformedError("folders of a 7z archive that stand elsewhere")
    made.folders = [_folder(reader) for _ in range(count)]
    while (kind := reader.byte()) != _END:
        if kind == _SIZES:
            for one in made.folders:
                one.sizes = [reader.number() for _ in range(sum(c.outputs for c in one.coders))]
        elif kind == _CRC:
            for one, crc in zip(made.folders, _crcs(reader, count), strict=True):
                one.crc = crc
        else:
            raise MalformedError(f"the folders of a 7z archive have a part {kind}")


def _folder(reader: Bytes) -> Folder:
    count = reader.number()
    if not 0 < count <= MAX_CODERS:
        raise MalformedError(f"a folder of a 7z archive with {count} coders")
    coders = [_coder(reader) for _ in range(count)]
    inputs, outputs = sum(c.inputs for c in coders), sum(c.outputs for c in coders)
    if outputs < 1 or inputs > MAX_STREAMS or outputs > MAX_STREAMS or inputs < outputs - 1:
        raise MalformedError("a folder of a 7z archive whose coders do not fit together")
    bonds = {}
    for _ in range(outputs - 1):
        into = reader.number()
        bonds[into] = reader.number()
    free = inputs - (outputs - 1)
    if free == 1:
        packed = [at for at in range(inputs) if at not in bonds][:1]
    else:
        packed = [reader.number() for _ in range(free)]
    return Folder(coders, bonds, packed)


def _coder(reader: Bytes) -> Coder:
    flags = reader.byte()
    method = reader.take(flags & 0x0F)
    inputs, outputs = (reader.number(), reader.number()) if flags & 0x10 else (1, 1)
    properties = reader.take(reader.number()) if flags & 0x20 else b""
    if flags & 0x80:
        raise MalformedError("a coder of a 7z archive with alternatives")
    return Coder(method, inputs, outputs, properties)


def _parts(reader: Bytes, made: Streams, most: int) -> None:
    counts = [1] * len(made.folders)
    kind = reader.byte()
    if kind == _COUNTS:
        counts = [reader.count(most) for _ in made.folders]
        kind = reader.byte()
    if sum(counts) > most:
        raise LimitExceededError(f"a 7z archive of {sum(counts)} files is not read")
    sizes = []
    for folder, count in zip(made.folders, counts, strict=True):
        listed = [reader.number() for _ in range(count - 1)] if kind == _SIZE else []
        rest = folder.size - sum(listed)
        if count and rest < 0:
            raise MalformedError("files of a 7z archive are larger than what holds them")
        sizes.append([*listed, rest] if count else [])
    kind = reader.byte() if kind == _SIZE else kind
    known = [f.crc if len(s) == 1 else None for f, s in zip(made.folders, sizes, strict=True)]
    open_ = sum(len(s) for s, crc in zip(sizes, known, strict=True) if crc is None)
    told: list[int | None] = [None] * open_
    while kind != _END:
        if kind == _CRC:
            told = list(_crcs(reader, open_))
        else:
            reader.take(reader.number())
        kind = reader.byte()
    rows = iter(told)
    made.parts = [
        [(size, crc if crc is not None else next(rows)) for size in some]
        for some, crc in zip(sizes, known, strict=True)
    ]


def _files(reader: Bytes, most: int) -> list[File]:
    count = reader.count(most)
    names, attributes = [""] * count, [0] * count
    empty, plain = [False] * count, list[bool]()
    while (kind := reader.byte()) != _END:
        inner = Bytes(reader.take(reader.number()))
        if kind == _EMPTY:
            empty = inner.bits(count)
        elif kind == _EMPTY_FILE:
            plain = inner.bits(sum(empty))
        elif kind == _NAMES:
            names = _names(inner, count)
        elif kind == _ATTRIBUTES:
            flags = inner.some(count)
            if inner.byte():
                raise MalformedError("attributes of a 7z archive that stand elsewhere")
            attributes = [int.from_bytes(inner.take(4), "little") if told else 0 for told in flags]
    plain += [False] * (sum(empty) - len(plain))
    kinds = iter(plain)
    return [
        File(name, not none, none and not next(kinds), told)
        for name, none, told in zip(names, empty, attributes, strict=True)
    ]


def _names(reader: Bytes, count: int) -> list[str]:
    if reader.byte():
        raise MalformedError("names of a 7z archive that stand elsewhere")
    text = reader.take(reader.left).decode("utf-16-le", "replace")
    names = text.split("\0")
    if len(names) <= count:
        raise MalformedError("a 7z archive with less names than files")
    return names[:count]
