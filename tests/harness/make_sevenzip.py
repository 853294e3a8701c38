"""7z archives of a test's choice, written byte by byte: stored or LZMA2, the list packed or not."""

import lzma
import struct
import zlib
from collections.abc import Mapping, Sequence

COPY, LZMA2, AES = b"\0", b"\x21", b"\x06\xf1\x07\x01"
_CHAIN = [{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 20}]


def number(value: int) -> bytes:
    """Return a number as 7z writes it."""
    for extra in range(8):
        if value < 1 << (7 * (extra + 1)):
            first = (0xFF00 >> extra) & 0xFF | value >> (8 * extra)
            return bytes([first]) + (value & (1 << 8 * extra) - 1).to_bytes(extra, "little")
    return b"\xff" + value.to_bytes(8, "little")


def packed(body: bytes, method: bytes) -> bytes:
    """Return a stream as a coder packs it."""
    if method == LZMA2:
        return lzma.compress(body, lzma.FORMAT_RAW, filters=_CHAIN)
    return body


def _coder(method: bytes) -> bytes:
    if method == LZMA2:
        return bytes([0x20 | len(method)]) + method + b"\x01\x10"
    return bytes([len(method)]) + method


def _streams(at: int, stream: bytes, size: int, method: bytes, parts: Sequence[bytes]) -> bytes:
    told = b"\x06" + number(at) + number(1) + b"\x09" + number(len(stream)) + b"\0"
    told += b"\x07\x0b" + number(1) + b"\0" + number(1) + _coder(method)
    told += b"\x0c" + number(size) + b"\0"
    if parts:
        told += b"\x08\x0d" + number(len(parts))
        if len(parts) > 1:
            told += b"\x09" + b"".join(number(len(p)) for p in parts[:-1])
        told += b"\x0a\x01" + b"".join(struct.pack("<I", zlib.crc32(p)) for p in parts) + b"\0"
    return told + b"\0"


def sevenzip(
    files: Mapping[str, bytes],
    *,
    method: bytes = COPY,
    links: Mapping[str, str] | None = None,
    pack_list: bool = False,
    names: Sequence[str] | None = None,
) -> bytes:
    """Return an archive of one folder; `names` are listed instead of those of the files."""
    bodies = {**files, **{name: aim.encode() for name, aim in (links or {}).items()}}
    whole = b"".join(bodies.values())
    stream = packed(whole, method)
    told = list(bodies) if names is None else list(names)
    listed = b"\0" + "".join(f"{name}\0" for name in told).encode("utf-16-le")
    modes = [0o120777 if name in (links or {}) else 0o100644 for name in told]
    marks = b"\x01\0" + b"".join(struct.pack("<I", 0x8000 | mode << 16) for mode in modes)
    body = b"\x01\x04" + _streams(0, stream, len(whole), method, list(bodies.values()))
    body += b"\x05" + number(len(told)) + b"\x11" + number(len(listed)) + listed
    body += b"\x15" + number(len(marks)) + marks + b"\0\0"
    if pack_list:
        small = packed(body, LZMA2)
        body = b"\x17" + _streams(len(stream), small, len(body), LZMA2, ())
        stream += small
    return framed(stream, body)


def framed(stream: bytes, body: bytes) -> bytes:
    """Return an archive of packed bytes and a list as they are."""
    begin = struct.pack("<QQI", len(stream), len(body), zlib.crc32(body))
    return b"7z\xbc\xaf\x27\x1c\0\4" + struct.pack("<I", zlib.crc32(begin)) + begin + stream + body
