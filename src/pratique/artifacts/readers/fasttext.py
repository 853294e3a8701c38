"""Reads fastText's binary models, plain and quantised.

Format: `FastText::saveModel` in src/fasttext.cc.
"""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.reader import Claim, Item, Kind, Reader, Subject, View
from pratique.artifacts.readers.tensor_layout import claims_of, tensors_fact
from pratique.artifacts.readers.values import Values
from pratique.artifacts.readers.window import Window
from pratique.artifacts.views import ModelText, TensorSpan, TensorTable
from pratique.core.errors import ArtifactError, LimitExceededError, MalformedError
from pratique.core.limits import KiB

MARK = (793_712_314).to_bytes(4, "little")
VERSIONS = frozenset({11, 12})
ARGUMENTS = 12 * 4 + 8
MAX_WORDS = 20_000_000
MAX_WORD = 64 * KiB
LONG = 100
MAX_LONG = 10_000
CENTROIDS = 256


class FasttextReader(Reader):
    """Walks the dictionary, and both matrices by their sizes."""

    name: ClassVar[str] = "fasttext"
    kind: ClassVar[Kind] = Kind.DATA
    views: ClassVar[tuple[type[View], ...]] = (TensorTable, ModelText)

    def recognises(self, subject: Subject) -> bool:
        """Tell by the mark and a version."""
        version = int.from_bytes(subject.head[4:8], "little")
        return subject.head.startswith(MARK) and version in VERSIONS

    def read(self, subject: Subject) -> Iterator[Item]:
        """Yield the matrices, words that are none, and claims.

        Raises:
            MalformedError: a part goes beyond the end.
            LimitExceededError: more words than are followed.

        """
        walk, values = _Walk(subject), Values(subject.blob, self.name)
        broke: ArtifactError | None = None
        try:
            walk.run()
        except ArtifactError as e:
            broke = e
        for start, end in walk.long:
            yield from values.take(start, end, "word")
        yield from values.rest()
        yield Claim(0, min(walk.at, subject.size), "fasttext model")
        yield from claims_of(walk.spans)
        yield TensorTable(source=self.name, tensors=tuple(walk.spans), covered=subject.size)
        yield tensors_fact(self.name, walk.spans)
        if broke is not None:
            raise broke


class _Walk:
    def __init__(self, subject: Subject) -> None:
        self.at, self.spans, self.long = 8, list[TensorSpan](), list[tuple[int, int]]()
        self._blob, self._window = subject.blob, Window(subject.blob)

    def run(self) -> None:
        """Walk the model."""
        self._skip(ARGUMENTS)
        self._dictionary()
        for name in ("input", "output"):
            packed = self._window.u8(self.at)
            self.at += 1
            if packed and (name == "input" or packed == 1):
                self._quantised(name)
            else:
                self._matrix(name)

    def _dictionary(self) -> None:
        window = self._window
        count, pruned = window.i32(self.at), window.number(self.at + 20, "q")
        self.at += 28
        if count < 0 or count > window.size:
            raise MalformedError(f"a dictionary of {count} words", self.at)
        if count > MAX_WORDS:
            raise LimitExceededError(f"more than {MAX_WORDS} words")
        for _ in range(count):
            self._word()
        self._skip(8 * max(0, pruned))

    def _word(self) -> None:
        start, step = self.at, 256
        while True:
            part = self._window.take(start, min(step, self._window.size - start))
            end = part.find(b"\0")
            if end >= 0:
                break
            if len(part) < step or step > MAX_WORD:
                raise MalformedError("a word does not end", start)
            step *= 4
        if end > LONG and len(self.long) < MAX_LONG:
            self.long.append((start, start + end))
        self.at = start + end + 1
        self._skip(9)

    def _matrix(self, name: str) -> None:
        rows, columns = self._sizes()
        start = self.at
        self._skip(4 * rows * columns)
        self.spans.append(TensorSpan(name, "f32", (rows, columns), start, self.at))

    def _quantised(self, name: str) -> None:
        norms = self._window.u8(self.at)
        self.at += 1
        rows, _ = self._sizes()
        size = self._window.i32(self.at)
        self.at += 4
        start = self.at
        self._skip(size)
        self.spans.append(TensorSpan(f"{name}.codes", "u8", (size,), start, self.at))
        self._centroids(name)
        if norms:
            start = self.at
            self._skip(rows)
            self.spans.append(TensorSpan(f"{name}.norms", "u8", (rows,), start, self.at))
            self._centroids(f"{name}.norms")

    def _centroids(self, name: str) -> None:
        dim = self._window.i32(self.at)
        self.at += 16
        start = self.at
        self._skip(4 * dim * CENTROIDS)
        self.spans.append(TensorSpan(f"{name}.centroids", "f32", (dim, CENTROIDS), start, self.at))

    def _sizes(self) -> tuple[int, int]:
        rows, columns = self._window.number(self.at, "q"), self._window.number(self.at + 8, "q")
        self.at += 16
        if rows < 0 or columns < 0:
            raise MalformedError(f"a matrix of {rows} by {columns}", self.at)
        return rows, columns

    def _skip(self, count: int) -> None:
        if count < 0 or count > self._window.size - self.at:
            raise MalformedError(f"{count} bytes are announced, fewer are left", self.at)
        self.at += count
