"""Reads CatBoost's binary models: a mark, a FlatBuffer with the trees, and tables behind it.

Format: catboost/libs/model/flatbuffers/model.fbs of CatBoost.
"""

import struct
from collections.abc import Iterator, Sequence
from typing import ClassVar

from pratique.artifacts.reader import Claim, Item, Kind, Reader, Subject, View
from pratique.artifacts.readers.flatbuffer import Table, root
from pratique.artifacts.readers.tensor_layout import Problems
from pratique.artifacts.readers.values import Values
from pratique.artifacts.readers.window import Window
from pratique.artifacts.views import ModelText, TreeProblems
from pratique.core.errors import ArtifactError, LimitExceededError, MalformedError
from pratique.core.fact import Fact, Json

MARK = b"CBM1"
MAX_NUMBERS = 16_000_000
MAX_DEPTH = 32
VERSION, TREES, INFO, PARTS = 0, 1, 2, 3
DIMENSION, SPLITS, SIZES, STARTS, LEAVES, STEPS = 0, 1, 2, 3, 8, 10


class CatboostReader(Reader):
    """Checks that trees lie within their own arrays, and shows what a model says of itself."""

    name: ClassVar[str] = "catboost"
    kind: ClassVar[Kind] = Kind.DATA
    views: ClassVar[tuple[type[View], ...]] = (ModelText, TreeProblems)

    def recognises(self, subject: Subject) -> bool:
        """Tell by the mark and a length."""
        return subject.head.startswith(MARK) and subject.size > 16  # noqa: PLR2004 - mark, length, a table

    def read(self, subject: Subject) -> Iterator[Item]:
        """Yield a claim, texts, how the trees fare, and a fact.

        Raises:
            MalformedError: the model breaks off or points outside of itself.
            LimitExceededError: more numbers than are followed.

        """
        walk, values = _Walk(subject), Values(subject.blob, self.name)
        broke: ArtifactError | None = None
        try:
            yield from walk.run(values)
        except ArtifactError as e:
            broke = e
        yield from values.rest()
        yield Claim(0, min(walk.end, subject.size), "catboost model")
        kept = tuple(walk.problems.kept)
        yield TreeProblems(source=self.name, trees=walk.trees, problems=kept, covered=subject.size)
        data: Json = {"version": walk.version, "trees": walk.trees, "parts": walk.parts}
        yield Fact("catboost", subject.chain, data)
        if broke is not None:
            raise broke


class _Walk:
    def __init__(self, subject: Subject) -> None:
        self.end, self.trees, self.version = len(MARK), 0, ""
        self.parts: list[str] = []
        self.problems = Problems()
        self._subject = subject
        self._window = Window(subject.blob)

    def run(self, values: Values) -> Iterator[Item]:
        """Walk the core; what lies behind it is claimed where the core names parts."""
        window = self._window
        size = window.u32(4)
        if size > window.size - 8:
            raise MalformedError(f"a core of {size} bytes goes beyond the end", 4)
        core = root(window, 8)
        self.version = core.text(VERSION)[:100]
        self.end = 8 + size
        for pair in core.tables(INFO):
            yield from values.take(*pair.span(0), "key")
            yield from values.take(*pair.span(1), "info")
        names = core.entries(PARTS, 4)
        for at in range(names.start, names.start + 4 * min(names.count, 100), 4):
            place = at + window.u32(at)
            length = window.u32(place)
            self.parts.append(window.text(place + 4, min(length, 100)))
        if self.parts:
            self.end = window.size
        trees = core.table(TREES)
        if trees is not None:
            self._check(trees)

    def _check(self, trees: Table) -> None:
        sizes, starts = self._whole(trees, SIZES), self._whole(trees, STARTS)
        splits = trees.entries(SPLITS, 4).count
        self.trees = len(sizes)
        if len(sizes) != len(starts):
            says = f"{len(starts)} trees begin, {len(sizes)} have a size"
            self.problems.add("length", says, trees.at)
            return
        for number, (start, size) in enumerate(zip(starts, sizes, strict=True)):
            if start < 0 or size < 0 or start + size > splits:
                says = f"tree {number} has splits {start} to {start + size} of {splits}"
                self.problems.add("index", says, trees.at)
        if not trees.entries(STEPS, 4).count and not self.problems.kept:
            self._check_leaves(trees, sizes)

    def _check_leaves(self, trees: Table, sizes: Sequence[int]) -> None:
        """Compare the leaves of symmetric trees with what their depths ask for."""
        if max(sizes, default=0) > MAX_DEPTH:
            self.problems.add("length", f"a tree is {max(sizes)} levels deep", trees.at)
            return
        dimension = trees.number(DIMENSION, "i", 1)
        want = sum(1 << size for size in sizes) * max(1, dimension)
        leaves = trees.entries(LEAVES, 8).count
        if leaves != want:
            self.problems.add("length", f"the trees have {leaves} leaves and need {want}", trees.at)

    def _whole(self, table: Table, index: int) -> Sequence[int]:
        found = table.entries(index, 4)
        if found.count > MAX_NUMBERS:
            raise LimitExceededError(f"more than {MAX_NUMBERS} trees")
        raw = self._subject.blob.read(found.start, 4 * found.count) if found.count else b""
        return struct.unpack(f"<{found.count}i", raw)
