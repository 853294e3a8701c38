"""What a reader of model data does with the texts and bytes it meets: show those that could act."""

import re
from collections.abc import Iterable, Iterator

from pratique.artifacts.blob import Blob, MemoryBlob, cut
from pratique.artifacts.reader import Item, Member
from pratique.artifacts.readers.pickle.nested import inside, looks_like_pickle
from pratique.artifacts.readers.pickle.values import Long
from pratique.artifacts.views import ModelText
from pratique.core.limits import KiB, MiB

SHORT = 1 * KiB
"""Texts up to here are shown in one view together; longer ones become members as well."""
PIECE = 64 * KiB
LONGEST = 256 * KiB
MAX_TEXT = 32 * MiB
MOST_TOGETHER = 4 * MiB
MAX_MEMBERS = 5_000
MIN_TEXT = 3
MIN_BYTES = 8
ENCODED = 40
"""Shorter texts hold no pickle that acts."""
LOOK = 64
_MAGIC = re.compile(
    rb"PK\x03\x04|\x1f\x8b\x08|BZh[1-9]|\xfd7zXZ|7z\xbc\xaf|\x28\xb5\x2f\xfd|\x93NUMPY|\x7fELF|MZ"
    rb"|\xca\xfe\xba\xbe|[\xce\xcf]\xfa\xed\xfe|#!|<\?php|x[\x01\x5e\x9c\xda]|Rar!|RDX[23]\n|GGUF"
    rb"|ustar",
    re.DOTALL,
)
_CODE = re.compile(r"(?m)^\s*(?:import|from|def|class|exec|eval|with|try:|@)\b.*$")
_PRINTABLE = re.compile(rb"[\t\n\r\x20-\x7e\x80-\xff]+")


class Values:
    """Takes texts and bytes as they are met, and yields views and members of what is to be read.

    Members are opaque: that no reader knows them is no gap, for the model's own reader does.
    """

    def __init__(self, blob: Blob, source: str) -> None:
        self._blob, self._source = blob, source
        self._parts: list[str] = []
        self._marks: list[tuple[int, int]] = []
        self._length = self._shown = self._members = self.lost = 0

    def take(self, start: int, end: int, where: str = "") -> Iterator[Item]:
        """Take the bytes of one value, text or not, that stand in the blob."""
        size = end - start
        if size < MIN_TEXT:
            return
        head = self._blob.read(start, min(size, SHORT))
        text = _text(head)
        if text is None:
            if size >= MIN_BYTES and acts(head):
                yield from self._member(where or "value", cut(self._blob, start, end))
        elif size <= SHORT:
            yield from self.say(text, start, where)
        else:
            yield from self.say(
                self._blob.read(start, min(size, LONGEST)).decode("utf-8", "replace"), start, where
            )

    def say(self, text: str, at: int = 0, where: str = "") -> Iterator[Item]:
        """Take one text that was met at `at`, or put together from there."""
        if len(text) < MIN_TEXT:
            return
        raw = text[:LONGEST].encode("utf-8", "replace")
        if len(raw) >= ENCODED:
            blob = MemoryBlob(raw)
            found = inside(blob, Long("text", 0, len(raw), raw[:LOOK]))
            if found is not None:
                yield from self._member(f"{where or 'text'}.pkl", MemoryBlob(found.body))
            elif len(raw) > SHORT or _CODE.search(text[:SHORT]):
                yield from self._member(where or "text", blob)
        if self._shown >= MAX_TEXT:
            self.lost += 1
            return
        self._marks.append((self._length, at))
        self._parts.append(text[:LONGEST])
        self._length += len(self._parts[-1]) + 1
        self._shown += len(self._parts[-1]) + 1
        if self._length >= PIECE:
            yield from self.rest()

    def rest(self) -> Iterator[Item]:
        """Yield the texts that were taken and not yet shown."""
        if not self._parts:
            return
        text = "\n".join(self._parts)
        yield ModelText(
            text=text,
            origin=self._source,
            base=self._marks[0][1],
            marks=tuple(self._marks),
            covered=min(len(text), self._blob.size),
            partial=f"{self.lost} texts were not shown" if self.lost else "",
        )
        self._parts, self._marks, self._length = [], [], 0

    def _member(self, name: str, blob: Blob) -> Iterator[Member]:
        self._members += 1
        if self._members <= MAX_MEMBERS:
            yield Member(name[-200:], blob, opaque=True)
        else:
            self.lost += 1


def together(rows: Iterable[tuple[str, int]], origin: str, cut: str = "") -> Iterator[ModelText]:
    """Yield (text, byte offset) rows as one view, a line each; none where there is no row.

    `cut` says what was left out of a text before, if anything. After `MOST_TOGETHER` characters the
    view says itself that it is not whole.
    """
    told, marks, length = list[str](), list[tuple[int, int]](), 0
    for text, at in rows:
        if length >= MOST_TOGETHER:
            cut = "only the first of its texts are judged"
            break
        told.append(text.replace("\n", " "))
        marks.append((length, at))
        length += len(text) + 1
    if told:
        text = "\n".join(told)
        if len(text) > MOST_TOGETHER:
            text, cut = text[:MOST_TOGETHER], cut or "the last of its texts is judged in part"
        yield ModelText(
            text=text,
            origin=origin,
            base=marks[0][1],
            marks=tuple(marks),
            covered=len(text),
            partial=cut,
        )


def acts(head: bytes) -> bool:
    """Tell whether bytes begin as something that is loaded, run or unpacked."""
    return looks_like_pickle(head) or _MAGIC.match(head) is not None


def _text(head: bytes) -> str | None:
    """Return the beginning of a value as text, None when it is none."""
    if not _PRINTABLE.fullmatch(head[:LOOK]):
        return None
    try:
        return head.decode("utf-8")
    except UnicodeDecodeError as e:
        if len(head) == SHORT and e.start >= SHORT - 4:  # a character cut in two
            return head[: e.start].decode("utf-8")
    return None
