"""Reads PNG: chunks with their check sums, and image data that ends where its stream does.

Format: https://www.w3.org/TR/png-3/
"""

import zlib
from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.reader import Claim, Item, Kind, Reader, Subject, View
from pratique.artifacts.views import TextView
from pratique.core.errors import LimitExceededError, MalformedError
from pratique.core.limits import KiB, MiB

MAGIC = b"\x89PNG\r\n\x1a\n"
MAX_CHUNK = 64 * MiB
MAX_CHUNKS = 100_000
FED = 16 * KiB
KNOWN = frozenset(
    b"IHDR PLTE IDAT IEND acTL fcTL fdAT bKGD cHRM cICP cLLI mDCV dSIG eXIf gAMA hIST iCCP iTXt "
    b"oFFs pCAL pHYs sBIT sCAL sPLT sRGB sTER tEXt tIME tRNS zTXt caBX iDOT orNT vpAg caNv".split()
)
"""Registered chunks and those that common programs write; bytes of any other stay unclaimed."""
TEXTS = (b"tEXt", b"iTXt")


class PngReader(Reader):
    """Claims each known chunk whose check sum holds; shows texts to the rules that read them."""

    name: ClassVar[str] = "png"
    kind: ClassVar[Kind] = Kind.DATA
    views: ClassVar[tuple[type[View], ...]] = (TextView,)

    def recognises(self, subject: Subject) -> bool:
        """Tell by the signature and the first chunk, which must be the header."""
        return subject.head.startswith(MAGIC + b"\0\0\0\x0dIHDR")

    def read(self, subject: Subject) -> Iterator[Item]:
        """Yield a claim for each known chunk, and its text."""
        yield Claim(0, 8, "png signature")
        at, image = 8, zlib.decompressobj()
        for _ in range(MAX_CHUNKS):
            kind, body = _chunk(subject, at)
            end = at + 12 + len(body)
            if kind in KNOWN:
                yield Claim(at, end, f"png chunk {kind.decode()}")
            if kind in TEXTS:
                yield TextView(
                    text=body.replace(b"\0", b" ").decode("utf-8", "replace"),
                    origin=f"png:{kind.decode()}",
                    base=at + 8,
                )
            if kind == b"IDAT":
                _inflate(image, body, at, subject)
            at = end
            if kind == b"IEND":
                break
        else:
            raise LimitExceededError(f"more than {MAX_CHUNKS} chunks")
        if not image.eof:
            raise MalformedError("the image data ends before its stream does", at)


def _chunk(subject: Subject, at: int) -> tuple[bytes, bytes]:
    head = subject.blob.read(at, 8)
    length, kind = int.from_bytes(head[:4], "big"), head[4:]
    if len(head) < 8 or not kind.isalpha() or at + 12 + length > subject.size:  # noqa: PLR2004
        raise MalformedError("a chunk ends after the file, or is none", at)
    if length > MAX_CHUNK:
        raise LimitExceededError(f"a chunk of {length} bytes")
    body = subject.blob.read(at + 8, length + 4)
    if zlib.crc32(body[:-4], zlib.crc32(kind)) != int.from_bytes(body[-4:], "big"):
        raise MalformedError(f"the check sum of chunk {kind.decode()} does not hold", at)
    return kind, body[:-4]


def _inflate(image: "zlib._Decompress", body: bytes, at: int, subject: Subject) -> None:
    """Follow the image's stream through one chunk; what stands behind its end is no image."""
    left = b""
    try:
        # in pieces: zlib copies what it has not used yet at every step
        for piece in range(0, len(body), FED):
            left = body[piece : piece + FED]
            while left and not image.eof:
                out = image.decompress(left, 256 * KiB)
                subject.budget.take_bytes(len(out))
                left = image.unconsumed_tail
            if left or image.unused_data:
                break
    except zlib.error:
        raise MalformedError("the image data is no zlib stream", at) from None
    if left or image.unused_data:
        raise MalformedError("bytes stand behind the end of the image data", at)
