"""Reads the binary form that XGBoost wrote before JSON: with or without the mark `binf`.

Format: src/learner.cc, src/gbm/gbtree_model.h and include/xgboost/tree_model.h of XGBoost 1.7.
"""

import re
from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.reader import Claim, Item, Kind, Reader, Subject, View
from pratique.artifacts.readers.tensor_layout import Problems
from pratique.artifacts.readers.values import Values
from pratique.artifacts.readers.window import Window
from pratique.artifacts.views import ModelText, TreeProblems
from pratique.core.errors import ArtifactError, LimitExceededError, MalformedError
from pratique.core.fact import Fact, Json

MARK = b"binf"
LEARNER, GBTREE, TREE, NODE, STAT = 136, 160, 148, 20, 16
MAX_TREES = 300_000
MAX_NODES = 1 << 26
MAX_STRINGS = 100_000
MAX_STRING = 1 << 24
MAX_NAME = 64
BOOSTERS = ("gbtree", "dart", "gblinear")
LINEAR = 136
ATTRS_AT, METRICS_AT = 12, 16
TREES_AT = 0
_NUMBER = re.compile(r"[0-9.eE+-]+")


class XgboostLegacyReader(Reader):
    """Walks learner, trees and attributes by their announced sizes."""

    name: ClassVar[str] = "xgboost-legacy"
    kind: ClassVar[Kind] = Kind.DATA
    views: ClassVar[tuple[type[View], ...]] = (ModelText, TreeProblems)

    def recognises(self, subject: Subject) -> bool:
        """Tell by the names of an objective and of a booster behind the learner's parameters."""
        head = subject.head
        at = len(MARK) if head.startswith(MARK) else 0
        try:
            window = Window(subject.blob)
            name, at = _string(window, at + LEARNER, MAX_NAME)
            booster, _ = _string(window, at, MAX_NAME)
        except ArtifactError:
            return False
        return booster in BOOSTERS and name.isascii() and name.isprintable()

    def read(self, subject: Subject) -> Iterator[Item]:
        """Yield a claim, texts, how the trees fare, and a fact.

        Raises:
            MalformedError: a count goes beyond the end of the file.
            LimitExceededError: more trees or texts than are followed.

        """
        walk = _Walk(subject)
        broke: ArtifactError | None = None
        try:
            walk.run()
        except ArtifactError as e:
            broke = e
        yield Claim(0, min(walk.at, subject.size), "xgboost model")
        values = Values(subject.blob, self.name)
        for at, text in walk.texts:
            yield from values.say(text, at)
        yield from values.rest()
        yield TreeProblems(
            source=self.name,
            trees=walk.trees,
            problems=tuple(walk.problems.kept),
            covered=subject.size,
            partial=walk.problems.partial,
        )
        data: Json = {
            "booster": walk.booster,
            "objective": walk.objective,
            "version": [],
            "trees": walk.trees,
        }
        yield Fact("xgboost", subject.chain, data)
        if broke is not None:
            raise broke


class _Walk:
    def __init__(self, subject: Subject) -> None:
        self.at = len(MARK) if subject.head.startswith(MARK) else 0
        self.objective = self.booster = ""
        self.texts: list[tuple[int, str]] = []
        self.trees = self._features = 0
        self.problems = Problems()
        self._window = Window(subject.blob)

    def run(self) -> None:
        """Walk the whole model."""
        window, start = self._window, self.at
        window.take(start, LEARNER)
        attributes = window.i32(start + ATTRS_AT)
        metrics = window.i32(start + METRICS_AT)
        self._features = window.u32(start + 4)
        self.at += LEARNER
        self.objective, self.booster = self._text(), self._text()
        if self.booster == "gblinear":
            self._linear()
        else:
            self._forest()
        if attributes:
            for _ in range(self._count(MAX_STRINGS)):
                self._text()
                self._text()
        if self.objective == "count:poisson":
            self._step()
        if metrics:
            for _ in range(self._count(MAX_STRINGS)):
                self._text()

    def _step(self) -> None:
        """Pass over a number in words, which the first versions wrote for this objective."""
        try:
            text, end = _string(self._window, self.at, MAX_NAME)
        except ArtifactError:
            return
        if _NUMBER.fullmatch(text):
            self.at = end

    def _forest(self) -> None:
        window, start = self._window, self.at
        window.take(start, GBTREE)
        trees = window.i32(start + TREES_AT)
        if trees < 0 or trees > MAX_TREES:
            raise MalformedError(f"the model tells of {trees} trees", start)
        self.at += GBTREE
        for number in range(trees):
            self._tree(number)
            self.trees += 1
        self._skip(4 * trees)
        if self.booster == "dart" and trees:
            self._skip(4 * self._count(trees))

    def _tree(self, number: int) -> None:
        window, start = self._window, self.at
        window.take(start, TREE)
        nodes, leaf = window.i32(start + 4), window.i32(start + 20)
        if not 0 < nodes <= MAX_NODES:
            raise MalformedError(f"tree {number} tells of {nodes} nodes", start)
        self.at += TREE
        body = self.at
        self._skip(nodes * (NODE + STAT))
        if leaf > 1:  # 1 is what newer versions write for plain leaves
            self._skip(4 * self._count(MAX_NODES))
        raw = window.blob.read(body, nodes * NODE)
        for at in range(0, len(raw), NODE):
            left = int.from_bytes(raw[at + 4 : at + 8], "little", signed=True)
            right = int.from_bytes(raw[at + 8 : at + 12], "little", signed=True)
            if left != -1 and not (0 <= left < nodes and 0 <= right < nodes):
                says = f"tree {number} has a child {left} or {right}, which is none of its nodes"
                self.problems.add("index", says, body + at)
                return
            feature = int.from_bytes(raw[at + 12 : at + 16], "little") & 0x7FFFFFFF
            if left != -1 and self._features and feature >= self._features:
                says = f"tree {number} asks for feature {feature}; the model has {self._features}"
                self.problems.add("index", says, body + at)
                return

    def _linear(self) -> None:
        self._skip(LINEAR)
        self._skip(4 * self._count(MAX_NODES))

    def _skip(self, count: int) -> None:
        if self.at + count > self._window.size:
            raise MalformedError(f"{count} bytes are announced, fewer are left", self.at)
        self.at += count

    def _count(self, most: int) -> int:
        count = self._window.u64(self.at)
        if count > self._window.size:
            raise MalformedError(f"{count} entries are announced, fewer bytes are left", self.at)
        if count > most:
            raise LimitExceededError(f"{count} entries are more than {most}")
        self.at += 8
        return count

    def _text(self) -> str:
        start = self.at + 8
        text, self.at = _string(self._window, self.at, MAX_STRING)
        if len(self.texts) < MAX_STRINGS:
            self.texts.append((start, text))
        return text[:MAX_NAME]


def _string(window: Window, at: int, most: int) -> tuple[str, int]:
    """Return a text with its length before it, and where it ends."""
    size = window.u64(at)
    if size > window.size - at - 8:
        raise MalformedError(f"a text of {size} bytes goes beyond the end", at)
    if size > most:
        raise LimitExceededError(f"a text of {size} bytes")
    return window.text(at + 8, size), at + 8 + size
