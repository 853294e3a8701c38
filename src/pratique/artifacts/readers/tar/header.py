"""One 512-byte tar header, and the extended headers that override it."""

from dataclasses import dataclass

BLOCK = 512
MAGIC = b"ustar"
MAGIC_AT = 257
SUM_AT, SUM_END = 148, 156
KINDS = {
    b"1": "hardlink",
    b"2": "symlink",
    b"3": "device",
    b"4": "device",
    b"5": "directory",
    b"6": "fifo",
}
FILES = b"0\0007S"
SPARSE = b"S"
PAX, PAX_GLOBAL, PAX_SOLARIS, LONG_NAME, LONG_LINK = b"x", b"g", b"X", b"L", b"K"
EXTENDED = (PAX, PAX_GLOBAL, PAX_SOLARIS, LONG_NAME, LONG_LINK)
MAX_NUMBER = 1 << 62


@dataclass(frozen=True, slots=True)
class Header:
    """What one header block says. `summed` tells whether its checksum holds."""

    name: bytes
    flag: bytes
    size: int
    link: bytes
    mode: int
    summed: bool

    @property
    def kind(self) -> str:
        """Return what the entry is: `file`, `symlink`, ..."""
        if self.flag in KINDS:
            return KINDS[self.flag]
        if self.flag == b"\0" and self.name.endswith(b"/"):
            return "directory"
        return "file" if self.flag in FILES else "other"


def parse(block: bytes) -> Header | None:
    """Return the header in a block, or None when it is none.

    A block with the ustar mark is a header even when its checksum is wrong.
    """
    if len(block) < BLOCK:
        return None
    summed = _sum_holds(block)
    size, mode = number(block[124:136]), number(block[100:108])
    marked = block[MAGIC_AT : MAGIC_AT + 5] == MAGIC
    if not (summed or marked) or size is None:
        return None
    name = _text(block[:100])
    prefix = _text(block[345:500])
    # GNU headers keep times in the place of the prefix (tar.h, struct oldgnu_header).
    if marked and block[MAGIC_AT : MAGIC_AT + 8] != b"ustar  \0" and prefix:
        name = prefix + b"/" + name
    return Header(name, block[156:157], size, _text(block[157:257]), mode or 0, summed)


def number(field: bytes) -> int | None:
    """Return an octal or base-256 number; None where it is neither, negative or too large."""
    if field[0] in {0x80, 0xFF}:
        value = int.from_bytes(field[1:], "big")
        return value if field[0] == 0x80 and value < MAX_NUMBER else None  # noqa: PLR2004 - the mark
    text = field.partition(b"\0")[0].strip(b" ")
    if not text:
        return 0
    return int(text, 8) if all(c in b"01234567" for c in text) else None


def pax_records(body: bytes) -> dict[str, bytes]:
    """Return the `LENGTH KEY=VALUE` records of a pax header, as far as they are well-formed."""
    found: dict[str, bytes] = {}
    at = 0
    while at < len(body):
        digits, space, _ = body[at : at + 12].partition(b" ")
        if not space or not digits.isdigit():
            break
        length = int(digits)
        record = body[at + len(digits) + 1 : at + length]
        key, equals, value = record.rstrip(b"\n").partition(b"=")
        if length <= len(digits) + 1 or not equals:
            break
        found[key.decode("utf-8", "backslashreplace")] = value
        at += length
    return found


def _text(field: bytes) -> bytes:
    return field.partition(b"\0")[0]


def _sum_holds(block: bytes) -> bool:
    told = number(block[SUM_AT:SUM_END])
    if not told:
        return False
    rest = block[:SUM_AT] + block[SUM_END:BLOCK]
    plain = sum(rest) + 8 * ord(" ")
    # Some old tars summed signed characters: bytes past 127 counted as negative.
    return told == plain or told == plain - 256 * sum(c > 127 for c in rest)  # noqa: PLR2004
