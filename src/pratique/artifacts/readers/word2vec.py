"""Reads word vectors in the binary form of word2vec: a line of sizes, then words and floats.

Format: `TrainModel` in word2vec.c; gensim's KeyedVectors reads it.
"""

import re
from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.reader import Claim, Item, Kind, Reader, Subject, View
from pratique.artifacts.readers.values import Values
from pratique.artifacts.readers.window import Window
from pratique.artifacts.views import ModelText
from pratique.core.errors import ArtifactError, LimitExceededError, MalformedError
from pratique.core.fact import Fact

MAX_WORDS = 20_000_000
MAX_SIZE = 65_536
MAX_WORD = 4_096
LONG = 100
MAX_LONG = 10_000
TRIAL = 3
WIDTHS = (4, 8, 2)
"""Floats of single, double and half precision: gensim writes any of them."""
_HEAD = re.compile(rb"(\d{1,9}) (\d{1,6}) ?\r?\n")


class Word2vecReader(Reader):
    """Walks the words; the floats between them are passed over by their size."""

    name: ClassVar[str] = "word2vec"
    kind: ClassVar[Kind] = Kind.DATA
    views: ClassVar[tuple[type[View], ...]] = (ModelText,)

    def recognises(self, subject: Subject) -> bool:
        """Tell by two sizes, and words that stand where the floats before them end."""
        found = _HEAD.match(subject.head)
        if found is None or b"\0" not in subject.head[:4096]:
            return False
        return _width(subject, found) > 0

    def read(self, subject: Subject) -> Iterator[Item]:
        """Yield a claim, words that are none, and a fact.

        Raises:
            MalformedError: a word does not end, or floats go beyond the end.
            LimitExceededError: more words than are followed.

        """
        found = _HEAD.match(subject.head)
        if found is None:
            raise MalformedError("no line of sizes")
        count, size = int(found[1]), int(found[2])
        walk, values = _Walk(subject, found.end()), Values(subject.blob, self.name)
        broke: ArtifactError | None = None
        try:
            walk.run(count, size * max(2, _width(subject, found)))
        except ArtifactError as e:
            broke = e
        for start, end in walk.long:
            yield from values.take(start, end, "word")
        yield from values.rest()
        yield Claim(0, min(walk.at, subject.size), "word vectors")
        yield Fact("word2vec", subject.chain, {"words": count, "size": size})
        if broke is not None:
            raise broke


def _width(subject: Subject, found: re.Match[bytes]) -> int:
    """Return how many bytes a float has: with them the first words are words; 0 if none does."""
    count, size = int(found[1]), int(found[2])
    if not (count and size):
        return 0
    for width in WIDTHS:
        walk = _Walk(subject, found.end())
        try:
            walk.run(min(count, TRIAL), size * width)
        except ArtifactError:
            continue
        if count > TRIAL or walk.at >= subject.size - 1:
            return width
    return 0


class _Walk:
    def __init__(self, subject: Subject, at: int) -> None:
        self.at, self.long = at, list[tuple[int, int]]()
        self._window = Window(subject.blob)

    def run(self, count: int, size: int) -> None:
        """Walk so many words with so many bytes behind each."""
        if count > MAX_WORDS or size > MAX_SIZE:
            raise LimitExceededError(f"{count} words of {size} bytes are more than are followed")
        window = self._window
        for _ in range(count):
            start, end = self._word()
            if end - start > LONG and len(self.long) < MAX_LONG:
                self.long.append((start, end))
            if size > window.size - end - 1:
                raise MalformedError(f"{size} bytes of floats go beyond the end", end)
            self.at = end + 1 + size
        if self.at < window.size and window.take(self.at, 1) == b"\n":
            self.at += 1

    def _word(self) -> tuple[int, int]:
        """Return where the next word stands; a line may end before it."""
        step = 64
        while True:
            part = self._window.take(self.at, min(step, self._window.size - self.at))
            length = part.find(b" ")
            if length >= 0:
                break
            if len(part) < step or step > MAX_WORD:
                raise MalformedError("a word does not end", self.at)
            step *= 4
        word = part[:length].lstrip(b"\n")
        if not word or b"\0" in word:
            raise MalformedError("a word is empty, or no text", self.at)
        return self.at + length - len(word), self.at + length
