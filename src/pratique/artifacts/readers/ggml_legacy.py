"""Reads the files of ggml before GGUF: `ggml`, `ggmf` and `ggjt`.

Each program had a header of its own: some numbers, then a vocabulary, whose size may stand there
once more; Whisper has filters in between. What follows are tensors, alike everywhere.

Format: llama.cpp before August 2023 (llama.cpp, struct llama_file_loader), whisper.cpp.
"""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.reader import Claim, Item, Kind, Reader, Subject, View
from pratique.artifacts.readers.ggml_types import GGML_TYPES
from pratique.artifacts.readers.tensor_layout import claims_of, elements_of, tensors_fact
from pratique.artifacts.readers.values import Values
from pratique.artifacts.readers.window import Window
from pratique.artifacts.views import ModelText, TensorSpan, TensorTable
from pratique.core.errors import ArtifactError, LimitExceededError, MalformedError
from pratique.core.fact import Fact, Json

MARKS = {b"lmgg": "ggml", b"fmgg": "ggmf", b"tjgg": "ggjt"}
MAX_VOCABULARY = 2_000_000
MAX_WORD = 64 * 1024
MAX_DIMS = 4
ALIGN = 32
WHISPER = (11, 2)
LAYOUTS = (
    *((numbers, repeated) for numbers in (7, 6, 8, 5, 9, 10, 11) for repeated in (0, 1)),
    WHISPER,
)
"""How many numbers the header has, and whether the vocabulary's size follows (2: after filters)."""
_OLD = {2: ("q4_0", 32, 20), 3: ("q4_1", 32, 24), 6: ("q5_0", 32, 22), 7: ("q5_1", 32, 24),
        8: ("q8_0", 32, 36)}  # fmt: skip
"""Blocks as they were before June 2023: scales of four bytes."""


class GgmlLegacyReader(Reader):
    """Tries the layouts there were, and takes the one whose tensors end where the file does."""

    name: ClassVar[str] = "ggml-legacy"
    kind: ClassVar[Kind] = Kind.DATA
    views: ClassVar[tuple[type[View], ...]] = (TensorTable, ModelText)

    def recognises(self, subject: Subject) -> bool:
        """Tell by the mark, and numbers behind it that are sizes of a model."""
        if subject.head[:4] not in MARKS or subject.size < 64:  # noqa: PLR2004 - mark and sizes
            return False
        return subject.head[7] == 0 and subject.head[11] == 0

    def read(self, subject: Subject) -> Iterator[Item]:
        """Yield tensors, words, claims, and a fact.

        Raises:
            LimitExceededError: no layout that is known fits.

        """
        walks = [_Walk(subject, layout, old=old) for layout in LAYOUTS for old in (0, 1)]
        best, broke = walks[0], None
        for walk in walks:
            broke = walk.run()
            best = max(best, walk, key=lambda w: (w.broke is None, len(w.spans)))
            if broke is None:
                break
        values = Values(subject.blob, self.name)
        for start, end in best.words:
            yield from values.take(start, end, "word")
        yield from values.rest()
        yield Claim(0, min(best.at, subject.size), "ggml model")
        yield from claims_of(best.spans)
        yield TensorTable(source=self.name, tensors=tuple(best.spans), covered=subject.size)
        yield tensors_fact(self.name, best.spans)
        data: Json = {"format": MARKS[subject.head[:4]], "words": best.vocabulary}
        yield Fact("ggml", subject.chain, data)
        if broke is not None:
            raise LimitExceededError(f"no layout that is known fits: {best.broke or broke}")


class _Walk:
    def __init__(self, subject: Subject, layout: tuple[int, int], *, old: int) -> None:
        self.at, self.vocabulary = 4, 0
        self.spans: list[TensorSpan] = []
        self.words: list[tuple[int, int]] = []
        self.broke: ArtifactError | None = None
        self._types = {**GGML_TYPES, **_OLD} if old else GGML_TYPES
        self._window, self._layout = Window(subject.blob), layout
        self._sort, self._most = MARKS[subject.head[:4]], subject.limits.tensors

    def run(self) -> ArtifactError | None:
        """Walk the whole file; return what stopped the walk."""
        try:
            self._header()
            while self.at < self._window.size:
                self._tensor()
        except ArtifactError as e:
            self.broke = e
        return self.broke

    def _header(self) -> None:
        window = self._window
        if self._sort != "ggml":
            self.at += 4
        count = window.i32(self.at)
        numbers, repeated = self._layout
        self.at += 4 * numbers
        if self._layout == WHISPER:
            mels, size = window.i32(self.at), window.i32(self.at + 4)
            if not (0 < mels <= 1_024 and 0 < size <= 8_192):  # noqa: PLR2004 - filters of speech
                raise MalformedError("no filters where Whisper has them", self.at)
            self.at += 8 + 4 * mels * size
        if repeated:
            count = window.i32(self.at)
            self.at += 4
        if not 0 <= count <= MAX_VOCABULARY:
            raise MalformedError(f"a vocabulary of {count} words", self.at)
        for _ in range(count):
            self._word()

    def _word(self) -> None:
        size = self._window.u32(self.at)
        if size > MAX_WORD:
            raise MalformedError(f"a word of {size} bytes", self.at)
        start = self.at + 4
        self._window.take(start, size)
        self.at = start + size + (4 if self._sort != "ggml" else 0)
        self.vocabulary += 1
        if size > 64:  # noqa: PLR2004 - a vocabulary has no such words
            self.words.append((start, start + size))

    def _tensor(self) -> None:
        window, at = self._window, self.at
        dims, length, sort = window.i32(at), window.i32(at + 4), window.i32(at + 8)
        if not (0 < dims <= MAX_DIMS and 0 < length <= MAX_WORD and sort in self._types):
            raise MalformedError("no tensor begins here", at)
        shape = [window.i32(at + 12 + 4 * i) for i in range(dims)]
        at += 12 + 4 * dims
        name = window.text(at, length)
        at += length
        if self._sort == "ggjt":
            at = (at + ALIGN - 1) // ALIGN * ALIGN
        word, block, width = self._types[sort]
        count = elements_of(shape)
        if count is None or min(shape) < 0 or count % block:
            raise MalformedError(f"tensor {name[:80]!r} has a size that is none", self.at)
        end = at + count // block * width
        if end > window.size or len(self.spans) >= self._most:
            raise MalformedError(f"tensor {name[:80]!r} goes beyond the end", self.at)
        if sort in _OLD and self._types is not GGML_TYPES:
            word = "v1"
        self.spans.append(TensorSpan(name, word, tuple(shape), at, end))
        self.at = end
