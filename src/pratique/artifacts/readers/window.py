"""Small reads anywhere in a blob, out of one window that moves along: for walkers of structures."""

import struct

from pratique.artifacts.blob import Blob
from pratique.core.errors import MalformedError
from pratique.core.limits import KiB

WINDOW = 256 * KiB


class Window:
    """Reads small values at any offset; those near one another cost one read of the file.

    Every method raises MalformedError where fewer bytes are left than asked for.
    """

    __slots__ = ("_base", "_body", "blob", "order", "size")

    def __init__(self, blob: Blob, order: str = "<") -> None:
        self.blob, self.size, self.order = blob, blob.size, order
        self._base, self._body = 0, b""

    def take(self, at: int, count: int) -> bytes:
        """Return `count` bytes at `at`; callers bound `count`."""
        if at < 0 or count < 0 or at + count > self.size:
            raise MalformedError(f"{count} bytes at {at} go beyond the end", max(0, at))
        here = at - self._base
        if here < 0 or here + count > len(self._body):
            self._base, here = at, 0
            self._body = self.blob.read(at, max(count, WINDOW))
        return self._body[here : here + count]

    def u8(self, at: int) -> int:
        """Return an unsigned byte."""
        return self.take(at, 1)[0]

    def number(self, at: int, sort: str) -> int:
        """Return one whole number of a struct letter, in this window's byte order."""
        form = self.order + sort
        value: int = struct.unpack(form, self.take(at, struct.calcsize(form)))[0]
        return value

    def u16(self, at: int) -> int:
        """Return an unsigned number of two bytes."""
        return self.number(at, "H")

    def u32(self, at: int) -> int:
        """Return an unsigned number of four bytes."""
        return self.number(at, "I")

    def i32(self, at: int) -> int:
        """Return a signed number of four bytes."""
        return self.number(at, "i")

    def u64(self, at: int) -> int:
        """Return an unsigned number of eight bytes."""
        return self.number(at, "Q")

    def text(self, at: int, count: int) -> str:
        """Return bytes as text; what is no UTF-8 is replaced."""
        return self.take(at, count).decode("utf-8", "replace")
