"""The raw Snappy format, as blocks of tables are packed with it.

Format: https://github.com/google/snappy/blob/main/format_description.txt
"""

from pratique.core.errors import MalformedError

_LITERAL, _SHORT, _MIDDLE = 0, 1, 2
_INLINE = 60
_MAX_SIZE_BYTES = 5


def unpacked(body: bytes, most: int) -> bytes:
    """Return what a packed block holds, at most `most` bytes.

    Raises:
        MalformedError: it is broken, or says that it unpacks to more.

    """
    size, at = _size(body)
    if size > most:
        raise MalformedError(f"a packed block of {size} bytes")
    out = bytearray()
    while at < len(body):
        at = _step(body, at, out)
        if len(out) > size:
            break
    if len(out) != size:
        raise MalformedError(f"a packed block says {size} bytes and has {len(out)}")
    return bytes(out)


def _size(body: bytes) -> tuple[int, int]:
    value = 0
    for at in range(min(len(body), _MAX_SIZE_BYTES)):
        value |= (body[at] & 0x7F) << 7 * at
        if body[at] < 0x80:  # noqa: PLR2004 - the last byte of a number
            return value, at + 1
    raise MalformedError("a packed block without its size")


def _step(body: bytes, at: int, out: bytearray) -> int:
    """Take one element from `body` at `at`; return where the next begins."""
    tag = body[at]
    kind, upper = tag & 3, tag >> 2
    at += 1
    if kind == _LITERAL:
        more = max(0, upper - _INLINE + 1)
        length = 1 + (int.from_bytes(body[at : at + more], "little") if more else upper)
        at += more
        if at + length > len(body):
            raise MalformedError("a packed block ends inside a literal")
        out += body[at : at + length]
        return at + length
    if kind == _SHORT:
        length, back, more = 4 + (upper & 7), (upper >> 3) << 8, 1
    else:
        length, back, more = 1 + upper, 0, 2 if kind == _MIDDLE else 4
    back |= int.from_bytes(body[at : at + more], "little")
    _copy(out, back, length)
    return at + more


def _copy(out: bytearray, back: int, length: int) -> None:
    if not 0 < back <= len(out):
        raise MalformedError("a packed block copies what it does not have")
    for _ in range(length):  # what is copied may overlap what it makes
        out.append(out[-back])
