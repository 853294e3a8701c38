"""Plain text of any sort: claims what decodes, and shows it to rules about words."""

import re
from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts import blob
from pratique.artifacts.reader import HEAD, Claim, Item, Kind, Member, Reader, Subject, View
from pratique.artifacts.readers import packed_text
from pratique.artifacts.readers.decoding import opening, whole_text
from pratique.artifacts.views import TextView
from pratique.core.errors import LimitExceededError, MalformedError
from pratique.core.fact import Fact
from pratique.core.limits import KiB, MiB

SMALL = 128 * KiB
"""A text of this size is a fact whatever it says: what it lists is decided by its name."""
LISTED = 2 * MiB
FRONT_MATTER = 128 * KiB
_ENTRY = re.compile(
    r"^[ \t]*(?:-[rce][ \t]|--\w[\w-]*|-[ \t]+[\w.-]+[ \t]*=|[\w.-]+(?:\[[\w., -]*\])?[ \t]*"
    r"(?:[=~!<>]=|[<>]|===|@[ \t])|FROM[ \t]|RUN[ \t]|Requires-Dist:|(?:git|hg|svn|bzr)\+)",
    re.MULTILINE,
)
_METADATA = re.compile(
    r"(?:[A-Za-z-]+:[^\r\n]*\r?\n(?:[ \t][^\r\n]*\r?\n)*){0,50}?Metadata-Version:"
)
_BLANK = re.compile(r"\r?\n\r?\n|\r\r")
_SAMPLE, _SHARE = 200, 4


class PlainTextReader(Reader):
    """Reads UTF-8, UTF-16 with a byte order mark, and mostly-ASCII 8-bit text.

    Bytes in an encoding that cannot be told (KOI8-R, Shift-JIS without a mark) are not claimed.
    """

    name: ClassVar[str] = "text"
    version: ClassVar[int] = 5
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
                yield Member("front", blob.cut(subject.blob, 0, e.at))
            raise
        covered = min(subject.size, most)
        yield Claim(0, covered, f"{told.encoding} text")
        yield TextView(text=told.text, covered=covered, base=told.skipped)
        if (shown := _fact(told.text)) is not None:
            cut = len(shown) < len(told.text) and not _BLANK.search(shown[-4:])
            yield Fact("text", subject.chain, {"text": shown, "cut": cut})
        yield from packed_text.members(told.text)
        if not told.complete:
            raise LimitExceededError(f"only the first {most} bytes of the text were read")


def _fact(text: str) -> str | None:
    """Return what rules over the repository may read of a text.

    That is a small one, a list, front matter, or the headers of a distribution's metadata.
    """
    if len(text) <= SMALL:
        return text
    if text.startswith("---"):
        return text[:FRONT_MATTER]
    if _METADATA.match(text):
        end = _BLANK.search(text)
        return text[: end.end()] if end and end.end() <= LISTED else text[:LISTED]
    lines = [line for line in text[:SMALL].splitlines() if line.strip()][:_SAMPLE]
    hits = sum(_ENTRY.match(line) is not None for line in lines)
    return text[:LISTED] if hits * _SHARE >= len(lines) else None
