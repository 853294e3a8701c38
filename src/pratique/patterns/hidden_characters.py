"""Characters that a reader does not see, or sees elsewhere than they stand."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pratique.patterns.literals import Words


@dataclass(frozen=True, slots=True)
class Hidden:
    """A run of hidden characters: `kind` is `bidi`, `zero-width`, `tags` or `selectors`.

    `says` is the text that tags and selectors spell, cut to 200 characters.
    """

    kind: str
    start: int
    end: int
    says: str = ""


_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]+")
_ZERO = re.compile("[\u200b\u2060-\u2064\u180e\u00ad]+|(?<!^)\ufeff+")
# Shorter runs of tag characters occur as entries of vocabularies.
_TAGS = re.compile("(?<!\U0001f3f4)[\U000e0001\U000e0020-\U000e007f]{6,}")
_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]{6,}")
_SIGNS = Words(r"\udb40", b"\xf3\xa0", b"\xef\xb8", nocase=True)
"""Escaped or as they are: the first bytes of tags, and of selectors, in UTF-8."""
_ESCAPED = re.compile(r"(?:\\u[dD][bB]40\\u[dD][cC][0-9a-fA-F]{2}){6,}")


def hidden(text: str) -> Iterator[Hidden]:
    """Yield every run of hidden characters, kind by kind.

    Zero-width joiners stay out: scripts and emoji need them. Tag characters after a black flag are
    the flags of regions (UTS 51, section 3.2).
    """
    if text.isascii():
        return
    for kind, pattern in (("bidi", _BIDI), ("zero-width", _ZERO)):
        for match in pattern.finditer(text):
            yield Hidden(kind, match.start(), match.end())
    yield from smuggled(text)


def smuggled(text: str) -> Iterator[Hidden]:
    """Yield runs of tag characters and variation selectors that carry a text of their own."""
    if not _SIGNS.held(text):
        return
    for match in _ESCAPED.finditer(text):
        codes = re.findall(r"[cC]([0-9a-fA-F]{2})", match[0])
        says = "".join(chr(int(c, 16) & 0x7F) for c in codes[:200])
        yield Hidden("tags", match.start(), match.end(), says)
    if text.isascii():
        return
    for match in _TAGS.finditer(text):
        says = "".join(chr(ord(c) & 0x7F) for c in match[0][:200])
        yield Hidden("tags", match.start(), match.end(), says)
    for match in _SELECTORS.finditer(text):
        says = bytes(_selected(c) for c in match[0][:200]).decode("utf-8", "replace")
        yield Hidden("selectors", match.start(), match.end(), says)


def _selected(char: str) -> int:
    """Return the byte that a variation selector stands for, as smuggling tools count."""
    code = ord(char)
    return code - 0xFE00 if code < 0xFE10 else (code - 0xE0100 + 16) & 0xFF  # noqa: PLR2004
