"""Protobuf's wire format, field by field, out of files of any size.

Format: https://protobuf.dev/programming-guides/encoding/
"""

from typing import NamedTuple

from pratique.artifacts.blob import Blob
from pratique.core.errors import MalformedError
from pratique.core.limits import KiB

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
LONGEST_NUMBER = 10
WINDOW = 256 * KiB
_LAST = 0x80
_WIRES = 7
_SHORT = _LAST | _WIRES
"""The bits of a key of one byte that are its wire type, and the one that says it goes on."""
_WIDTHS = {FIXED64: 8, FIXED32: 4}


class Field(NamedTuple):
    """One field: its number, its wire type, where its value begins and ends."""

    number: int
    wire: int
    start: int
    end: int


class Wire:
    """Reads fields anywhere in a blob and keeps one window of it, so that values cost nothing."""

    def __init__(self, blob: Blob) -> None:
        self._blob, self._base, self._window = blob, 0, b""

    def field(self, at: int, end: int) -> Field:
        """Return the field at `at`, whose value ends by `end`.

        Raises:
            MalformedError: no field of the format is there, or it is a group, which nobody writes.

        """
        here, window = at - self._base, self._window
        if here >= 0 and here + 2 < len(window) and at + 2 <= end:  # nearly all are that short
            key, size = window[here], window[here + 1]
            if key & _SHORT == BYTES and key > _WIRES and size < _LAST and at + 2 + size <= end:
                return Field(key >> 3, BYTES, at + 2, at + 2 + size)
            if key & _SHORT == VARINT and key > _WIRES and size < _LAST:
                return Field(key >> 3, VARINT, at + 1, at + 2)
        return self._field(at, end)

    def _field(self, at: int, end: int) -> Field:
        key, start = self.number(at, end)
        number, wire = key >> 3, key & 7
        if wire == VARINT:
            _, last = self.number(start, end)
        elif wire == BYTES:
            size, start = self.number(start, end)
            last = start + size
        elif wire in _WIDTHS:
            last = start + _WIDTHS[wire]
        else:
            raise MalformedError(f"wire type {wire}", at)
        if last > end or not number:
            raise MalformedError("a field ends outside its message", at)
        return Field(number, wire, start, last)

    def number(self, at: int, end: int) -> tuple[int, int]:
        """Return the variable-length number at `at` and where it ends.

        Raises:
            MalformedError: it does not end, or not by `end`.

        """
        here = at - self._base
        if here < 0 or here + LONGEST_NUMBER > len(self._window):
            self._base, here = at, 0
            self._window = self._blob.read(at, WINDOW)
        window, value, shift = self._window, 0, 0
        if at < end and here < len(window) and window[here] < _LAST:  # nearly all are one byte long
            return window[here], at + 1
        for where in range(here, min(here + LONGEST_NUMBER, len(window), here + end - at)):
            value |= (window[where] & 0x7F) << shift
            if window[where] < _LAST:
                return value, self._base + where + 1
            shift += 7
        raise MalformedError("a number does not end", at)

    def text(self, field: Field, most: int) -> str:
        """Return a value as text, of which at most `most` bytes are read."""
        size = min(field.end - field.start, most)
        return self.bytes(field.start, field.start + size).decode("utf-8", "replace")

    def bytes(self, start: int, end: int) -> bytes:
        """Return the bytes from `start` to `end`."""
        here = start - self._base
        if here >= 0 and here + end - start <= len(self._window):
            return self._window[here : here + end - start]
        return self._blob.read(start, end - start)
