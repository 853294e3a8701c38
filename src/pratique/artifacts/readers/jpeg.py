"""Reads JPEG: segments by their lengths, scans up to the next marker, nothing behind the end.

Format: ITU-T T.81, annex B.
"""

import re
from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.reader import Claim, Item, Kind, Reader, Subject, View
from pratique.artifacts.views import TextView
from pratique.core.errors import LimitExceededError, MalformedError

SOI, EOI, SOS, COM = 0xD8, 0xD9, 0xDA, 0xFE
MAX_SEGMENTS = 100_000
MAX_FILL = 64
_SEGMENT = frozenset([*range(0xC0, 0xD0), *range(0xDA, 0xF0), COM]) - {0xC8}
"""Frames, tables, scans, application data and comments: the markers with a length."""
_NEXT = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")


class JpegReader(Reader):
    """Claims from the first marker to the end of the image."""

    name: ClassVar[str] = "jpeg"
    kind: ClassVar[Kind] = Kind.DATA
    views: ClassVar[tuple[type[View], ...]] = (TextView,)

    def recognises(self, subject: Subject) -> bool:
        """Tell by the start and a first segment that ends at another marker."""
        head = subject.head
        if head[:3] != b"\xff\xd8\xff" or head[3:4] not in _FIRST:
            return False
        after = 4 + int.from_bytes(head[4:6], "big")
        return head[after : after + 1] == b"\xff" or after >= len(head)

    def read(self, subject: Subject) -> Iterator[Item]:
        """Yield one claim of all up to the end of the image, and the comments."""
        body = subject.blob.read(0, subject.limits.text_bytes)
        at = 2
        for _ in range(MAX_SEGMENTS):
            marker = body[at + 1] if body[at : at + 1] == b"\xff" and at + 1 < len(body) else 0
            if marker == EOI:
                yield Claim(0, at + 2, "jpeg image")
                return
            if marker not in _SEGMENT:
                yield Claim(0, min(at, len(body)), "jpeg segments")
                raise MalformedError("no marker stands where a segment ends", at)
            end = at + 2 + int.from_bytes(body[at + 2 : at + 4], "big")
            if marker == COM:
                text = body[at + 4 : end].decode("utf-8", "replace")
                yield TextView(text=text, origin="jpeg:comment", base=at + 4)
            at = _behind_scan(body, end) if marker == SOS else end
            at += _fill(body, at)
        raise LimitExceededError(f"more than {MAX_SEGMENTS} segments")


def _behind_scan(body: bytes, start: int) -> int:
    found = _NEXT.search(body, start)
    return found.start() if found else len(body)


def _fill(body: bytes, at: int) -> int:
    """Return how many fill bytes stand before a marker (B.1.1.2)."""
    more = 0
    while body[at + more : at + more + 2] == b"\xff\xff" and more < MAX_FILL:
        more += 1
    return more


_FIRST = frozenset(bytes([c]) for c in (*range(0xE0, 0xF0), 0xDB, 0xC0, 0xC2, 0xC4, COM))
