"""Decompression with bounded steps: one stream at a time, exact in the bytes it consumed."""

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from pratique.artifacts.blob import Blob
from pratique.core.errors import MalformedError
from pratique.core.limits import KiB, MiB

FIRST = 4 * KiB
STEP = 256 * KiB
"""Input is fed in growing steps, so that a million tiny streams do not re-read their neighbours."""
OUT = MiB
MAX_DICTIONARY = 128 * MiB
LZMA_PROPERTIES = 5
MAX_BITS = 4
BROKEN = (zlib.error, lzma.LZMAError, OSError, EOFError, ValueError)


@dataclass(slots=True)
class Progress:
    """How one stream went. `ended` tells that its own end was met, `over` that a limit stopped it.

    `consumed` counts input bytes and is exact once the stream ended.
    """

    consumed: int = 0
    produced: int = 0
    crc: int = 0
    ended: bool = False
    over: bool = False
    broke: str = ""


class Machine(Protocol):
    """What `bz2` and `lzma` offer, and zlib through `Deflate`."""

    @property
    def eof(self) -> bool:
        """Tell whether the end of the stream was met."""

    @property
    def needs_input(self) -> bool:
        """Tell whether nothing more comes out without input."""

    @property
    def unused_data(self) -> bytes:
        """Return the input after the end of the stream."""

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Return at most `max_length` bytes more."""


class Deflate:
    """zlib's decompressor in the shape of the others."""

    def __init__(self, wbits: int) -> None:
        self._inner = zlib.decompressobj(wbits)
        self.needs_input = True

    @property
    def eof(self) -> bool:
        """Tell whether the end of the stream was met."""
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        """Return the input after the end of the stream."""
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Return at most `max_length` bytes more."""
        out = self._inner.decompress(self._inner.unconsumed_tail + data, max_length)
        self.needs_input = not self._inner.unconsumed_tail and len(out) < max_length
        return out


def raw_deflate() -> Machine:
    """Return a decompressor of deflate without any header (zip, gzip)."""
    return Deflate(-15)


def zlib_stream() -> Machine:
    """Return a decompressor of a zlib stream (RFC 1950)."""
    return Deflate(15)


def bzip2() -> Machine:
    """Return a decompressor of one bzip2 stream."""
    return bz2.BZ2Decompressor()


def xz() -> Machine:
    """Return a decompressor of one xz stream, bounded in memory."""
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=2 * MAX_DICTIONARY)


def lzma_alone() -> Machine:
    """Return a decompressor of one .lzma stream, bounded in memory."""
    return lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=2 * MAX_DICTIONARY)


def lzma_raw(properties: bytes) -> Machine:
    """Return a decompressor of raw LZMA1 by its five bytes of properties.

    Raises:
        MalformedError: the properties are not valid, or ask for too much memory.

    """
    size = int.from_bytes(properties[1:5], "little")
    rest, lc = divmod(properties[0] if properties else 255, 9)
    pb, lp = divmod(rest, 5)
    if (
        len(properties) != LZMA_PROPERTIES
        or pb > MAX_BITS
        or lc + lp > MAX_BITS
        or size > MAX_DICTIONARY
    ):
        raise MalformedError("LZMA properties that no decoder takes")
    dictionary = max(4 * KiB, size)
    chain = {"id": lzma.FILTER_LZMA1, "dict_size": dictionary, "lc": lc, "lp": lp, "pb": pb}
    return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[chain])


def inflate(
    blob: Blob, start: int, end: int, make: Callable[[], Machine], state: Progress
) -> Iterator[bytes]:
    """Yield what the stream in `start` to `end` unpacks to, in pieces of at most 1 MiB.

    How it ended is written into `state`: a broken stream stops, it does not raise.
    """
    machine, at, step = make(), start, FIRST
    while not state.broke:
        data = b""
        if machine.needs_input:
            data = blob.read(at, min(step, end - at))
            if not data:
                state.broke, state.consumed = "the packed content ends early", at - start
                return
            at, step = at + len(data), min(4 * step, STEP)
        try:
            out = machine.decompress(data, OUT)
        except BROKEN as e:
            state.broke, state.consumed = f"the packed content is broken ({e})", at - start
            return
        if out:
            state.produced += len(out)
            state.crc = zlib.crc32(out, state.crc)
            yield out
        if machine.eof:
            state.ended, state.consumed = True, at - start - len(machine.unused_data)
            return
