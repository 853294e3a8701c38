"""Text that a program would run, in front of bytes that are none: `sh FILE` stops before them."""

import re
from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.blob import cut
from pratique.artifacts.reader import Claim, Item, Kind, Member, Reader, Subject, View
from pratique.artifacts.readers.decoding import opening
from pratique.artifacts.views import TextView

NAME = "text-front"
_RUNS = re.compile(
    rb"(?:\xef\xbb\xbf)?\s{0,200}"
    rb"(?:#!\s*/|<\?php|<\?=|<%@?|@(?:echo|setlocal|powershell|start|cmd)\b|:\s*;|:\s*<<"
    rb"|<(?:!doctype\s+html|html|head|body|script|svg|iframe|img|object|embed)\b"
    rb"|(?:createobject|execute|on\s+error\s+resume|wscript\.)|mime-version:|\[internetshortcut\])",
    re.IGNORECASE,
)
"""How files begin that a shell, a browser, PHP or Windows runs, whatever follows further on."""
FRONT = "front"
_HIGH = bytes(range(128, 256))
_MOSTLY = 0.9
_NO_TEXT = re.compile(rb"[\x00-\x07\x0e-\x1a\x1c-\x1f\x7f]")


class TextFrontReader(Reader):
    """Reads the text that such a file begins with, as a file of its own."""

    name: ClassVar[str] = NAME
    kind: ClassVar[Kind] = Kind.TEXT
    views: ClassVar[tuple[type[View], ...]] = (TextView,)

    def recognises(self, subject: Subject) -> bool:
        """Tell by the first word, where the beginning as a whole is no text of any encoding."""
        if subject.chain[-1:] == (FRONT,):
            return False
        runs = _RUNS.match(subject.head) and _NO_TEXT.search(subject.head)
        return runs is not None and not opening(subject)

    def read(self, subject: Subject) -> Iterator[Item]:
        """Yield a claim of the text, and the text as a member."""
        end = _end(subject.head)
        yield Claim(0, end, "text in front of other bytes")
        yield Member(FRONT, cut(subject.blob, 0, end))


def _end(head: bytes) -> int:
    """Return where the text ends: before a control character, or bytes of no encoding."""
    found = _NO_TEXT.search(head)
    text = head[: found.start()] if found else head
    try:
        text.decode()
    except UnicodeDecodeError as e:
        rest = text[e.start :]
        if len(rest.translate(None, _HIGH)) < _MOSTLY * len(rest):  # no letters of one byte
            return e.start
    return len(text)
