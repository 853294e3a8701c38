"""Plain text of any sort: claims what decodes, and shows it to rules about words."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.reader import HEAD, Claim, Item, Kind, Reader, Subject, View
from pratique.artifacts.readers.decoding import opening, whole_text
from pratique.artifacts.views import TextView
from pratique.core.errors import LimitExceededError, MalformedError


class PlainTextReader(Reader):
    """Reads UTF-8, UTF-16 with a byte order mark, and mostly-ASCII 8-bit text.

    Bytes in an encoding that cannot be told (KOI8-R, Shift-JIS without a mark) are not claimed.
    """

    name: ClassVar[str] = "text"
    kind: ClassVar[Kind] = Kind.TEXT
    views: ClassVar[tuple[type[View], ...]] = (TextView,)

    def recognises(self, subject: Subject) -> bool:
        """Tell whether the beginning decodes and holds next to no control characters."""
        return bool(opening(subject))

    def read(self, subject: Subject) -> Iterator[Item]:
        """Yield one claim and one view of the whole text, or of as much as the limit allows."""
        most = subject.limits.text_bytes
        try:
            told = whole_text(subject, most)
        except MalformedError as e:
            if e.at >= HEAD:
                yield Claim(0, e.at, "text")
            raise
        covered = min(subject.size, most)
        yield Claim(0, covered, f"{told.encoding} text")
        yield TextView(text=told.text, covered=covered, base=told.skipped)
        if not told.complete:
            raise LimitExceededError(f"only the first {most} bytes of the text were read")
