"""Groups: what they contain, as symbol tables or as link messages, and where links lead."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pratique.artifacts.readers.hdf5.headers import LINK, LINK_INFO, SYMBOLS, Message
from pratique.artifacts.readers.hdf5.heaps import fractal_heap, local_heap, named
from pratique.artifacts.readers.hdf5.source import Source, Words
from pratique.artifacts.readers.hdf5.tree2 import pass_over, records
from pratique.core.errors import LimitExceededError, MalformedError

MAX_LINKS = 1_000_000
MAX_NODES = 200_000
HARD, SOFT, OUTER = 0, 1, 64
_SOFT_CACHE = 2
_LINK_TREES = frozenset({5, 6})


@dataclass(frozen=True, slots=True)
class Link:
    """One link of a group: `kind` is `hard`, `soft`, `external` or `user`.

    `address` is where a hard link leads; `target` a path, in `file` where it is another one.
    """

    name: str
    kind: str
    address: int | None = None
    target: str = ""
    file: str = ""


def links(source: Source, found: Sequence[Message]) -> Iterator[Link]:
    """Yield the links that the messages of one object header hold or lead to."""
    for message in found:
        words = source.sized(message.body, message.at)
        if message.kind == SYMBOLS:
            yield from _symbols(source, words.offset(), words.offset())
        elif message.kind == LINK:
            yield _link(words)
        elif message.kind == LINK_INFO:
            yield from _dense(source, words)


def _dense(source: Source, words: Words) -> Iterator[Link]:
    words.take(1)
    flags = words.number(1)
    words.take(8 if flags & 1 else 0)
    heap_at, tree_at = words.offset(), words.offset()
    if heap_at is None or tree_at is None:
        return
    if flags & 2:
        pass_over(source, words.offset())
    heap = fractal_heap(source, heap_at)
    for kind, record in records(source, tree_at):
        if kind not in _LINK_TREES:
            raise MalformedError(f"a tree of kind {kind} lists links")
        body, where = heap.get(record[4 if kind == 5 else 8 :])  # noqa: PLR2004 - by name, by order
        yield _link(source.sized(body, where))


def _link(words: Words) -> Link:
    words.take(1)
    flags = words.number(1)
    kind = words.number(1) if flags & 8 else HARD
    words.take(8 if flags & 4 else 0)
    words.take(1 if flags & 16 else 0)
    name = words.take(words.number(1 << (flags & 3))).decode("utf-8", "replace")
    if kind == HARD:
        return Link(name, "hard", words.offset())
    target = words.take(words.number(2))
    if kind == SOFT:
        return Link(name, "soft", target=target.decode("utf-8", "replace"))
    if kind != OUTER:
        return Link(name, "user", target=target[:1000].decode("utf-8", "replace"))
    file, _, inner = target[1:].partition(b"\0")
    inner = inner.partition(b"\0")[0]
    return Link(
        name, "external", None, inner.decode("utf-8", "replace"), file.decode("utf-8", "replace")
    )


def _symbols(source: Source, tree: int | None, heap_at: int | None) -> Iterator[Link]:
    """Yield the links of a group of the first sort: a tree of tables of symbols."""
    heap = local_heap(source, heap_at)
    stack = [tree]
    seen: set[int | None] = set()
    count = 0
    while stack:
        at = stack.pop()
        if at in seen:
            raise MalformedError("the tree of a group runs in a circle")
        seen.add(at)
        if len(seen) > MAX_NODES:
            raise LimitExceededError(f"a group of more than {MAX_NODES} tables")
        start, _ = source.place(at, 4, "a table of a group")
        if source.blob.read(start, 4) == b"SNOD":
            for link in _table(source, at, heap):
                count += 1
                yield link
        else:
            stack += reversed(_children(source, at))
        if count > MAX_LINKS:
            raise LimitExceededError(f"a group of more than {MAX_LINKS} links")


def _children(source: Source, at: int | None) -> list[int | None]:
    offsets, lengths = source.sizes
    inner = source.group_inner
    size = 8 + 2 * offsets + 2 * inner * offsets + (2 * inner + 1) * lengths
    start, _ = source.place(at, 8, "a tree of a group")
    room = min(size, source.end - start)
    words = source.words(at, room, "a tree of a group")
    if words.take(4) != b"TREE" or words.number(1):
        raise MalformedError("no tree of a group where one should be", words.where)
    words.take(1)
    count = words.number(2)
    words.take(2 * offsets)
    found = []
    for _ in range(count):
        words.take(lengths)
        found.append(words.offset())
    return found


def _table(source: Source, at: int | None, heap: bytes) -> Iterator[Link]:
    offsets = source.sizes[0]
    row = 2 * offsets + 24
    start, _ = source.place(at, 8, "a table of a group")
    room = min(8 + 2 * source.group_leaf * row, source.end - start)
    words = source.signed(at, room, b"SNOD")
    words.take(2)
    for _ in range(words.number(2)):
        entry = words.part(row)
        name, address = named(heap, entry.number(offsets)), entry.offset()
        cache = entry.number(4)
        entry.take(4)
        if cache == _SOFT_CACHE:
            yield Link(name, "soft", target=named(heap, entry.number(4)))
        else:
            yield Link(name, "hard", address)
