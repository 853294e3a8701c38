"""What attributes and datasets say in words: texts, JSON documents and pickles, shown to rules."""

import re
from collections.abc import Iterator, Sequence

from pratique.artifacts.blob import MemoryBlob
from pratique.artifacts.reader import HEAD, Item, Member
from pratique.artifacts.readers.hdf5.datatypes import ARRAY, OPAQUE, SEQUENCE, STRING, Type
from pratique.artifacts.readers.hdf5.heaps import GlobalHeaps
from pratique.artifacts.readers.hdf5.source import Source
from pratique.artifacts.readers.pickle.recognise import is_pickle
from pratique.artifacts.views import TextView
from pratique.core.errors import MalformedError
from pratique.core.limits import KiB, MiB

MAX_SHOWN = 256 * KiB
MAX_ELEMENTS = 200_000
MAX_HELD = 64 * MiB
"""Bytes of the texts of one attribute or dataset."""
MAX_VIEWS, MAX_ALL = 20_000, 64 * MiB
"""Texts of one file that are shown, and their letters."""
TEXT_FROM = 40
CONFIGURED = ("model_config", "training_config")
"""Keras's own names: what stands there is JSON for the loader, however it begins."""
_DOCUMENT = re.compile(rb"\s*\{\s*[\"}]")
BYTES = frozenset({"u8", "i8"})


def parts(kind: Type, body: bytes, source: Source, heaps: GlobalHeaps) -> tuple[list[bytes], str]:
    """Return the texts or byte strings that elements are, and why some are missing."""
    if kind.kind == SEQUENCE:
        return _sequences(kind, body, source, heaps)
    if kind.kind == ARRAY and kind.base is not None and kind.base.kind in {STRING, SEQUENCE}:
        return parts(kind.base, body, source, heaps) if kind.base.kind == STRING else ([], "")
    if kind.kind == STRING and kind.size:
        count = len(body) // kind.size
        found = (body[n * kind.size : (n + 1) * kind.size] for n in range(min(count, MAX_ELEMENTS)))
        cut = f"{count - MAX_ELEMENTS} texts were not read" if count > MAX_ELEMENTS else ""
        return [text.rstrip(b"\0") for text in found], cut
    if kind.kind == OPAQUE or kind.word in BYTES:
        return [body], ""
    return [], ""


def _sequences(
    kind: Type, body: bytes, source: Source, heaps: GlobalHeaps
) -> tuple[list[bytes], str]:
    wide = kind.base.size if kind.base is not None and not kind.text else 1
    words = source.sized(body, 0)
    found: list[bytes] = []
    broken, held = "", 0
    while words.left >= 8 + words.offsets and len(found) < MAX_ELEMENTS and held < MAX_HELD:
        count, address, number = words.number(4), words.offset(), words.number(4)
        try:
            found.append(heaps.get(address, number)[: count * wide] if count else b"")
            held += len(found[-1])
        except MalformedError as e:
            broken = f"a text is not where it should be: {e}"
    cut = "texts past the first were not read" if words.left >= 8 + words.offsets else ""
    return found, broken or cut


class Shown:
    """Shows texts, documents and pickles of one file, within bounds for all of them."""

    def __init__(self) -> None:
        self.cut = ""
        self._views, self._letters = MAX_VIEWS, MAX_ALL

    def values(
        self, path: str, texts: Sequence[bytes], at: int, partial: str = ""
    ) -> Iterator[Item]:
        """Yield documents and pickles as members, and all other texts as one view."""
        name = path.strip("/") or "value"
        plain: list[bytes] = []
        size = 0
        for number, text in enumerate(texts):
            called = f"{name}-{number}" if number else name
            if name.rpartition("/")[2] in CONFIGURED or _DOCUMENT.match(text[:200]):
                yield Member(f"{called}.json", MemoryBlob(text))
            elif is_pickle(text[:HEAD], len(text)):
                yield Member(f"{called}.pkl", MemoryBlob(text), opaque=True)
            elif size <= MAX_SHOWN:
                plain.append(text)
                size += len(text) + 1
        joined = b"\n".join(plain)
        if len(joined) >= TEXT_FROM or partial:
            yield from self._view(path, joined, at, partial)

    def _view(self, path: str, joined: bytes, at: int, partial: str) -> Iterator[TextView]:
        if not self._views or not self._letters:
            self.cut = "more texts than are shown"
            return
        room = min(MAX_SHOWN, self._letters)
        if len(joined) > room:
            joined, partial = joined[:room], partial or "long texts were cut"
        self._views -= 1
        self._letters -= len(joined)
        yield TextView(
            text=joined.decode("utf-8", "replace"),
            origin=f"hdf5:{path[:200]}",
            base=at,
            covered=len(joined),
            partial=partial,
        )
