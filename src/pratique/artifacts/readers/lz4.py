"""The LZ4 frame format 1.6.4 (lz4_Frame_format.md), as joblib writes with compress="lz4".

Checksums are xxHash and are not compared: the content is what is judged.
"""

from pratique.core.limits import KiB, MiB

MAGIC = b"\x04\x22\x4d\x18"
SIZES = {4: 64 * KiB, 5: 256 * KiB, 6: MiB, 7: 4 * MiB}
WINDOW = 64 * KiB
HEADER = 7
STORED = 1 << 31
LINKED_OFF, BLOCK_SUM, CONTENT_SIZE, CONTENT_SUM, DICTIONARY = 0x20, 0x10, 0x08, 0x04, 0x01
MORE = 15
SHORTEST = 4


class Lz4Frame:
    """A decompressor of one frame in the shape of those of `bz2` and `lzma`."""

    def __init__(self) -> None:
        self.eof, self.needs_input, self.unused_data = False, True, b""
        self._in, self._out, self._window = bytearray(), b"", b""
        self._flags, self._most, self._ended = -1, 0, False

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Return at most `max_length` bytes more.

        Raises:
            ValueError: the frame is broken.

        """
        self._in += data
        while len(self._out) < max_length and not self._ended and self._step():
            pass
        out, self._out = self._out[:max_length], self._out[max_length:]
        self.eof = self._ended and not self._out
        self.needs_input = not self._out and not self._ended
        if self.eof:
            self.unused_data = bytes(self._in)
        return out

    def _step(self) -> bool:
        """Take the header or one block from the input; return False when it is not all there."""
        if self._flags < 0:
            return self._header()
        if len(self._in) < 4:  # noqa: PLR2004 - a block's size field
            return False
        word = int.from_bytes(self._in[:4], "little")
        if not word:
            return self._end()
        size = word & ~STORED
        if size > self._most:
            raise ValueError("an LZ4 block larger than its frame allows")
        whole = 4 + size + (4 if self._flags & BLOCK_SUM else 0)
        if len(self._in) < whole:
            return False
        body = bytes(self._in[4 : 4 + size])
        del self._in[:whole]
        window = b"" if self._flags & LINKED_OFF else self._window
        block = body if word & STORED else unpack_block(body, window, self._most)
        self._window = (self._window + block)[-WINDOW:]
        self._out += block
        return True

    def _header(self) -> bool:
        if len(self._in) < HEADER:
            return False
        flags, size = self._in[4], self._in[5] >> 4 & 7
        whole = HEADER + (8 if flags & CONTENT_SIZE else 0)
        if len(self._in) < whole:
            return False
        if self._in[:4] != MAGIC or flags >> 6 != 1 or size not in SIZES:
            raise ValueError("not an LZ4 frame")
        if flags & DICTIONARY:
            raise ValueError("an LZ4 frame that needs a dictionary")
        self._flags, self._most = flags, SIZES[size]
        del self._in[:whole]
        return True

    def _end(self) -> bool:
        whole = 4 + (4 if self._flags & CONTENT_SUM else 0)
        if len(self._in) < whole:
            return False
        del self._in[:whole]
        self._ended = True
        return True


def unpack_block(body: bytes, window: bytes, most: int) -> bytes:
    """Return what one block unpacks to, at most `most` bytes.

    Raises:
        ValueError: the block is broken or larger than that.

    """
    out, at, floor = bytearray(window), 0, len(window)
    while at < len(body):
        token = body[at]
        count, at = _length(body, at + 1, token >> 4)
        out += body[at : at + count]
        at += count
        if at >= len(body):
            break
        back = int.from_bytes(body[at : at + 2], "little")
        count, at = _length(body, at + 2, token & MORE)
        count += SHORTEST
        if not 0 < back <= len(out) or len(out) - floor + count > most:
            raise ValueError("an LZ4 block that copies from nowhere or grows too large")
        start = len(out) - back
        piece = bytes(out[start : start + count])
        out += (piece * (count // back + 1))[:count]
    if len(out) - floor > most or at > len(body):
        raise ValueError("an LZ4 block that is cut off or too large")
    return bytes(out[floor:])


def _length(body: bytes, at: int, start: int) -> tuple[int, int]:
    """Return a length that may go on in further bytes, and where it ends."""
    if start < MORE:
        return start, at
    end = at
    while end < len(body) and body[end] == 255:  # noqa: PLR2004 - 255 says that more follows
        end += 1
    last = body[end] if end < len(body) else 0
    return start + 255 * (end - at) + last, end + 1
