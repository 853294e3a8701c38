"""The three spellings of R's serialisation: big endian, as the writer's machine, and as text."""

import re

from pratique.artifacts.blob import Blob
from pratique.artifacts.readers.window import Window
from pratique.core.errors import LimitExceededError, MalformedError
from pratique.core.limits import KiB, MiB

MAX_TOKEN = 4 * MiB
STEP = 64 * KiB
_TOKEN = re.compile(rb"\S+")
_WHOLE = re.compile(rb"-?\d{1,10}|NA")
_ESCAPE = re.compile(rb"\\([0-7]{1,3}|.)", re.DOTALL)
_NAMED = {b"n": b"\n", b"t": b"\t", b"v": b"\v", b"b": b"\b", b"r": b"\r", b"f": b"\f", b"a": b"\a"}
MISSING = -(1 << 31)


class BinaryInput:
    """Whole numbers of four bytes, and bytes as they are."""

    def __init__(self, blob: Blob, at: int, order: str) -> None:
        self.at, self._window = at, Window(blob, order)

    def whole(self) -> int:
        """Return the next whole number."""
        self.at += 4
        return self._window.i32(self.at - 4)

    def text(self, count: int) -> str:
        """Return the next text of so many bytes."""
        if count > MAX_TOKEN:
            start = self.skip(count)
            return self._window.text(start, MAX_TOKEN)
        start = self.skip(count)
        return self._window.text(start, count)

    def skip(self, count: int) -> int:
        """Pass over bytes; return where they began."""
        start = self.at
        if count < 0 or count > self._window.size - start:
            raise MalformedError(f"{count} bytes are announced, fewer are left", start)
        self.at += count
        return start

    def numbers(self, count: int, width: int) -> int:
        """Pass over a vector of numbers."""
        return self.skip(count * width)

    def raw(self, count: int) -> tuple[int, int]:
        """Pass over bytes; return where they stand."""
        start = self.skip(count)
        return start, start + count


class TextInput:
    """Words with white space between them; texts have theirs escaped."""

    def __init__(self, blob: Blob, at: int) -> None:
        self.at, self._blob, self._base, self._body = at, blob, at, b""

    def whole(self) -> int:
        """Return the next whole number."""
        start, word = self._word()
        if not _WHOLE.fullmatch(word):
            raise MalformedError(f"{word[:20]!r} stands where a number should", start)
        return MISSING if word == b"NA" else int(word)

    def text(self, count: int) -> str:
        """Return the next text of so many bytes."""
        if count <= 0:
            return ""
        start, word = self._word()
        body = _ESCAPE.sub(_plain, word)
        if len(body) != count:
            raise MalformedError(f"a text of {count} bytes has {len(body)}", start)
        return body.decode("utf-8", "replace")

    def numbers(self, count: int, width: int) -> int:
        """Pass over a vector of numbers, a word each; complex ones have two."""
        start = self.at
        for _ in range(count * (2 if width == 16 else 1)):  # noqa: PLR2004 - complex
            self._word()
        return start

    def raw(self, count: int) -> tuple[int, int]:
        """Pass over bytes, two digits each; return where they stand."""
        start = self.at
        for _ in range(count):
            self._word()
        return start, self.at

    def _word(self) -> tuple[int, bytes]:
        here, step = self.at - self._base, STEP
        while True:
            found = _TOKEN.search(self._body, here)
            if found and (found.end() < len(self._body) or self._at_end()):
                self.at = self._base + found.end()
                return self._base + found.start(), found[0]
            if self._at_end():
                raise MalformedError("the text ends where more should follow", self.at)
            if step > MAX_TOKEN:
                raise LimitExceededError(f"a word of more than {MAX_TOKEN} bytes")
            self._base, here = self.at, 0
            self._body = self._blob.read(self.at, step)
            step *= 4

    def _at_end(self) -> bool:
        return self._base + len(self._body) >= self._blob.size


def _plain(found: re.Match[bytes]) -> bytes:
    code = found[1]
    if code[:1].isdigit():
        return bytes([int(code, 8) & 255])
    return _NAMED.get(code, code)
