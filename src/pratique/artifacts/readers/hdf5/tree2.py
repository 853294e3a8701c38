"""Version 2 B-trees: the records that index links, attributes, chunks and large objects."""

from collections.abc import Iterator
from dataclasses import dataclass

from pratique.artifacts.readers.hdf5.source import Source
from pratique.core.errors import LimitExceededError, MalformedError

MAX_RECORDS = 1_000_000
MAX_DEPTH = 16
_AROUND = 10
"""Four letters, a version, a kind and a checksum."""


@dataclass(frozen=True, slots=True)
class _Shape:
    """What all nodes of one tree share. `counts` and `totals` are widths by depth."""

    kind: int
    node: int
    record: int
    count_bytes: int
    totals: tuple[int, ...]


def records(source: Source, address: int | None) -> Iterator[tuple[int, bytes]]:
    """Yield (kind, record) of every record of a tree.

    Raises:
        MalformedError: a node is not where it should be.
        LimitExceededError: more records or depth than are followed.

    """
    offsets, lengths = source.sizes
    head = source.signed(address, 22 + offsets + lengths, b"BTHD")
    head.take(1)
    kind, node, record, depth = (head.number(n) for n in (1, 4, 2, 2))
    head.take(2)
    root, count = head.offset(), head.number(2)
    if root is None or not count:
        return
    if depth > MAX_DEPTH or not record or node < _AROUND + record:
        raise MalformedError("a tree whose nodes have no sane size", head.where)
    shape = _shape(source, kind, node, record, depth)
    stack, done, seen = [(root, count, depth)], 0, set[int]()
    while stack:
        at, many, level = stack.pop()
        if at in seen:
            raise MalformedError("a tree runs in a circle", source.base + at)
        seen.add(at)
        done += many
        if done > MAX_RECORDS or len(seen) > MAX_RECORDS:
            raise LimitExceededError(f"a tree of more than {MAX_RECORDS} records")
        yield from _node(source, shape, (at, many, level), stack)


def pass_over(source: Source, address: int | None) -> None:
    """Account for a tree that lists again, in another order, what was read before."""
    if address is not None:
        for _ in records(source, address):
            pass


def _shape(source: Source, kind: int, node: int, record: int, depth: int) -> _Shape:
    most = (node - _AROUND) // record
    count_bytes = _width(most)
    totals, reach = [0], most
    for _ in range(depth):
        pointer = source.sizes[0] + count_bytes + totals[-1]
        inner = max(0, node - _AROUND - pointer) // (record + pointer)
        reach = (inner + 1) * reach + inner
        totals.append(_width(reach))
    return _Shape(kind, node, record, count_bytes, tuple(totals))


def _width(number: int) -> int:
    """Return how many bytes the format takes for counts up to a number."""
    return (max(1, number).bit_length() - 1) // 8 + 1


def _node(
    source: Source, shape: _Shape, place: tuple[int, int, int], stack: list[tuple[int, int, int]]
) -> Iterator[tuple[int, bytes]]:
    at, many, level = place
    words = source.signed(at, shape.node, b"BTIN" if level else b"BTLF")
    words.take(2)
    for _ in range(many):
        yield shape.kind, words.take(shape.record)
    if not level:
        return
    below = level - 1
    for _ in range(many + 1):
        child, count = words.offset(), words.number(shape.count_bytes)
        words.take(shape.totals[below] if below else 0)
        if child is None:
            raise MalformedError("a tree has a child without an address", words.where)
        stack.append((child, count, below))
