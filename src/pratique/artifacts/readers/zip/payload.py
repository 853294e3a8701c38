"""Unpack one zip entry for whoever looks at it next, however wrong its headers are."""

import hashlib
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from pratique.artifacts.archive import Ledger
from pratique.artifacts.blob import Blob, blocks, cut
from pratique.artifacts.reader import Subject
from pratique.artifacts.readers.inflate import (
    Machine,
    Progress,
    bzip2,
    inflate,
    lzma_raw,
    raw_deflate,
    xz,
)
from pratique.artifacts.readers.unpack import allowance, unpacked
from pratique.artifacts.readers.zip import records
from pratique.artifacts.readers.zip.survey import Entry
from pratique.core.errors import MalformedError
from pratique.core.limits import MiB

LZMA_HEADER = 9
SHARED_ROOM = MiB
MAKERS: dict[int, Callable[[], Machine]] = {
    records.DEFLATED: raw_deflate,
    records.BZIP2: bzip2,
    records.XZ: xz,
}


@dataclass(slots=True)
class Payload:
    """An entry's content: `used` is how far into the archive it reaches, `digest` what it is."""

    blob: Blob
    used: int
    digest: str


class Unpacker:
    """Unpacks the entries of one zip, and reads shared bytes only so many times."""

    def __init__(self, subject: Subject, ledger: Ledger, *, hashed: bool) -> None:
        self._subject, self._ledger, self._hashed = subject, ledger, hashed
        self._room = 2 * subject.size + SHARED_ROOM

    @contextmanager
    def open(self, entry: Entry) -> Iterator[Payload | None]:
        """Hold the entry's content until the block ends; None where it cannot be had."""
        size = entry.end - entry.data
        if entry.local is None:
            self._skip("corrupt", entry, "has no local header where the directory says")
            yield None
        elif size > self._room:
            self._ledger.over = "overlapping entries: the archive was read twice over already"
            self._skip("limit", entry, "shares its bytes with others; it was not unpacked again")
            yield None
        else:
            self._room -= size
            with self._opened(entry) as payload:
                yield payload

    @contextmanager
    def _opened(self, entry: Entry) -> Iterator[Payload | None]:
        method = entry.header.method
        if method == records.STORED:
            yield self._stored(entry)
            return
        try:
            make, skip = self._maker(entry)
        except MalformedError as e:
            self._skip("corrupt", entry, str(e))
            yield None
            return
        if make is None:
            self._no_decoder(entry)
            yield None
            return
        start = entry.data + skip
        chunks = partial(_packed, self._subject.blob, (start, entry.end), make)
        declared = entry.header.size if entry.header.size >= 0 else self._subject.budget.left
        with unpacked(self._subject, chunks, allowance(self._subject, declared)) as (blob, state):
            yield self._packed(entry, blob, state)

    def _stored(self, entry: Entry) -> Payload:
        blob = cut(self._subject.blob, entry.data, entry.end)
        crc, digest = 0, hashlib.sha256()
        for _, block in blocks(blob):
            crc = zlib.crc32(block, crc)
            if self._hashed:
                digest.update(block)
        if entry.header.size not in (blob.size, -1) and not self._is_encrypted(entry, crc):
            says = f"has {blob.size} bytes, its header tells of {entry.header.size}"
            self._ledger.note("corrupt", entry.name, entry.start, says)
        self._check(entry, crc, blob.size)
        told = digest.hexdigest() if self._hashed else f"{crc:08x}:{blob.size}"
        return Payload(blob, entry.end, told)

    def _packed(self, entry: Entry, blob: Blob, state: Progress) -> Payload:
        used = entry.end
        if entry.header.method == records.LZMA and blob.size == entry.header.size:
            state.broke = ""  # LZMA in a zip need not mark its end (APPNOTE 4.4.4, bit 1)
        if state.over:
            says = f"unpacks to more than {blob.size} bytes, which is all that was looked at"
            self._ledger.over = (
                self._ledger.over or "an entry unpacks to more than the limits allow"
            )
            self._skip("limit", entry, says)
        elif state.broke:
            kind = "encrypted" if entry.header.flags & records.SAYS_ENCRYPTED else "corrupt"
            self._skip(kind, entry, state.broke)
        else:
            skip = LZMA_HEADER if entry.header.method == records.LZMA else 0
            used = min(entry.end, entry.data + skip + state.consumed)
            if entry.header.size not in (blob.size, -1):
                says = f"unpacks to {blob.size} bytes, its header tells of {entry.header.size}"
                self._ledger.note("corrupt", entry.name, entry.start, says)
            self._check(entry, state.crc, blob.size)
        told = f"{state.crc:08x}:{blob.size}"
        if self._hashed:
            digest = hashlib.sha256()
            for _, block in blocks(blob):
                digest.update(block)
            told = digest.hexdigest()
        return Payload(blob, used, "" if state.over or state.broke else told)

    def _check(self, entry: Entry, crc: int, size: int) -> None:
        header = entry.header
        if crc == header.crc or (not entry.listed and header.size < 0):
            if header.flags & records.SAYS_ENCRYPTED and size:
                says = "is marked as encrypted, but its content is in the clear"
                self._ledger.note("false-encrypted", entry.name, entry.start, says)
        elif self._is_encrypted(entry, crc):
            self._skip("encrypted", entry, "is encrypted: its content cannot be seen")
        elif header.crc == 0:
            says = f"has no checksum in its header; its content's is {crc:08x}"
            self._ledger.note("no-checksum", entry.name, entry.start, says)
        else:
            says = f"has the checksum {crc:08x}, its header tells of {header.crc:08x}"
            self._ledger.note("checksum", entry.name, entry.start, says)

    def _is_encrypted(self, entry: Entry, crc: int) -> bool:
        return bool(entry.header.flags & records.SAYS_ENCRYPTED) and crc != entry.header.crc

    def _maker(self, entry: Entry) -> tuple[Callable[[], Machine] | None, int]:
        if entry.header.method == records.LZMA:
            body = self._subject.blob.read(entry.data, LZMA_HEADER)
            lzma_raw(body[4:])
            return partial(lzma_raw, body[4:]), LZMA_HEADER
        return MAKERS.get(entry.header.method), 0

    def _no_decoder(self, entry: Entry) -> None:
        how = records.method_name(entry.header.method)
        kind = "encrypted" if entry.header.flags & records.SAYS_ENCRYPTED else "method"
        self._skip(kind, entry, f"is packed with {how}, which is not opened here")

    def _skip(self, kind: str, entry: Entry, says: str) -> None:
        self._ledger.skip(kind, entry.name, entry.start, says)


def _packed(
    blob: Blob, span: tuple[int, int], make: Callable[[], Machine], state: Progress
) -> Iterator[bytes]:
    return inflate(blob, *span, make, state)
