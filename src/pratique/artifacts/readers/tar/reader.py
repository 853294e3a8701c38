"""The tar reader: every header there is, past end marks and broken blocks too."""

from collections.abc import Generator, Iterator
from dataclasses import dataclass, field, replace
from typing import ClassVar

from pratique.artifacts.archive import ArchiveEntries, ArchiveEntry, Ledger, placed
from pratique.artifacts.blob import cut
from pratique.artifacts.laid import MAX_LATE, late
from pratique.artifacts.reader import Claim, Item, Kind, Member, Reader, Subject, View
from pratique.artifacts.readers.tar import header as tar
from pratique.artifacts.readers.tar.header import BLOCK, Header
from pratique.core.errors import LimitExceededError, MalformedError
from pratique.core.fact import Fact, Json
from pratique.core.limits import GiB, KiB, MiB

MAX_EXTENDED = MiB
RECORD = 20 * BLOCK
"""Tars are padded with zeros to a multiple of this."""
WINDOW = MiB
WIDEST_OCTAL = 8 * GiB
Steps = Generator[Item, None, int]
"""Items, and at the end where the next header may stand (-1: nowhere)."""


class TarReader(Reader):
    """Reads tar archives, among them NeMo's and the first format of PyTorch."""

    name: ClassVar[str] = "tar"
    kind: ClassVar[Kind] = Kind.ARCHIVE
    views: ClassVar[tuple[type[View], ...]] = (ArchiveEntries,)

    def recognises(self, subject: Subject) -> bool:
        """Tell a tar by its first header's checksum, or by its mark and well-formed numbers."""
        header = tar.parse(subject.head[:BLOCK])
        return header is not None and bool(header.name or header.flag in tar.EXTENDED)

    def read(self, subject: Subject) -> Iterator[Item]:
        """Yield every entry's claim and content as it is met, and the list at the end.

        Files that an index tells of come behind it, wherever they stand in the archive.
        """
        walk, waiting = _Walk(subject), list[Member]()
        for item in walk.run():
            if isinstance(item, Member) and late(item.name) and len(waiting) < MAX_LATE:
                waiting.append(item)
            else:
                yield item
        yield from waiting
        ledger = walk.ledger
        yield ArchiveEntries(
            format="tar",
            entries=tuple(walk.shown),
            problems=tuple(ledger.problems),
            covered=min(subject.size, walk.covered),
            partial="; ".join(t for t in (ledger.partial, ledger.over) if t)[: 2 * KiB],
        )
        data: Json = {
            "format": "tar",
            "flavour": "",
            "entries": len(walk.shown),
            "placed": placed(walk.shown),
        }
        yield Fact("archive", subject.chain, data)
        if ledger.over:
            raise LimitExceededError(ledger.over)
        if walk.broken_at >= 0:
            raise MalformedError("a block that is no tar header", walk.broken_at)


@dataclass(slots=True)
class _Overrides:
    """What extended headers say of the next entry."""

    pax: dict[str, bytes] = field(default_factory=dict)
    name: bytes | None = None
    link: bytes | None = None


class _Walk:
    """One pass over the blocks of one archive."""

    def __init__(self, subject: Subject) -> None:
        self.ledger, self.covered, self.broken_at = Ledger(), 0, -1
        self.shown: list[ArchiveEntry] = []
        self._subject, self._blob = subject, subject.blob
        self._next, self._global = _Overrides(), dict[str, bytes]()
        self._ended = False
        self._names: dict[str, int] = {}
        self._name_bytes = 0
        self._block_at, self._blocks = 0, b""

    def run(self) -> Iterator[Item]:
        """Yield claims and members until the last header."""
        at, limits = 0, self._subject.limits
        headers = 0
        while at >= 0 and at + BLOCK <= self._blob.size:
            block = self._take(at)
            header = tar.parse(block)
            if not any(block):
                at = yield from self._zeros(at)
            elif header is None:
                at = self._lost(at)
            else:
                headers += 1
                if headers > limits.members or self._name_bytes > limits.text_bytes:
                    self.ledger.over = f"more than {headers - 1} tar headers, or too long names"
                    return
                at = yield from self._header(at, header)
        if 0 <= at < self._blob.size and self._blob.read(at, BLOCK).strip(b"\0"):
            self.broken_at = at

    def _header(self, at: int, header: Header) -> Steps:
        if not header.summed:
            name = _text(header.name)
            self.ledger.note("checksum", name, at, "its header's checksum does not hold")
        if header.flag in tar.EXTENDED:
            return (yield from self._extended(at, header))
        return (yield from self._entry(at, header))

    def _extended(self, at: int, header: Header) -> Steps:
        start, end = at + BLOCK, at + BLOCK + header.size
        if header.size > MAX_EXTENDED or end > self._blob.size:
            self.broken_at = self.broken_at if self.broken_at >= 0 else at
            return self._resync(at + BLOCK)
        body = self._blob.read(start, header.size)
        match header.flag:
            case tar.LONG_NAME:
                self._next.name = body.partition(b"\0")[0]
            case tar.LONG_LINK:
                self._next.link = body.partition(b"\0")[0]
            case tar.PAX_GLOBAL:
                self._global.update(tar.pax_records(body))
            case _:
                self._next.pax.update(tar.pax_records(body))
        yield self._claim(at, end)
        return _padded(end)

    def _entry(self, at: int, plain: Header) -> Steps:
        header, sparse = self._overridden(at, plain)
        name, start = _text(header.name), at + BLOCK
        size = header.size
        if header.kind not in {"file", "other"}:
            if size:
                says = (
                    f"is a {header.kind} with {size} bytes of content: tars differ in skipping them"
                )
                self.ledger.note("contradiction", name, at, says)
            size = 0
        if header.flag == tar.SPARSE:
            start = self._past_sparse_map(at)
        end = start + size
        if end > self._blob.size:
            end = self._blob.size
            self.ledger.skip("corrupt", name, at, f"ends early: {end - start} of {size} bytes")
        yield self._claim(at, end)
        self._name_bytes += len(header.name) + len(header.link)
        if sparse:
            self.ledger.skip("sparse", name, at, "has holes: what is stored was read as it stands")
        if self._ended:
            self.ledger.note("hidden", name, at, "stands after the end of the archive")
        if header.kind in {"file", "other"}:
            yield Member(self._label(name, at), cut(self._blob, start, end))
        self.shown.append(
            ArchiveEntry(
                name, header.kind, at, end - start, header.size, "stored",
                _text(header.link), header.mode, not self._ended,
            )
        )  # fmt: skip
        return _padded(end)

    def _overridden(self, at: int, plain: Header) -> tuple[Header, bool]:
        """Return the header as its extended headers have it, and whether it is sparse."""
        said, self._next = self._next, _Overrides()
        pax = self._global | said.pax
        name = pax.get("GNU.sparse.name") or pax.get("path") or said.name or plain.name
        link = pax.get("linkpath") or said.link or plain.link
        size = plain.size
        if pax.get("size", b"").isdigit():
            size = min(int(pax["size"][:20]), tar.MAX_NUMBER)
            if plain.size != size and size < WIDEST_OCTAL:
                says = f"has {plain.size} bytes by its header and {size} by its pax header"
                self.ledger.note("contradiction", _text(name), at, says)
        if said.name and "path" in said.pax and said.name != said.pax["path"]:
            says = f"has two long names: {_text(said.name)[:200]!r} and {_text(name)[:200]!r}"
            self.ledger.note("contradiction", _text(name), at, says)
        sparse = plain.flag == tar.SPARSE or any(k.startswith("GNU.sparse.") for k in pax)
        return replace(plain, name=name, link=link, size=size), sparse

    def _past_sparse_map(self, at: int) -> int:
        """Return where the content of an old GNU sparse entry begins."""
        more, at = self._take(at)[482:483], at + BLOCK
        while more not in {b"", b"\0"}:
            more, at = self._take(at)[504:505], at + BLOCK
        return at

    def _zeros(self, at: int) -> Steps:
        """Claim an end mark with its padding, and say where a header follows, if one does."""
        end = self._zero_run(at)
        after = min(end, max(at + 2 * BLOCK, _padded(at + 1, RECORD)))
        yield self._claim(at, min(after, self._blob.size))
        self._ended = True
        if end + BLOCK > self._blob.size or tar.parse(self._take(end)) is None:
            return -1
        return end

    def _zero_run(self, at: int) -> int:
        while at < self._blob.size:
            block = self._blob.read(at, WINDOW)
            kept = block.lstrip(b"\0")
            if kept:
                return at + (len(block) - len(kept)) // BLOCK * BLOCK
            at += len(block)
        return at

    def _lost(self, at: int) -> int:
        self.broken_at = self.broken_at if self.broken_at >= 0 else at
        says = "a block that is no header: some tars stop here, others search on"
        self.ledger.note("directory", "", at, says)
        self._ended = True
        return self._resync(at + BLOCK)

    def _resync(self, at: int) -> int:
        """Return where the next block with the ustar mark stands, or -1."""
        while at + BLOCK <= self._blob.size:
            body = self._blob.read(at, WINDOW)
            hit = body.find(tar.MAGIC)
            while hit >= 0:
                if hit % BLOCK == tar.MAGIC_AT:
                    return at + hit - tar.MAGIC_AT
                hit = body.find(tar.MAGIC, hit + 1)
            at += WINDOW
        return -1

    def _claim(self, start: int, end: int) -> Claim:
        self.covered += end - start
        return Claim(start, end, "tar")

    def _label(self, name: str, at: int) -> str:
        count = self._names[name] = self._names.get(name, 0) + 1
        return (name or f"unnamed@{at}") + (f"#{count}" if count > 1 else "")

    def _take(self, at: int) -> bytes:
        inside = at - self._block_at
        if inside < 0 or inside + BLOCK > len(self._blocks):
            self._block_at, self._blocks = at, self._blob.read(at, 64 * KiB)
            inside = 0
        return self._blocks[inside : inside + BLOCK]


def _padded(at: int, unit: int = BLOCK) -> int:
    return -(-at // unit) * unit


def _text(name: bytes) -> str:
    try:
        return name.decode()
    except UnicodeDecodeError:
        return name.decode("latin-1")
