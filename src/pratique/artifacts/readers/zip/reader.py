"""The zip reader: entries of both lists, their content, and every contradiction as data."""

import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import ClassVar

from pratique.artifacts.archive import (
    ArchiveEntries,
    ArchiveEntry,
    Ledger,
    TorchScriptCode,
    placed,
)
from pratique.artifacts.blob import MemoryBlob, cut
from pratique.artifacts.laid import first
from pratique.artifacts.reader import Claim, Item, Kind, Member, Reader, Subject, TensorRole, View
from pratique.artifacts.readers.tar import header as tar
from pratique.artifacts.readers.tensor_layout import BITS, bytes_of, tensors_fact
from pratique.artifacts.readers.torch_roles import learnt, storage_roles
from pratique.artifacts.readers.zip import flavour, records
from pratique.artifacts.readers.zip.beside import beside, own_modules, plain_bytes
from pratique.artifacts.readers.zip.payload import Payload, Unpacker
from pratique.artifacts.readers.zip.row import row
from pratique.artifacts.readers.zip.survey import Entry, find_ends, survey
from pratique.core.errors import ArtifactError, LimitExceededError, MalformedError
from pratique.core.fact import Fact, Json
from pratique.core.limits import KiB

MAX_MISSIZED = 100


@dataclass(slots=True)
class _Reading:
    """What one run of the reader knows so far."""

    subject: Subject
    ledger: Ledger
    unpacker: Unpacker
    flavour: str
    roles: dict[str, Mapping[str, TensorRole]] = field(default_factory=dict)
    shown: list[ArchiveEntry] = field(default_factory=list)
    digests: dict[str, str] = field(default_factory=dict)
    names: dict[str, int] = field(default_factory=dict)
    record: tuple[bytes, int] | None = None
    code_room: int = 0
    covered: int = 0
    calls: dict[str, None] = field(default_factory=dict)
    missized: list[Json] = field(default_factory=list)
    own: frozenset[str] = frozenset()
    opaque: frozenset[str] = frozenset()

    def label(self, name: str, at: int) -> str:
        """Return a name for the member that no other member has."""
        count = self.names[name] = self.names.get(name, 0) + 1
        return (name or f"unnamed@{at}") + (f"#{count}" if count > 1 else "")


class ZipReader(Reader):
    """Reads zip files and all that are zips inside: PyTorch, npz, wheels, Keras, skops.

    Entries are the union of the central directory and of what a walk over the rest finds. `roles`
    tells from a PyTorch pickle which storage has which type.
    """

    name: ClassVar[str] = "zip"
    version: ClassVar[int] = 2
    kind: ClassVar[Kind] = Kind.ARCHIVE
    views: ClassVar[tuple[type[View], ...]] = (ArchiveEntries, TorchScriptCode)

    def __init__(self, roles: flavour.Roles = storage_roles) -> None:
        self._roles = roles

    def recognises(self, subject: Subject) -> bool:
        """Tell a zip by a local header at its start, or by an end record that points at a list."""
        if subject.head[:4] == records.LOCAL and len(subject.head) >= records.LOCAL_SIZE:
            return True
        if records.END not in subject.tail:
            return False
        try:
            ends = find_ends(subject.blob, subject.head, subject.tail)
            return bool(ends) and not all(_in_a_tar(subject, end) for end in ends)
        except ArtifactError:
            return False

    def read(self, subject: Subject) -> Iterator[Item]:
        """Yield claims, the content of every entry, the program if any, and the list at the end."""
        archives = row(subject.blob)
        if archives:
            yield from _in_a_row(subject, archives)
            return
        ledger = Ledger()
        told = survey(subject.blob, subject.limits, ledger)
        kind = flavour.flavour_of([e.name for e in told.entries])
        unpacker = Unpacker(subject, ledger, hashed=kind == "wheel")
        reading = _Reading(subject, ledger, unpacker, kind)
        reading.code_room = subject.limits.text_bytes
        yield from told.claims
        reading.covered = sum(c.end - c.start for c in told.claims)
        self._learn_roles(reading, told.entries)
        reading.own = own_modules([e.name for e in told.entries])
        if kind == "skops":
            reading.opaque = plain_bytes(told.entries, partial(_body, reading))
        yield from _named_tensors(reading, told.entries)
        for entry in sorted(told.entries, key=lambda e: not first(e.name)):
            yield from self._entry(reading, entry)
        if reading.record:
            body, at = reading.record
            flavour.check_record(body, reading.digests, at, ledger)
        yield from _account(reading)
        if ledger.over:
            raise LimitExceededError(ledger.over)
        if not told.ends:
            raise MalformedError("a zip without a central directory", subject.size)

    def _learn_roles(self, reading: _Reading, entries: list[Entry]) -> None:
        """Read the pickles that describe storages, before any storage is handed on."""
        take = partial(_body, reading)
        reading.roles.update(beside(entries, take, self._roles, reading.subject.limits))
        if not reading.flavour.startswith("torch"):
            return
        big = {
            e.name[: -len(flavour.BYTE_ORDER) + 1] for e in entries if _is_big_endian(reading, e)
        }
        for entry in entries:
            folder = flavour.pickle_folder(entry.name)
            if folder and folder not in reading.roles:
                body = _body(reading, entry, flavour.MAX_PICKLE)
                roles = self._roles(body, reading.subject.limits)
                if entry.name.rpartition("/")[0] + "/" in big:
                    roles = {k: replace(r, dtype=f"{r.dtype}-be") for k, r in roles.items()}
                reading.roles[folder] = roles

    def _entry(self, reading: _Reading, entry: Entry) -> Iterator[Item]:
        header, link, digest = entry.header, "", ""
        with reading.unpacker.open(entry) as payload:
            used = payload.used if payload else entry.end
            if payload:
                digest = payload.digest
                link = records.link_target(payload.blob, header.mode)
                yield from self._content(reading, entry, payload)
        if entry.local is not None:
            yield from _claims(entry, used)
            reading.covered += entry.tail - entry.start
        reading.digests[entry.name] = digest
        reading.shown.append(_told(entry, link, digest))
        other = _by_local_header(reading.subject, entry)
        if other:
            with reading.unpacker.open(other) as payload:
                if payload:
                    label = reading.label(f"{entry.name}@local-header", entry.start)
                    yield Member(label, payload.blob)

    def _content(self, reading: _Reading, entry: Entry, payload: Payload) -> Iterator[Item]:
        if flavour.is_record(entry.name):
            body = payload.blob.read(0, flavour.MAX_RECORD)
            reading.record = (body, entry.start)
        if reading.flavour == "torchscript":
            packed, room = entry.end - entry.data, reading.code_room
            for code in flavour.program(entry.name, payload.blob, packed, room):
                reading.code_room -= len(code.source)
                flavour.note_calls(code, reading.calls)
                yield code
        if payload.blob.size or not entry.name.endswith("/"):
            role = flavour.role_of(entry.name, reading.roles)
            _note_size(reading, role, payload.blob.size)
            label = reading.label(entry.name, entry.start)
            opaque = entry.name in reading.opaque
            yield Member(label, payload.blob, role, opaque, reading.own)


def _in_a_row(subject: Subject, archives: list[tuple[int, int]]) -> Iterator[Item]:
    """Hand on each archive of a row as a member of its own."""
    for number, (start, end) in enumerate(archives, 1):
        yield Claim(start, end, "archive")
        yield Member(f"archive-{number}", cut(subject.blob, start, end))
    yield ArchiveEntries(format="zip", entries=(), flavour="row", covered=subject.size)
    data: Json = {"format": "zip", "flavour": "row", "entries": len(archives)}
    yield Fact("archive", subject.chain, data)


def _in_a_tar(subject: Subject, end: records.End) -> bool:
    """Tell whether the zip of an end record is a tar's member, whole: then it is read as that."""
    if tar.parse(subject.head[: tar.BLOCK]) is None:
        return False
    begins = [start - end.offset for start in end.starts]
    for begin in begins:
        header = tar.parse(subject.blob.read(max(0, begin - tar.BLOCK), tar.BLOCK))
        if begin < tar.BLOCK or header is None or not header.summed:
            return False
        if header.kind not in {"file", "other"} or begin + header.size < end.end:
            return False
    return bool(begins)


def _named_tensors(reading: _Reading, entries: list[Entry]) -> Iterator[Fact]:
    """Yield the tensors of a PyTorch zip's one `data.pkl`, for rules that compare with a config."""
    pickles = [e for e in entries if e.name.rpartition("/")[2] == "data.pkl"]
    if reading.flavour == "torch" and len(pickles) == 1:
        body = _body(reading, pickles[0], flavour.MAX_PICKLE)
        told = learnt(MemoryBlob(body), 0, reading.subject.limits).tensors()
        yield tensors_fact("torch-zip", told)


def _note_size(reading: _Reading, role: TensorRole | None, size: int) -> None:
    """Note a storage that is not as long as the pickle says of it."""
    if role is None or role.dtype not in BITS or len(reading.missized) >= MAX_MISSIZED:
        return
    told = bytes_of(role.dtype, role.shape)
    if told != size:
        reading.missized.append([role.name[:200], -1 if told is None else told, size])


def _body(reading: _Reading, entry: Entry, most: int) -> bytes:
    """Return an entry's content ahead of its turn, empty when it is larger than `most`."""
    with Unpacker(reading.subject, Ledger(), hashed=False).open(entry) as payload:
        if payload is None or payload.blob.size > most:
            return b""
        return payload.blob.read(0, payload.blob.size)


def _is_big_endian(reading: _Reading, entry: Entry) -> bool:
    return entry.name.endswith(flavour.BYTE_ORDER) and _body(reading, entry, KiB) == b"big"


def _claims(entry: Entry, used: int) -> Iterator[Claim]:
    """Claim what is accounted for: not the junk after packed content that ends early."""
    start, stash = entry.start, entry.local.stash if entry.local else 0
    if stash:
        yield Claim(start, entry.data - stash, "entry")
        start = entry.data
    if used >= entry.end:
        yield Claim(start, entry.tail, "entry")
        return
    yield Claim(start, used, "entry")
    if entry.tail > entry.end:
        yield Claim(entry.end, entry.tail, "data descriptor")


def _by_local_header(subject: Subject, entry: Entry) -> Entry | None:
    """Return the entry as a loader sees it that believes the local header, where that differs."""
    local, header = entry.local, entry.header
    if local is None or not entry.listed:
        return None
    packed = local.packed or (header.packed if local.flags & records.HAS_DESCRIPTOR else 0)
    if (local.method, packed) == (header.method, header.packed):
        return None
    end = min(subject.size, local.end + packed)
    return Entry(replace(local, packed=packed), local, entry.start, entry.data, end, end)


def _told(entry: Entry, link: str, digest: str) -> ArchiveEntry:
    return ArchiveEntry(
        name=entry.name,
        kind=_kind(entry),
        start=entry.start,
        packed=entry.end - entry.data,
        size=max(0, entry.header.size),
        method=records.method_name(entry.header.method),
        link=link,
        mode=entry.header.mode,
        listed=entry.listed,
        digest=digest,
    )


def _kind(entry: Entry) -> str:
    mode = entry.header.mode
    if stat.S_ISLNK(mode):
        return "symlink"
    if stat.S_ISBLK(mode) or stat.S_ISCHR(mode):
        return "device"
    if stat.S_ISFIFO(mode):
        return "fifo"
    return "directory" if entry.name.endswith("/") else "file"


def _account(reading: _Reading) -> Iterator[Item]:
    entries, ledger = tuple(reading.shown), reading.ledger
    partial = "; ".join(t for t in (ledger.partial, ledger.over) if t)[: 2 * KiB]
    yield ArchiveEntries(
        format="zip",
        entries=entries,
        problems=tuple(ledger.problems),
        flavour=reading.flavour,
        covered=min(reading.subject.size, reading.covered),
        partial=partial,
    )
    data: Json = {
        "format": "zip",
        "flavour": reading.flavour,
        "entries": len(entries),
        "placed": placed(entries),
        "missized": reading.missized,
    }
    yield Fact("archive", reading.subject.chain, data)
    if reading.flavour == "torchscript":
        told: Json = {"entries": len(entries), "calls": list(reading.calls)}
        yield Fact("torchscript", reading.subject.chain, told)
