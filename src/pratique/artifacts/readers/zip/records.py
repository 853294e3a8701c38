"""The fixed records of a zip file (PKWARE APPNOTE 4.3), parsed and nothing more."""

import stat
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pratique.artifacts.blob import Blob
from pratique.core.limits import KiB, MiB

LOCAL, CENTRAL, END = b"PK\3\4", b"PK\1\2", b"PK\5\6"
END64, LOCATOR, DESCRIPTOR = b"PK\6\6", b"PK\6\7", b"PK\7\x08"
_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_END64 = struct.Struct("<4sQ2H2I4Q")
_LOCATOR = struct.Struct("<4sIQI")
END_SIZE, END64_SIZE, LOCATOR_SIZE, LOCAL_SIZE = 22, 56, 20, 30

ENCRYPTED, HAS_DESCRIPTOR, STRONG, UTF8, MASKED = 1, 1 << 3, 1 << 6, 1 << 11, 1 << 13
SAYS_ENCRYPTED = ENCRYPTED | STRONG | MASKED
STORED, DEFLATED, BZIP2, LZMA, XZ = 0, 8, 12, 14, 95
METHODS = {
    STORED: "stored", 1: "shrunk", 6: "imploded", DEFLATED: "deflate", 9: "deflate64",
    BZIP2: "bzip2", LZMA: "lzma", 20: "zstd", 93: "zstd", 94: "mp3", XZ: "xz", 96: "jpeg",
    97: "wavpack", 98: "ppmd", 99: "aes",
}  # fmt: skip
UNIX_SYSTEMS = {3, 19}
FULL16, FULL32 = 0xFFFF, 0xFFFFFFFF
ZIP64_EXTRA, UNICODE_PATH_EXTRA = 0x0001, 0x7075
WINDOW = MiB
LOCAL_READ = KiB
LONGEST_EXTRA = 512
"""Bytes of extra fields, padding left out, past which they are content: not times and sizes."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a local or a central header says of one entry, zip64 extra taken into account.

    `stash` is the length of an extra field at the header's end that is no field a packer writes:
    long, and no padding.
    """

    at: int
    end: int
    name: bytes
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    offset: int = 0
    mode: int = 0
    unicode_name: bytes | None = None
    fault: str = ""
    stash: int = 0

    @property
    def text(self) -> str:
        """Return the name as text that is always fit to be shown."""
        return name_text(self.name)


@dataclass(frozen=True, slots=True)
class End:
    """An end record with its zip64 part: `at` to `end` are the bytes, comment included.

    `starts` are the places where the central directory may begin, the likelier one first.
    """

    at: int
    end: int
    count: int
    size: int
    offset: int
    starts: tuple[int, ...]
    faults: tuple[str, ...] = ()


class Window:
    """Reads small records through a cached block of a blob."""

    def __init__(self, blob: Blob) -> None:
        self._blob, self._at, self._block = blob, 0, b""

    def take(self, at: int, count: int) -> bytes:
        """Return bytes `at` to `at + count`, fewer at the end."""
        inside = at - self._at
        if inside < 0 or inside + count > len(self._block):
            self._at, self._block = at, self._blob.read(at, max(WINDOW, count))
            inside = 0
        return self._block[inside : inside + count]


def name_text(name: bytes) -> str:
    """Return a name as UTF-8 where it is that, else as code page 437; never fails."""
    try:
        return name.decode()
    except UnicodeDecodeError:
        return name.decode("cp437")


def method_name(method: int) -> str:
    """Return the word for a compression method."""
    return METHODS.get(method, f"method {method}")


def read_local(blob: Blob, at: int) -> Header | None:
    """Return the local header at `at`, or None where there is none."""
    body = blob.read(at, LOCAL_READ)
    if len(body) < LOCAL_SIZE or body[:4] != LOCAL:
        return None
    _, _, flags, method, _, _, crc, packed, size, names, extras = _LOCAL.unpack_from(body)
    end = at + LOCAL_SIZE + names + extras
    if end > blob.size:
        return None
    if end > at + len(body):
        body = blob.read(at, end - at)
    name = body[LOCAL_SIZE : LOCAL_SIZE + names]
    extra = body[LOCAL_SIZE + names : end - at]
    (size, packed), unicode_name, fault = _wide(extra, (size, packed), name)
    return Header(
        at,
        end,
        name,
        flags,
        method,
        crc,
        packed,
        size,
        unicode_name=unicode_name,
        fault=fault,
        stash=_stash(extra),
    )


def read_central(window: Window, at: int) -> Header | None:
    """Return the central header at `at`, or None where there is none."""
    body = window.take(at, _CENTRAL.size)
    if len(body) < _CENTRAL.size or body[:4] != CENTRAL:
        return None
    row = _CENTRAL.unpack(body)
    made, flags, method, crc, packed, size = row[1], row[3], row[4], *row[7:10]
    names, extras, comments = row[10:13]
    rest = window.take(at + _CENTRAL.size, names + extras + comments)
    if len(rest) < names + extras + comments:
        return None
    name, extra = rest[:names], rest[names : names + extras]
    (size, packed, offset), unicode_name, fault = _wide(extra, (size, packed, row[16]), name)
    return Header(
        at, at + _CENTRAL.size + len(rest), name, flags, method, crc, packed, size,
        offset, row[15] >> 16 if made >> 8 in UNIX_SYSTEMS else 0, unicode_name, fault,
    )  # fmt: skip


def read_end(blob: Blob, at: int) -> End | None:
    """Return the end record at `at` with its zip64 part, or None where there is none."""
    body = blob.read(at, END_SIZE)
    if len(body) < END_SIZE or body[:4] != END:
        return None
    _, disk, _, here, count, size, offset, comment = _END.unpack(body)
    end, start = min(blob.size, at + END_SIZE + comment), at
    faults: list[str] = []
    if not is_text(blob.read(at + END_SIZE, comment)):
        end = at + END_SIZE
    if at + END_SIZE + comment > blob.size:
        faults.append("the end record's comment is longer than the file")
    if disk not in (0, FULL16) or here != count:
        faults.append("the end record tells of several disks")
    wides = _end64(blob, at)
    starts = [s for place, wide in wides for s in (place - wide[1], wide[2])]
    faults += _wide_faults((count, size, offset), [wide for _, wide in wides])
    if wides:
        start, (count, size, offset) = wides[0]
    places = dict.fromkeys(starts or (start - size, offset))
    fit = tuple(s for s in places if _begins(blob, s, count))
    return End(start, end, count, size, offset, fit, tuple(faults))


def is_text(comment: bytes) -> bool:
    """Tell whether a comment is words: then it is accounted for."""
    return not any(c < ord(" ") and c not in b"\t\r\n" for c in comment)


def link_target(blob: Blob, mode: int) -> str:
    """Return the target of a symbolic link whose content is `blob`, empty for other entries."""
    if not stat.S_ISLNK(mode):
        return ""
    return name_text(blob.read(0, 4 * KiB))


def _stash(extra: bytes) -> int:
    """Return the length of extra fields that hold more than packers put there.

    Alignment padding, the one thing that makes them long (PyTorch, zipalign), repeats one byte.
    """
    if len(extra) <= LONGEST_EXTRA:
        return 0
    return len(extra) if len(extra) - extra.count(extra[-1:]) > LONGEST_EXTRA else 0


def _begins(blob: Blob, start: int, count: int) -> bool:
    head = blob.read(start, 4) if start >= 0 else b""
    return head == CENTRAL or (not count and start >= 0 and head[:4] in (END, END64))


def _wide_faults(
    narrow: tuple[int, int, int], wides: Sequence[tuple[int, int, int]]
) -> Iterator[str]:
    fulls = (FULL16, FULL32, FULL32)
    for wide in wides:
        if any(n not in (full, w) for n, w, full in zip(narrow, wide, fulls, strict=True)):
            yield "the end record and its zip64 record differ"
    if len(wides) > 1:
        yield "two zip64 end records fit the end record: loaders differ in which they take"


def _end64(blob: Blob, at: int) -> list[tuple[int, tuple[int, int, int]]]:
    """Return the zip64 records that fit: the one right before, and the one that is pointed at."""
    locator = blob.read(at - LOCATOR_SIZE, LOCATOR_SIZE) if at >= LOCATOR_SIZE else b""
    if locator[:4] != LOCATOR:
        return []
    _, _, where, _ = _LOCATOR.unpack(locator)
    found = []
    for place in dict.fromkeys((at - LOCATOR_SIZE - END64_SIZE, where)):
        body = blob.read(place, END64_SIZE) if 0 <= place < at else b""
        if len(body) == END64_SIZE and body[:4] == END64:
            row = _END64.unpack(body)
            found.append((place, (row[7], row[8], row[9])))
    return found


def _wide(
    extra: bytes, narrow: tuple[int, ...], name: bytes
) -> tuple[tuple[int, ...], bytes | None, str]:
    """Return the 32-bit values with zip64 ones in place of full ones, and the unicode name."""
    at, values, unicode_name, fault = 0, list(narrow), None, ""
    missing = FULL32 in narrow
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        body = extra[at + 4 : at + 4 + length]
        at += 4 + length
        if kind == ZIP64_EXTRA and missing:
            fault = "" if _widen(values, body) else "its zip64 extra field is too short"
            missing = False
        elif kind == UNICODE_PATH_EXTRA and body[1:5] == zlib.crc32(name).to_bytes(4, "little"):
            unicode_name = body[5:]
    return tuple(values), unicode_name, fault


def _widen(values: list[int], body: bytes) -> bool:
    at = 0
    for i, value in enumerate(values):
        if value != FULL32:
            continue
        if at + 8 > len(body):
            return False
        values[i] = int.from_bytes(body[at : at + 8], "little")
        at += 8
    return True
