"""Reads LightGBM's text models: settings, then trees whose arrays' lengths follow from a count.

Format: `SaveModelToString` in src/boosting/gbdt_model_text.cpp, `Tree::Tree` in src/io/tree.cpp.
"""

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import ClassVar

from pratique.artifacts.blob import Blob
from pratique.artifacts.reader import Claim, Item, Kind, Reader, Subject, View
from pratique.artifacts.readers.decoding import opening
from pratique.artifacts.readers.tensor_layout import Problems
from pratique.artifacts.readers.tree_checks import check_children, check_features, check_lengths
from pratique.artifacts.readers.values import Values
from pratique.artifacts.views import ModelText, TreeProblems
from pratique.core.errors import LimitExceededError
from pratique.core.fact import Fact, Json

MAX_BYTES = 1 << 30
MAX_LINE = 1 << 25
MAX_TREES = 500_000
MAX_KEYS = 64
MAX_FLAWS = 20
STEP = 1 << 22
_FIRST = re.compile(r"tree\r?\nversion=v\d")
_NODES = (
    "split_feature", "split_gain", "threshold", "decision_type", "left_child", "right_child",
    "internal_value", "internal_weight", "internal_count",
)  # fmt: skip
_LEAVES = ("leaf_value", "leaf_weight", "leaf_count")
NEEDED = frozenset({"split_feature", "threshold", "left_child", "right_child", "leaf_value"})
_NUMBERS = frozenset({*_NODES, *_LEAVES, "cat_boundaries", "cat_threshold", "tree_sizes"})
_ABOUT = re.compile(r"-?\d{1,18}")


class LightgbmReader(Reader):
    """Goes through the lines, and checks every tree against what it says of its own size."""

    name: ClassVar[str] = "lightgbm"
    kind: ClassVar[Kind] = Kind.TEXT
    views: ClassVar[tuple[type[View], ...]] = (ModelText, TreeProblems)

    def recognises(self, subject: Subject) -> bool:
        """Tell by the first two lines."""
        return _FIRST.match(opening(subject)) is not None

    def read(self, subject: Subject) -> Iterator[Item]:
        """Yield a claim, texts that are no arrays, how the trees fare, and a fact."""
        if subject.size > MAX_BYTES:
            raise LimitExceededError(f"a text model of more than {MAX_BYTES} bytes")
        walk, values = _Walk(), Values(subject.blob, self.name)
        for at, line in _lines(subject.blob):
            key, _, value = line.partition("=")
            if key not in _NUMBERS:
                yield from values.say(line, at)
            walk.line(at, key, value)
        walk.close(subject.size)
        yield from values.rest()
        yield Claim(0, subject.size, "lightgbm model")
        kept = walk.problems.kept
        yield TreeProblems(
            source=self.name,
            trees=walk.trees,
            problems=tuple(kept),
            covered=subject.size,
            partial=walk.problems.partial,
        )
        flaws: list[Json] = [[p.kind, p.says, p.at] for p in kept[:MAX_FLAWS]]
        data: Json = {
            "objective": walk.header.get("objective", "")[:100],
            "trees": walk.trees,
            "flaws": flaws,
        }
        yield Fact("lightgbm", subject.chain, data)


def _lines(blob: Blob) -> Iterator[tuple[int, str]]:
    """Yield (offset, line) of a text of any size, without its end."""
    at, held = 0, b""
    while at < blob.size:
        part = blob.read(at, STEP)
        start, body = at - len(held), held + part
        at += len(part)
        end = body.rfind(b"\n") + 1 if at < blob.size else len(body)
        held = body[end:]
        if len(held) > MAX_LINE:
            raise LimitExceededError(f"a line of more than {MAX_LINE} bytes")
        for line in body[:end].split(b"\n"):
            yield start, line.decode("utf-8", "replace").rstrip("\r")
            start += len(line) + 1


class _Walk:
    """What has been said so far: the settings at the top, and the tree that is open."""

    def __init__(self) -> None:
        self.header: dict[str, str] = {}
        self.problems = Problems()
        self.trees = 0
        self._tree: dict[str, str] | None = None
        self._starts: list[int] = []
        self._end = 0

    def line(self, at: int, key: str, value: str) -> None:
        """Take one line."""
        if self._end:
            return
        if key == "Tree":
            self._close_tree()
            self._tree = {}
            self._starts.append(at)
        elif key == "end of trees":
            self._close_tree()
            self._end = at
        else:
            into = self.header if self._tree is None else self._tree
            if value and len(into) < MAX_KEYS:
                if key in into:
                    self.problems.add("duplicate", f"{key[:60]!r} is given twice", at)
                into[key[:60]] = value

    def close(self, size: int) -> None:
        """Compare what the top says with the trees that came."""
        self._close_tree()
        self._end = self._end or size
        told = _whole_numbers(self.header.get("tree_sizes", ""))
        if told is None:
            self.problems.add("length", "tree_sizes holds what is no number")
            return
        starts = [*self._starts, self._end]
        sizes = [after - before for before, after in pairwise(starts)]
        if self.header.get("tree_sizes") and len(told) != len(sizes):
            self.problems.add("length", f"tree_sizes tells of {len(told)} trees, {len(sizes)} came")
        elif told and told != sizes:
            bad = next(i for i, (a, b) in enumerate(zip(told, sizes, strict=True)) if a != b)
            if abs(told[bad] - sizes[bad]) > sizes[bad] // 20 + 64:  # line ends that were changed
                says = f"tree_sizes tells of {told[bad]} bytes for tree {bad}, it has {sizes[bad]}"
                self.problems.add("length", says, self._starts[bad])

    def _close_tree(self) -> None:
        if self._tree is None:
            return
        if self.trees >= MAX_TREES:
            raise LimitExceededError(f"more than {MAX_TREES} trees")
        _check(self._tree, self.trees, self._features(), self.problems, self._starts[-1])
        self.trees += 1
        self._tree = None

    def _features(self) -> int:
        last = self.header.get("max_feature_idx", "")
        return int(last) + 1 if _ABOUT.fullmatch(last) else 0


def _check(
    tree: Mapping[str, str], number: int, features: int, problems: Problems, at: int
) -> None:
    told = tree.get("num_leaves", "")
    leaves = int(told) if _ABOUT.fullmatch(told) else -1
    if leaves < 1:
        problems.add("length", f"tree {number} has num_leaves={told[:40]!r}", at)
        return
    if leaves == 1:  # one answer and no question: its arrays are left empty
        return
    lengths = {name: _count(tree, name) for name in _NODES if name in tree or name in NEEDED}
    check_lengths(problems, number, leaves - 1, lengths, at)
    lengths = {name: _count(tree, name) for name in _LEAVES if name in tree or name in NEEDED}
    check_lengths(problems, number, leaves, lengths, at)
    arrays = [_whole_numbers(tree.get(n, "")) for n in ("left_child", "right_child")]
    used = _whole_numbers(tree.get("split_feature", ""))
    if used is None or None in arrays:
        problems.add("index", f"tree {number} has children or features that are no numbers", at)
        return
    check_children(problems, number, [a for a in arrays if a], (-leaves, leaves - 2), at)
    if features:
        check_features(problems, number, used, features, at)
    _check_categories(tree, number, problems, at)


def _check_categories(tree: Mapping[str, str], number: int, problems: Problems, at: int) -> None:
    told = tree.get("num_cat", "0")
    count = int(told) if _ABOUT.fullmatch(told) else -1
    if count < 0:
        problems.add("length", f"tree {number} has num_cat={told[:40]!r}", at)
    if count <= 0:
        return
    bounds = _whole_numbers(tree.get("cat_boundaries", "")) or []
    check_lengths(problems, number, count + 1, {"cat_boundaries": len(bounds)}, at)
    if bounds and (bounds != sorted(bounds) or bounds[0] < 0):
        problems.add("index", f"tree {number} has cat_boundaries out of order", at)
    elif bounds:
        words = {"cat_threshold": _count(tree, "cat_threshold")}
        check_lengths(problems, number, bounds[-1], words, at)


def _count(tree: Mapping[str, str], name: str) -> int:
    return len(tree.get(name, "").split())


def _whole_numbers(text: str) -> list[int] | None:
    """Return whole numbers with blanks between them, None when one is none."""
    parts = text.split()
    return [int(p) for p in parts] if all(_ABOUT.fullmatch(p) for p in parts) else None
