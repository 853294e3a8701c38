"""The 7z reader: every file of every folder that can be unpacked, and what cannot."""

import stat
import zlib
from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.archive import ArchiveEntries, ArchiveEntry, Ledger, placed
from pratique.artifacts.blob import Blob, blocks, cut
from pratique.artifacts.reader import Claim, Item, Kind, Member, Reader, Subject, View
from pratique.artifacts.readers.inflate import Progress
from pratique.artifacts.readers.sevenzip import coders, header
from pratique.artifacts.readers.sevenzip.header import File, Folder, Streams
from pratique.artifacts.readers.unpack import allowance, unpacked
from pratique.core.errors import LimitExceededError, MalformedError
from pratique.core.fact import Fact, Json
from pratique.core.limits import MiB

MAX_LIST = 64 * MiB
MAX_PACKED_LISTS = 4
"""A list may be packed, and that one again."""
MAX_LINK = 4096
_UNIX = 0x8000


class SevenZipReader(Reader):
    """Reads 7z archives: LZMA, LZMA2, bzip2, deflate and stored, with their filters.

    What is packed otherwise, or encrypted, is told and not opened.
    """

    name: ClassVar[str] = "7z"
    kind: ClassVar[Kind] = Kind.ARCHIVE
    views: ClassVar[tuple[type[View], ...]] = (ArchiveEntries,)

    def recognises(self, subject: Subject) -> bool:
        """Tell by the mark."""
        return subject.head.startswith(header.MARK)

    def read(self, subject: Subject) -> Iterator[Item]:
        """Yield claims, the content of every file, and the list of them."""
        walk = _Walk(subject)
        broke: MalformedError | None = None
        try:
            yield from walk.run()
        except MalformedError as e:
            broke = e
            walk.ledger.skip("directory", "", 0, str(e))
        yield ArchiveEntries(
            format="7z",
            entries=tuple(walk.shown),
            problems=tuple(walk.ledger.problems),
            covered=min(subject.size, walk.covered),
            partial=walk.ledger.partial,
        )
        data: Json = {
            "format": "7z",
            "flavour": "",
            "entries": len(walk.shown),
            "placed": placed(walk.shown),
        }
        yield Fact("archive", subject.chain, data)
        if walk.ledger.over:
            raise LimitExceededError(walk.ledger.over)
        if broke is not None:
            raise broke


class _Walk:
    """One archive from its list to its contents."""

    def __init__(self, subject: Subject) -> None:
        self.ledger, self.covered = Ledger(), 0
        self.shown: list[ArchiveEntry] = []
        self._subject, self._blob = subject, subject.blob
        self._names: dict[str, int] = {}

    def run(self) -> Iterator[Item]:
        begin = header.start(self._blob.read(0, header.START))
        if not begin.sound:
            self.ledger.note("checksum", "", 8, "the checksum over where the list is does not hold")
        yield self._claim(0, header.START)
        if not begin.size and begin.sound:
            return  # an empty archive
        body = self._listed(begin)
        yield self._claim(begin.at, begin.at + begin.size)
        for _ in range(MAX_PACKED_LISTS):
            streams, files = header.parse(body, self._subject.limits.members)
            if files is not None:
                yield from self._contents(streams, files)
                return
            yield self._claim(streams.at, streams.at + sum(streams.packed))
            body = self._packed_list(streams)
        raise MalformedError("the list of a 7z archive is packed again and again")

    def _listed(self, begin: header.Start) -> bytes:
        end = begin.at + begin.size
        if end > self._blob.size:
            raise MalformedError(f"the list of a 7z archive ends at {end}, past its end")
        if begin.size > MAX_LIST:
            raise LimitExceededError(f"the list of a 7z archive has more than {MAX_LIST} bytes")
        body = self._blob.read(begin.at, begin.size)
        if header.crc32(body) != begin.crc:
            self.ledger.note("checksum", "", begin.at, "the checksum of its list does not hold")
        return body

    def _packed_list(self, streams: Streams) -> bytes:
        if not streams.folders or not streams.packed:
            raise MalformedError("the packed list of a 7z archive is not there")
        folder, span = streams.folders[0], (streams.at, streams.at + streams.packed[0])
        if folder.size > MAX_LIST:
            raise LimitExceededError(f"the list of a 7z archive has more than {MAX_LIST} bytes")
        state = Progress()
        try:
            return b"".join(coders.unpack(self._blob, span, folder, state))
        except KeyError as e:
            hidden = "encrypted" if coders.AES in {c.method for c in folder.coders} else "method"
            says = f"its list is packed by {e.args[0]}, for which no decoder is here"
            self.ledger.note(hidden, "", streams.at, says)
            raise MalformedError(f"the list of a 7z archive cannot be read: {e.args[0]}") from None

    def _contents(self, streams: Streams, files: list[File]) -> Iterator[Item]:
        rows = iter([file for file in files if file.stream])
        at, taken = streams.at, 0
        for folder, parts in zip(streams.folders, streams.parts, strict=True):
            sizes = streams.packed[taken : taken + len(folder.packed)]
            taken += len(folder.packed)
            end = at + sum(sizes)
            yield self._claim(at, min(end, self._blob.size))
            owners = [next(rows, None) for _ in parts]
            yield from self._folder(folder, (at, min(end, self._blob.size)), parts, owners)
            at = end
        for file in files:
            if not file.stream:
                kind = "directory" if file.folder else "file"
                self.shown.append(ArchiveEntry(file.name, kind, 0, 0, 0, "stored"))

    def _folder(
        self,
        folder: Folder,
        span: tuple[int, int],
        parts: list[tuple[int, int | None]],
        owners: list[File | None],
    ) -> Iterator[Item]:
        first = next((o.name for o in owners if o is not None), "")
        method = coders.named(folder)
        try:
            coders.machines(folder)
        except KeyError as e:
            hidden = coders.AES in {c.method for c in folder.coders}
            why = "is encrypted" if hidden else f"is packed by {e.args[0]}"
            says = f"{why}, for which no decoder is here"
            self.ledger.skip("encrypted" if hidden else "method", first, span[0], says)
            self._list(parts, owners, span, method, None)
            return
        with unpacked(
            self._subject,
            lambda state: coders.unpack(self._blob, span, folder, state),
            allowance(self._subject, folder.size),
        ) as (blob, state):
            if state.over:
                self.ledger.over = f"unpacks to more than {blob.size} bytes"
                self.ledger.skip("limit", first, span[0], self.ledger.over)
            elif state.broke:
                self.ledger.skip("corrupt", first, span[0], state.broke)
            self._list(parts, owners, span, method, blob)
            yield from self._members(parts, owners, span, blob)

    def _list(
        self,
        parts: list[tuple[int, int | None]],
        owners: list[File | None],
        span: tuple[int, int],
        method: str,
        blob: Blob | None,
    ) -> None:
        at = 0
        for index, ((size, _), owner) in enumerate(zip(parts, owners, strict=True)):
            file = owner or File("", stream=True, folder=False)
            kind, link = "file", ""
            if file.attributes & _UNIX and stat.S_ISLNK(file.attributes >> 16):
                kind = "symlink"
                body = blob.read(at, min(size, MAX_LINK)) if blob is not None else b""
                link = body.decode("utf-8", "replace")
            packed = span[1] - span[0] if not index else 0
            mode = file.attributes >> 16 if file.attributes & _UNIX else 0
            listed = owner is not None
            self.shown.append(
                ArchiveEntry(file.name, kind, span[0], packed, size, method, link, mode, listed)
            )
            at += size

    def _members(
        self,
        parts: list[tuple[int, int | None]],
        owners: list[File | None],
        span: tuple[int, int],
        blob: Blob,
    ) -> Iterator[Item]:
        at = 0
        for (size, crc), owner in zip(parts, owners, strict=True):
            name = owner.name if owner is not None else ""
            if owner is None:
                self.ledger.note("hidden", "", span[0], "content that no file of the list has")
            content = cut(blob, at, at + size)
            if content.size == size and crc is not None and _crc(content) != crc:
                self.ledger.note("checksum", name, span[0], "its content has another checksum")
            yield Member(self._label(name), content)
            at += size
        if at < blob.size:
            self.ledger.note("hidden", "", span[0], "content behind that of the last file")
            yield Member("behind-the-last", cut(blob, at, blob.size))

    def _label(self, name: str) -> str:
        count = self._names[name] = self._names.get(name, 0) + 1
        return (name or "unnamed") + (f"#{count}" if count > 1 else "")

    def _claim(self, start: int, end: int) -> Claim:
        self.covered += max(0, end - start)
        return Claim(start, max(start, end), "7z")


def _crc(blob: Blob) -> int:
    told = 0
    for _, block in blocks(blob):
        told = zlib.crc32(block, told)
    return told
