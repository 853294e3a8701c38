"""Single compressed streams: gzip, bzip2, xz, lzma, zlib, LZ4, and joblib's old zlib files."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from pratique.artifacts.archive import ArchiveEntries, ArchiveEntry, Ledger
from pratique.artifacts.blob import Blob
from pratique.artifacts.reader import Claim, Item, Kind, Member, Reader, Subject, View
from pratique.artifacts.readers import inflate as codecs
from pratique.artifacts.readers.inflate import BROKEN, Machine, Progress, inflate
from pratique.artifacts.readers.lz4 import MAGIC as LZ4
from pratique.artifacts.readers.lz4 import Lz4Frame
from pratique.artifacts.readers.unpack import unpacked
from pratique.core.errors import LimitExceededError
from pratique.core.fact import Fact, Json
from pratique.core.limits import KiB

PROBE = 4 * KiB
PROBED = 64
GZIP, BZIP2, XZ = b"\x1f\x8b\x08", b"BZh", b"\xfd7zXZ\0"
XZ_UNIT = 4
MAX_NAME = KiB
ZLIB_HEADS = {0x01, 0x5E, 0x9C, 0xDA}
_ZFILE = re.compile(rb"ZF0x[0-9a-f]{1,16} {1,17}(?=x[\x01\x5e\x9c\xda])")
_ZFILE_AT = 21


@dataclass(slots=True)
class Run:
    """What was met while unpacking: the end of the last whole stream, and problems."""

    end: int = 0
    streams: int = 0
    name: str = ""
    ledger: Ledger = field(default_factory=Ledger)


class StreamReader(Reader):
    """Unpacks what a compressed stream holds into one member; several in a row are one content."""

    kind: ClassVar[Kind] = Kind.ARCHIVE
    views: ClassVar[tuple[type[View], ...]] = (ArchiveEntries,)
    make: ClassVar[Callable[[], Machine]]

    def begin(self, blob: Blob, at: int) -> int:
        """Return where the packed bytes of a stream at `at` begin, -1 when none stands there."""
        raise NotImplementedError

    def finish(self, blob: Blob, at: int, done: Progress, run: Run) -> int:
        """Return the end of a stream whose packed bytes end at `at`, its check done."""
        del blob, done, run
        return at

    def recognises(self, subject: Subject) -> bool:
        """Tell by the stream's header, and by unpacking its first bytes."""
        head = subject.head
        if not self.looks(head):
            return False
        at = self.skip(head)
        return _probe(head[at : at + PROBE], type(self).make, whole=subject.size <= at + PROBE)

    def looks(self, head: bytes) -> bool:
        """Tell whether the first bytes are those of the format."""
        raise NotImplementedError

    def skip(self, head: bytes) -> int:
        """Return how many header bytes stand before what the decompressor takes."""
        del head
        return 0

    def read(self, subject: Subject) -> Iterator[Item]:
        """Yield the unpacked content, what was claimed, and how it went."""
        runs: list[Run] = []

        def chunks(state: Progress) -> Iterator[bytes]:
            runs.append(Run())
            return self._chunks(subject, runs[-1], state)

        with unpacked(subject, chunks, subject.budget.left) as (blob, state):
            run = runs[-1]
            if state.over:
                run.ledger.over = f"unpacks to more than {blob.size} bytes"
                says = f"{run.ledger.over}, which is all that was looked at"
                run.ledger.skip("limit", run.name, 0, says)
                run.end = subject.size
            yield Claim(0, run.end, self.name)
            yield Member(_safe(run.name) or "stream", blob)
        yield from self._account(subject, run, blob.size)
        if run.ledger.over:
            raise LimitExceededError(run.ledger.over)

    def _chunks(self, subject: Subject, run: Run, state: Progress) -> Iterator[bytes]:
        blob, at = subject.blob, 0
        while run.streams < subject.limits.members:
            start = self.begin(blob, at)
            if start < 0:
                return
            if not run.streams:
                run.name = self.stored_name(blob, at)
            done = Progress()
            yield from inflate(blob, start, blob.size, type(self).make, done)
            if done.broke:
                run.ledger.skip("corrupt", run.name, at, done.broke)
                run.end = blob.size if not run.streams or done.produced else run.end
                return
            at = run.end = self.finish(blob, start + done.consumed, done, run)
            run.streams += 1
        state.over = True

    def stored_name(self, blob: Blob, at: int) -> str:
        """Return the name that the stream says its content has, empty without one."""
        del blob, at
        return ""

    def _account(self, subject: Subject, run: Run, size: int) -> Iterator[Item]:
        entry = ArchiveEntry(run.name, "file", 0, run.end, size, self.name)
        yield ArchiveEntries(
            format=self.name,
            entries=(entry,),
            problems=tuple(run.ledger.problems),
            covered=run.end,
            partial=run.ledger.partial,
        )
        data: Json = {"format": self.name, "flavour": "", "entries": 1}
        yield Fact("archive", subject.chain, data)


class GzipReader(StreamReader):
    """Reads gzip (RFC 1952), all members in a row, checksums compared."""

    name: ClassVar[str] = "gzip"
    make = staticmethod(codecs.raw_deflate)

    def looks(self, head: bytes) -> bool:
        """Tell by the mark, the method, and flags that are all defined."""
        return head[:3] == GZIP and len(head) > 3 and not head[3] & 0xE0  # noqa: PLR2004 - flags

    def skip(self, head: bytes) -> int:
        """Return the length of the header."""
        return max(0, _gzip_header(head)[0])

    def begin(self, blob: Blob, at: int) -> int:
        """Return where deflate begins."""
        head = _head_of(blob, at)
        size = _gzip_header(head)[0] if head[:3] == GZIP else -1
        return at + size if size >= 0 else -1

    def stored_name(self, blob: Blob, at: int) -> str:
        """Return the original name that the header tells."""
        return _gzip_header(_head_of(blob, at))[1].decode("latin-1")

    def finish(self, blob: Blob, at: int, done: Progress, run: Run) -> int:
        """Compare the CRC-32 and the length after the stream."""
        trailer = blob.read(at, 8)
        want = done.crc.to_bytes(4, "little") + (done.produced & 0xFFFFFFFF).to_bytes(4, "little")
        if trailer != want:
            says = "its content does not match the checksum and length at its end"
            run.ledger.note("checksum", run.name, at, says)
        return at + len(trailer)


class Bzip2Reader(StreamReader):
    """Reads bzip2, all streams in a row."""

    name: ClassVar[str] = "bzip2"
    make = staticmethod(codecs.bzip2)

    def looks(self, head: bytes) -> bool:
        """Tell by the mark, the level, and the mark of the first block or of the end."""
        return head[:3] == BZIP2 and head[3:4] in b"123456789" and head[4:10] in _BZIP2_BLOCKS

    def begin(self, blob: Blob, at: int) -> int:
        """Return where the next stream begins."""
        return at if self.looks(blob.read(at, 10)) else -1


class XzReader(StreamReader):
    """Reads xz, all streams in a row with their padding."""

    name: ClassVar[str] = "xz"
    make = staticmethod(codecs.xz)

    def looks(self, head: bytes) -> bool:
        """Tell by the mark."""
        return head[:6] == XZ

    def begin(self, blob: Blob, at: int) -> int:
        """Return where the next stream begins."""
        return at if blob.read(at, 6) == XZ else -1

    def finish(self, blob: Blob, at: int, done: Progress, run: Run) -> int:
        """Step over stream padding: zeros in units of four bytes (xz format 2.2)."""
        del done, run
        if blob.read(at, XZ_UNIT) != bytes(XZ_UNIT):
            return at
        padding = blob.read(at, 64 * KiB)
        zeros = len(padding) - len(padding.lstrip(b"\0"))
        return at + zeros // XZ_UNIT * XZ_UNIT


class LzmaReader(StreamReader):
    """Reads .lzma files, as joblib writes with compress="lzma"."""

    name: ClassVar[str] = "lzma"
    make = staticmethod(codecs.lzma_alone)

    def looks(self, head: bytes) -> bool:
        """Tell by the usual properties, a sane dictionary and size, and the coder's first zero."""
        if len(head) < 14 or head[0] != 0x5D or head[13]:  # noqa: PLR2004 - the header's own size
            return False
        dictionary = int.from_bytes(head[1:5], "little")
        size = int.from_bytes(head[5:13], "little")
        return dictionary.bit_count() <= 2 and (size == (1 << 64) - 1 or size < 1 << 40)  # noqa: PLR2004

    def begin(self, blob: Blob, at: int) -> int:
        """Return 0 for the first stream: there is no second."""
        return 0 if at == 0 and blob.size else -1


class Lz4Reader(StreamReader):
    """Reads LZ4 frames, all in a row, as joblib writes with compress="lz4"."""

    name: ClassVar[str] = "lz4"
    make = Lz4Frame

    def looks(self, head: bytes) -> bool:
        """Tell by the mark."""
        return head[:4] == LZ4

    def begin(self, blob: Blob, at: int) -> int:
        """Return where the next frame begins."""
        return at if blob.read(at, 4) == LZ4 else -1


class ZlibReader(StreamReader):
    """Reads zlib streams (RFC 1950), as joblib writes with compress="zlib"."""

    name: ClassVar[str] = "zlib"
    make = staticmethod(codecs.zlib_stream)

    def looks(self, head: bytes) -> bool:
        """Tell by one of the four headers that zlib writes."""
        return len(head) > 2 and head[0] == ord("x") and head[1] in ZLIB_HEADS  # noqa: PLR2004

    def begin(self, blob: Blob, at: int) -> int:
        """Return 0 for the first stream: there is no second."""
        return 0 if at == 0 and blob.size else -1


class JoblibZfileReader(StreamReader):
    """Reads the compressed files of joblib before 0.10 (numpy_pickle_compat.read_zfile)."""

    name: ClassVar[str] = "joblib-zfile"
    make = staticmethod(codecs.zlib_stream)

    def looks(self, head: bytes) -> bool:
        """Tell by the mark, a length in hexadecimal and a zlib stream after it."""
        return bool(_ZFILE.match(head))

    def skip(self, head: bytes) -> int:
        """Return the length of the header."""
        match = _ZFILE.match(head)
        return match.end() if match else _ZFILE_AT

    def begin(self, blob: Blob, at: int) -> int:
        """Return where the zlib stream begins."""
        return self.skip(blob.read(0, KiB)) if at == 0 and blob.size else -1


_BZIP2_BLOCKS = (bytes.fromhex("314159265359"), bytes.fromhex("177245385090"))


def _probe(head: bytes, make: Callable[[], Machine], *, whole: bool) -> bool:
    machine = make()
    try:
        out = machine.decompress(head, 16 * PROBE)
    except BROKEN:
        return False
    return machine.eof or not whole or len(out) >= PROBED


def _head_of(blob: Blob, at: int) -> bytes:
    """Return enough bytes for a gzip header: few as a rule, because streams can be many."""
    head = blob.read(at, 256)
    if head[:3] == GZIP and _gzip_header(head)[0] < 0:
        head = blob.read(at, 130 * KiB)
    return head


def _gzip_header(head: bytes) -> tuple[int, bytes]:
    """Return the header's length, -1 when it is cut off, and the name in it (RFC 1952 2.3)."""
    if len(head) < 10:  # noqa: PLR2004 - the fixed part
        return -1, b""
    flags, at, name = head[3], 10, b""
    if flags & 4:
        at += 2 + int.from_bytes(head[at : at + 2], "little")
    for bit in (8, 16):
        if flags & bit:
            end = head.find(b"\0", at)
            if end < 0:
                return -1, b""
            name, at = (head[at:end] if bit == 8 else name), end + 1  # noqa: PLR2004 - FNAME
    at += 2 if flags & 2 else 0
    return (at if at <= len(head) else -1), name[:MAX_NAME]


def _safe(name: str) -> str:
    return re.sub(r"[^\w.\-+ ]", "_", name)
