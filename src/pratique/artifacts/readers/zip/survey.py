"""Find every entry of a zip: those that the central directory names, and those that it hides."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from pratique.artifacts.archive import Ledger
from pratique.artifacts.blob import Blob
from pratique.artifacts.reader import TAIL, Claim
from pratique.artifacts.readers.inflate import Progress, inflate, raw_deflate
from pratique.artifacts.readers.zip import records
from pratique.artifacts.readers.zip.records import END, End, Header, Window, read_central, read_end
from pratique.core.limits import GiB, Limits, MiB

MAX_ENDS = 4
MAX_METHOD = 99
MAX_NAME = 4_096
SEARCH = 4 * MiB
MAX_WALKED = GiB
"""A hidden entry without a size is unpacked to find its end, up to this many bytes."""


@dataclass(slots=True)
class Entry:
    """One entry: its header, its local header when it has one, and where its bytes stand.

    `start` to `data` is the local header, `data` to `end` the packed content, and up to `tail`
    goes its data descriptor.
    """

    header: Header
    local: Header | None
    start: int
    data: int
    end: int
    tail: int
    listed: bool = True
    shared: bool = False

    @property
    def name(self) -> str:
        """Return the entry's name as text."""
        return self.header.text

    @property
    def key(self) -> tuple[int, bytes, int, int]:
        """Return what makes two entries of two directories one and the same."""
        return self.start, self.header.name, self.header.packed, self.header.method


@dataclass(slots=True)
class Survey:
    """All that was found of a zip before any content is unpacked."""

    entries: list[Entry] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    ends: int = 0
    listed: int = 0
    keys: set[tuple[int, bytes, int, int]] = field(default_factory=set)


def find_ends(blob: Blob, head: bytes, tail: bytes) -> list[End]:
    """Return the plausible end records in the file's tail, the last (which loaders take) first."""
    found: list[End] = []
    base = blob.size - len(tail)
    at = tail.rfind(END)
    tries = 64
    while at >= 0 and len(found) < MAX_ENDS and tries:
        end = read_end(blob, base + at)
        empty = base + at == 0 and not any(head[4:20])
        if end and (end.starts or empty) and (end.count or empty):
            found.append(end)
        at, tries = tail.rfind(END, 0, at), tries - 1
    return found


def survey(blob: Blob, limits: Limits, ledger: Ledger) -> Survey:
    """Find the entries of the zip in `blob`; contradictions go into `ledger`."""
    told = Survey()
    tail = blob.read(max(0, blob.size - TAIL), TAIL)
    for end in find_ends(blob, blob.read(0, 32), tail):
        inside = any(e.data <= end.at < e.end for e in told.entries)
        if inside:
            continue
        _one_end(blob, end, limits, (told, ledger))
    if not told.ends:
        ledger.note("directory", "", blob.size, "there is no central directory")
    if not ledger.over:
        for entry in _hidden(blob, told, limits):
            told.entries.append(entry)
            if told.ends:
                says = "stands in the archive but not in its central directory"
                ledger.note("hidden", entry.name, entry.start, says)
    if len(told.entries) >= limits.members:
        ledger.over = f"more than {limits.members} entries"
    _mark_overlaps(told, ledger)
    return told


def _one_end(blob: Blob, end: End, limits: Limits, to: tuple[Survey, Ledger]) -> None:
    told, ledger = to
    told.ends += 1
    for fault in end.faults:
        ledger.note("directory", "", end.at, fault)
    if told.ends > 1:
        says = "another end record names another list of entries: loaders differ in which they take"
        ledger.note("directory", "", end.at, says)
    if len(end.starts) > 1:
        says = f"two central directories fit the end record, at {end.starts[0]} and {end.starts[1]}"
        ledger.note("directory", "", end.at, says)
    told.claims.append(Claim(end.at, end.end, "end record"))
    for start in end.starts:
        headers = list(_directory(blob, start, end, limits, (told, ledger)))
        told.claims.append(Claim(start, headers[-1].end if headers else start, "directory"))
        found = [locate(blob, header, start - end.offset, ledger) for header in headers]
        told.entries += [e for e in found if e.key not in told.keys]
        told.keys.update(e.key for e in found)


def _directory(
    blob: Blob, start: int, end: End, limits: Limits, to: tuple[Survey, Ledger]
) -> Iterator[Header]:
    told, ledger = to
    window, at, count = Window(blob), start, 0
    most = limits.members - len(told.entries)
    while at < end.at and count < most and told.listed < limits.text_bytes:
        header = read_central(window, at)
        if header is None:
            break
        yield header
        told.listed += header.end - at
        at, count = header.end, count + 1
    if at < end.at and (count >= most or told.listed >= limits.text_bytes):
        ledger.over = f"a central directory of more than {count} entries"
    elif count != end.count:
        says = f"the end record tells of {end.count} entries, the central directory has {count}"
        ledger.note("directory", "", start, says)
    elif at - start != end.size:
        says = f"the central directory has {at - start} bytes, the end record tells of {end.size}"
        ledger.note("directory", "", start, says)


def locate(blob: Blob, header: Header, shift: int, ledger: Ledger) -> Entry:
    """Pair a central header with its local one and compare them."""
    local = None
    for start in dict.fromkeys((header.offset + shift, header.offset)):
        local = local or (records.read_local(blob, start) if start >= 0 else None)
    if local is None:
        at = max(0, min(blob.size, header.offset + shift))
        return Entry(header, None, at, at, at, at)
    end = min(blob.size, local.end + header.packed)
    tail = _descriptor(blob, header, local, end)
    _compare(header, local, ledger)
    return Entry(header, local, local.at, local.end, end, tail)


def _descriptor(blob: Blob, header: Header, local: Header, end: int) -> int:
    """Return the end of the data descriptor after `end` (APPNOTE 4.3.9), `end` without one."""
    if not (header.flags | local.flags) & records.HAS_DESCRIPTOR:
        return end
    body = blob.read(end, 24)
    mark = 4 if body[:4] == records.DESCRIPTOR else 0
    if not mark and body[:4] != header.crc.to_bytes(4, "little"):
        return end
    for width in (8, 4):
        at = mark + 4
        if int.from_bytes(body[at : at + width], "little") == header.packed:
            size = int.from_bytes(body[at + width : at + 2 * width], "little")
            if size == header.size and at + 2 * width <= len(body):
                return end + at + 2 * width
    return end + (16 if mark and len(body) >= 16 else 0)  # noqa: PLR2004 - the short form


def _compare(header: Header, local: Header, ledger: Ledger) -> None:
    said = list(_differences(header, local))
    if said:
        says = f"its local header says otherwise than the central directory: {', '.join(said)}"
        ledger.note("contradiction", header.text, local.at, says)
    other = (header.unicode_name or b"").decode("utf-8", "replace")
    # An ASCII name beside another ASCII name is no fallback for a letter that ASCII lacks.
    if other and other.isascii() and header.name.isascii() and other != header.text:
        ledger.note("contradiction", header.text, header.at, f"its unicode name is {other[:200]!r}")
    if header.fault:
        ledger.note("directory", header.text, header.at, header.fault)


def _differences(header: Header, local: Header) -> Iterator[str]:
    if header.name != local.name:
        yield f"name {local.text[:200]!r}"
    if header.method != local.method:
        yield f"{records.method_name(local.method)} for {records.method_name(header.method)}"
    if (header.flags ^ local.flags) & records.SAYS_ENCRYPTED:
        yield "another encryption flag"
    late = bool(local.flags & records.HAS_DESCRIPTOR)
    for what in ("crc", "packed", "size"):
        here, there = getattr(local, what), getattr(header, what)
        if here != there and not (late and here in (0, records.FULL32)):
            yield f"{what} {here} for {there}"


def _mark_overlaps(told: Survey, ledger: Ledger) -> None:
    spans: list[tuple[int, int, Entry | None]] = [
        (e.start, e.tail, e) for e in told.entries if e.local is not None
    ]
    spans += [(c.start, c.end, None) for c in told.claims]
    reached, holder = 0, ""
    for start, end, entry in sorted(spans, key=lambda s: (s[0], s[1])):
        name = entry.name if entry else ""
        if start < reached and end > start:
            if entry:
                entry.shared = True
            says = f"shares its bytes with {holder[:200]!r}" if holder else "lies in the directory"
            ledger.note("overlap", name, start, says)
        if end > reached:
            reached, holder = end, name


def _hidden(blob: Blob, told: Survey, limits: Limits) -> Iterator[Entry]:
    """Yield entries that stand where nothing else does, in one walk over those gaps."""
    taken = [(e.start, e.tail) for e in told.entries if e.local is not None]
    taken += [(c.start, c.end) for c in told.claims]
    room = limits.members - len(told.entries)
    finder = _Finder(blob)
    for start, end in _gaps(taken, blob.size):
        at = finder.find(start, end)
        while at >= 0 and room > 0:
            room -= 1
            entry = _unlisted(blob, at, end)
            if entry:
                yield entry
            at = finder.find(entry.tail if entry else at + 4, end)


class _Finder:
    """Finds local headers, reading each block once however many there are in it."""

    def __init__(self, blob: Blob) -> None:
        self._blob, self._at, self._block = blob, 0, b""

    def find(self, at: int, end: int) -> int:
        """Return where the next local header's mark in `at` to `end` stands, or -1."""
        while at + 4 <= end:
            if not self._at <= at <= self._at + len(self._block) - 4:
                self._at, self._block = at, self._blob.read(at, SEARCH)
            hit = self._block.find(records.LOCAL, at - self._at, end - self._at)
            if hit >= 0:
                return self._at + hit
            at = self._at + len(self._block) - 3
            if len(self._block) < SEARCH:
                break
        return -1


def _gaps(taken: list[tuple[int, int]], size: int) -> Iterator[tuple[int, int]]:
    at = 0
    for start, end in sorted(taken):
        if start > at:
            yield at, start
        at = max(at, end)
    if at < size:
        yield at, size


def _unlisted(blob: Blob, at: int, end: int) -> Entry | None:
    local = records.read_local(blob, at)
    if local is None or local.end > end or not 0 < len(local.name) <= MAX_NAME:
        return None
    if local.method > MAX_METHOD or (local.method and local.method not in records.METHODS):
        return None
    late = local.flags & records.HAS_DESCRIPTOR and not local.packed
    stop = min(end, local.end + local.packed)
    if late:
        stop = _find_end(blob, local, end)
    header = Header(
        at, local.end, local.name, local.flags, local.method,
        local.crc, stop - local.end, -1 if late else local.size, at,
    )  # fmt: skip
    tail = stop
    if late and blob.read(stop, 4) == records.DESCRIPTOR:
        tail = min(end, stop + 16)
    return Entry(header, local, at, local.end, stop, tail, listed=False)


def _find_end(blob: Blob, local: Header, end: int) -> int:
    """Return where the content of an entry ends whose header does not tell."""
    if local.method == records.DEFLATED:
        state = Progress()
        for _ in inflate(blob, local.end, end, raw_deflate, state):
            if state.produced > MAX_WALKED:
                break
        return local.end + state.consumed if state.ended else end
    after = _Finder(blob).find(local.end, end)
    return end if after < 0 else after
