"""What the formats of decision trees share: problems of one tree, and texts out of a document."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from pratique.artifacts.readers.tensor_layout import Problems

MAX_LOOKED = 2_000_000
MAX_TEXTS = 200_000
NO_FEATURE = (1 << 31) - 1
"""What a node that was pruned away says its feature is."""


def check_children(
    problems: Problems, tree: int, sides: Iterable[Sequence[int]], bounds: tuple[int, int], at: int
) -> None:
    """Report children of a tree's nodes that are none: `bounds` are the least and the most."""
    least, most = bounds
    for side in sides:
        if len(side) and (min(side) < least or max(side) > most):
            bad = min(side) if min(side) < least else max(side)
            says = f"tree {tree} has a child {bad}, which is none of its nodes"
            problems.add("index", says, at)


def check_lengths(
    problems: Problems, tree: int, want: int, lengths: Mapping[str, int], at: int
) -> None:
    """Report arrays of a tree that are not as long as its number of nodes says."""
    for name, length in lengths.items():
        if length != want:
            says = f"tree {tree} has {length} entries of {name} and needs {want}"
            problems.add("length", says, at)


def check_features(
    problems: Problems, tree: int, used: Sequence[int], features: int, at: int
) -> None:
    """Report features that a tree asks about and the model does not have."""
    known = [f for f in used if f != NO_FEATURE] if len(used) and max(used) >= features else []
    if known and (max(known) >= features or min(known) < 0):
        says = f"tree {tree} asks for feature {max(known)}; the model has {features}"
        problems.add("index", says, at)


def texts_of(document: object) -> Iterator[tuple[str, str]]:
    """Yield (path, text) of every text in a document of maps and lists, keys too, bounded."""
    stack: list[tuple[str, object]] = [("", document)]
    told = 0
    for _ in range(MAX_LOOKED):
        if not stack or told >= MAX_TEXTS:
            return
        path, part = stack.pop()
        if isinstance(part, str):
            told += 1
            yield path, part
        elif isinstance(part, dict):
            told += len(part)
            yield path, "\n".join(key for key in part if isinstance(key, str))
            stack += [(f"{path[-100:]}/{str(key)[:80]}", value) for key, value in part.items()]
        elif isinstance(part, list) and part and not isinstance(part[0], int | float):
            stack += [(path, value) for value in part]
