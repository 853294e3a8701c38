"""Write the images and tokenizers that lie beside weights, sound or broken."""

import struct
import zlib


def chunk(kind: bytes, body: bytes, spoil: int = 0) -> bytes:
    crc = zlib.crc32(kind + body) ^ spoil
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", crc)


def png(image: bytes = zlib.compress(b"\0\0\0\0"), *extra: bytes) -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
    parts = [head, *extra, chunk(b"IDAT", image), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def segment(marker: int, body: bytes) -> bytes:
    return b"\xff" + bytes([marker]) + struct.pack(">H", len(body) + 2) + body


def jpeg(*extra: bytes) -> bytes:
    app = segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0")
    scan = segment(0xDA, b"\1\1\0\0\x3f\0") + b"\x12\xff\0\x34\xff\xd0\x56"
    return b"\xff\xd8" + app + b"".join(extra) + segment(0xC0, bytes(11)) + scan + b"\xff\xd9"


def field(number: int, body: bytes | int) -> bytes:
    if isinstance(body, int):
        return bytes([number << 3, body])
    size = len(body)
    length = bytes([size]) if size < 128 else bytes([size & 127 | 128, size >> 7])
    return bytes([number << 3 | 2]) + length + body


def piece(text: bytes, score: float = -1.5, kind: int = 1) -> bytes:
    return field(1, field(1, text) + b"\x15" + struct.pack("<f", score) + field(3, kind))


def pieces(*extra: bytes) -> bytes:
    normal = field(3, field(1, b"nmt_nfkc") + field(2, bytes(range(200))) + field(3, 1))
    trainer = field(2, field(2, b"m") + field(3, 1) + field(4, 100))
    return piece(b"<unk>", 0, 2) + piece(b"\xe2\x96\x81a") + b"".join(extra) + trainer + normal
