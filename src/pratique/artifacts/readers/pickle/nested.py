"""Pickles inside constants: plain, or as base64, hex, zlib or gzip text, peeled with bounds."""

import base64
import binascii
import re
import zlib
from dataclasses import dataclass

from pratique.artifacts.blob import Blob
from pratique.artifacts.readers.pickle.values import Long
from pratique.core.limits import MiB

MAX_CONSTANT = 16 * MiB
MAX_INFLATED = 16 * MiB
LAYERS = 3
MIN_SIZE = 8
_BASE64 = re.compile(rb"[A-Za-z0-9+/_\-\s]+={0,2}\s*\Z")
_HEX = re.compile(rb"(?:[0-9a-fA-F]{2})+\Z")
_PICKLE = re.compile(
    rb"\x80[\x02-\x05][\x95c\x8c(}\]X)KMJGNCBh\x88\x89U\x8a]|[(\]}]*[ci][A-Za-z_][\w.]*\n[A-Za-z_][\w.]*\n",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Inside:
    """What was found in a constant: `how` it was wrapped, outermost first, and its bytes."""

    how: str
    body: bytes


def inside(blob: Blob, constant: Long) -> Inside | None:
    """Return the pickle inside a constant, or None."""
    if constant.end - constant.start > MAX_CONSTANT:
        return None
    body = blob.read(constant.start, constant.end - constant.start)
    if constant.what == "escaped text":
        body = body.strip(b"'\"")
        if b"\\" in body:
            body = body.decode("unicode_escape", "replace").encode("latin-1", "replace")
    how = ["text" if constant.what != "bytes" else "bytes"]
    for _ in range(LAYERS + 1):
        if looks_like_pickle(body):
            return Inside("+".join(how), body)
        peeled = peel(body, text=len(how) == 1 and how[0] == "text")
        if peeled is None:
            return None
        how.append(peeled.how)
        body = peeled.body
    return None


def looks_like_pickle(body: bytes) -> bool:
    """Tell whether bytes start as a pickle does, blanks before it left out."""
    return _PICKLE.match(body.lstrip(b"\0\n\r\t ")[:512]) is not None


def peel(body: bytes, *, text: bool = False) -> Inside | None:
    """Return what one layer of packing is around, None for none."""
    if len(body) < MIN_SIZE:
        return None
    if body[:1] == b"x" and (body[0] * 256 + body[1]) % 31 == 0:
        return _inflate(body, zlib.MAX_WBITS, "zlib")
    if body[:3] == b"\x1f\x8b\x08":
        return _inflate(body, zlib.MAX_WBITS | 16, "gzip")
    if _HEX.match(body):
        return Inside("hex", binascii.unhexlify(body))
    if _BASE64.match(body):
        return _base64(body)
    if text and not body.isascii():  # bytes kept as text: one character for each byte
        try:
            return Inside("latin-1", body.decode("utf-8").encode("latin-1"))
        except ValueError:
            return None
    return None


def _base64(body: bytes) -> Inside | None:
    body = b"".join(body.split()).replace(b"-", b"+").replace(b"_", b"/").rstrip(b"=")
    try:
        return Inside("base64", base64.b64decode(body + b"=" * (-len(body) % 4)))
    except ValueError:
        return None


def _inflate(body: bytes, bits: int, how: str) -> Inside | None:
    try:
        return Inside(how, zlib.decompressobj(bits).decompress(body, MAX_INFLATED))
    except zlib.error:
        return None
