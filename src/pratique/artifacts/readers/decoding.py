"""Tell text from other bytes, and decode it: what every reader of text starts from."""

import codecs
import re
from dataclasses import dataclass
from functools import lru_cache

from pratique.artifacts.reader import HEAD, Subject
from pratique.core.errors import MalformedError
from pratique.core.limits import KiB

for _name in ("utf-8", "utf-8-sig", "utf-16-le", "utf-16-be", "cp1252", "ascii", "unicode_escape"):
    codecs.lookup(_name)  # a jailed worker can import no codec later

_CONTROL = bytes([*range(1, 8), *range(14, 27), *range(28, 32), 127])
"""Without NUL (never text), tab, line ends, backspace, form feed and escape (terminal colours)."""
_HIGH = bytes(range(128, 256))
_CONTROL_SHARE = 200
"""At most one stray control character in this many: vocabularies hold a few."""
_HIGH_SHARE = 10
_STEP = 1 * KiB
"""Characters between two marks of Places: few enough to count again for each hit."""
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


@dataclass(frozen=True, slots=True)
class Decoded:
    """A text and how it was stored: `skipped` bytes of byte order mark, then `encoding`."""

    text: str
    encoding: str
    skipped: int
    complete: bool


def opening(subject: Subject) -> str:
    """Return the decoded beginning of a text, empty when the subject is no text."""
    return _opening(subject.head, subject.size > HEAD)


def whole_text(subject: Subject, most: int) -> Decoded:
    """Decode up to `most` bytes of the subject.

    Raises:
        MalformedError: from some byte on this is no text.

    """
    body = subject.blob.read(0, most)
    skipped, encoding = _encoding(body)
    cut = subject.size > len(body)
    try:
        text = _decode(body[skipped:], encoding, cut=cut)
    except UnicodeDecodeError as e:
        nul = body.find(b"\0", 0, skipped + e.start) if encoding == "utf-8" else -1
        at = nul if nul >= 0 else skipped + e.start
        raise MalformedError(
            f"is {encoding} text up to byte {at}, and something else from there", at
        ) from None
    nul = text.find("\0")
    if nul >= 0:
        at = skipped + len(text[:nul].encode(encoding, "replace"))
        raise MalformedError(f"is text up to byte {at}, and binary from there", at)
    return Decoded(text, encoding, skipped, not cut)


def text_if_any(subject: Subject, most: int) -> str | None:
    """Return the text of a subject, None where it turns binary: the text reader reports that."""
    try:
        return whole_text(subject, most).text
    except MalformedError:
        return None


def byte_at(text: str, position: int) -> int:
    """Return the offset in UTF-8 bytes of a character's position; for many, ask Places."""
    return position if text.isascii() else _size(text[:position])


class Places:
    """Lines and byte offsets in one text, in one pass over it however many are asked for.

    A hostile text has a hit every few characters: counting from its beginning for each of them
    would be quadratic. A mark is kept every so many characters, and not every line, because a text
    may be one line.
    """

    __slots__ = ("_bytes", "_lines", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        self._lines = [1]
        self._bytes = [0]

    def line(self, position: int) -> int:
        """Return the 1-based line of a character's position."""
        step, marks = position // _STEP, self._lines
        while len(marks) <= step:
            at = (len(marks) - 1) * _STEP
            marks.append(marks[-1] + self._text.count("\n", at, at + _STEP))
        return marks[step] + self._text.count("\n", step * _STEP, position)

    def byte(self, position: int) -> int:
        """Return the offset in UTF-8 bytes of a character's position."""
        if self._text.isascii():
            return position
        step, marks = position // _STEP, self._bytes
        while len(marks) <= step:
            at = (len(marks) - 1) * _STEP
            marks.append(marks[-1] + _size(self._text[at : at + _STEP]))
        return marks[step] + _size(self._text[step * _STEP : position])


def _size(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


@lru_cache(maxsize=2)
def _opening(head: bytes, cut: bool) -> str:  # noqa: FBT001 - a cache key
    if not head:
        return ""
    skipped, encoding = _encoding(head)
    body = head[skipped:]
    try:
        text = _decode(body, encoding, cut=cut)
    except UnicodeDecodeError:
        return ""
    if encoding.startswith("utf-16"):
        body = text.encode("utf-8", "replace")
    odd = len(body) - len(body.translate(None, _CONTROL))
    if b"\0" in body or odd * _CONTROL_SHARE > len(body) + 4 * KiB // 10:
        return ""
    return text


def _encoding(body: bytes) -> tuple[int, str]:
    for mark, name in _BOMS:
        if body.startswith(mark):
            return len(mark), name
    head = body[:HEAD]
    try:
        _decode(head, "utf-8", cut=True)
    except UnicodeDecodeError:
        high = len(head) - len(head.translate(None, _HIGH))
        odd = len(head) - len(head.translate(None, _CONTROL))
        if high * _HIGH_SHARE <= len(head) and not odd and re.search(rb"[ \n]", head):
            return 0, "cp1252"
    return 0, "utf-8"


def _decode(body: bytes, encoding: str, *, cut: bool) -> str:
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    return decoder.decode(body, not cut)
