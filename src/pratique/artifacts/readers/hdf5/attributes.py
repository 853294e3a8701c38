"""Attributes: small named values of groups and datasets, in a header or in a heap."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pratique.artifacts.readers.hdf5.datatypes import Space, Type, read_space, read_type
from pratique.artifacts.readers.hdf5.headers import (
    ATTRIBUTE,
    ATTRIBUTE_INFO,
    DATATYPE,
    SHARED,
    Message,
    messages,
)
from pratique.artifacts.readers.hdf5.heaps import fractal_heap
from pratique.artifacts.readers.hdf5.source import Source, Words
from pratique.artifacts.readers.hdf5.tree2 import pass_over, records
from pratique.core.errors import LimitExceededError, MalformedError

MAX_ATTRIBUTES = 200_000
_TREES = frozenset({8, 9})
_COMMITTED = 2


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute; `at` is where its bytes stand in the blob."""

    name: str
    type: Type
    space: Space
    body: bytes
    at: int


def attributes(source: Source, found: Sequence[Message]) -> Iterator[Attribute]:
    """Yield the attributes that the messages of one object header hold or lead to."""
    count = 0
    for message in found:
        if message.kind == ATTRIBUTE:
            if message.flags & SHARED:
                raise LimitExceededError("attributes that stand in a table of their own")
            yield _attribute(source, source.sized(message.body, message.at))
        elif message.kind == ATTRIBUTE_INFO:
            for attribute in _dense(source, source.sized(message.body, message.at)):
                count += 1
                if count > MAX_ATTRIBUTES:
                    raise LimitExceededError(f"more than {MAX_ATTRIBUTES} attributes")
                yield attribute


def _dense(source: Source, words: Words) -> Iterator[Attribute]:
    words.take(1)
    flags = words.number(1)
    words.take(2 if flags & 1 else 0)
    heap_at, tree_at = words.offset(), words.offset()
    if heap_at is None or tree_at is None:
        return
    if flags & 2:
        pass_over(source, words.offset())
    heap = fractal_heap(source, heap_at)
    for kind, record in records(source, tree_at):
        if kind not in _TREES or record[8] & SHARED:
            raise LimitExceededError("attributes that stand in a table of their own")
        body, where = heap.get(record[:8])
        yield _attribute(source, source.sized(body, where))


def _attribute(source: Source, words: Words) -> Attribute:
    version, flags = words.number(1), words.number(1)
    if version not in {1, 2, 3}:
        raise LimitExceededError(f"attribute version {version} is none that is known")
    sizes = [words.number(2) for _ in range(3)]
    words.take(1 if version == 3 else 0)  # noqa: PLR2004 - version 3 tells an encoding
    padded = [-(-size // 8) * 8 for size in sizes] if version == 1 else sizes
    name = words.take(padded[0]).partition(b"\0")[0].decode("utf-8", "replace")
    kind = shared_type(source, words.part(padded[1]), shared=bool(flags & 1))
    if flags & 2:
        raise LimitExceededError("a dataspace that stands in a table of its own")
    space = read_space(words.part(padded[2]))
    return Attribute(name, kind, space, words.body[words.at :], words.where + words.at)


def shared_type(source: Source, words: Words, *, shared: bool) -> Type:
    """Return a datatype that stands here, or in the object that is named here.

    Raises:
        LimitExceededError: it stands in a table of shared messages, which is not followed.

    """
    if not shared:
        return read_type(words)
    version, kind = words.number(1), words.number(1)
    words.take(6 if version == 1 else 0)
    if version == 3 and kind != _COMMITTED:  # noqa: PLR2004 - the first with such a table
        raise LimitExceededError("a datatype that stands in a table of its own")
    for message in messages(source, words.offset()):
        if message.kind == DATATYPE and not message.flags & SHARED:
            return read_type(source.sized(message.body, message.at))
    raise MalformedError("a shared datatype is not where it should be", words.where)
