"""What an Arrow schema says: names, metadata, and types that a loader makes with code of its own.

Format: https://github.com/apache/arrow/blob/main/format/Schema.fbs
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from pratique.artifacts.reader import Item
from pratique.artifacts.readers.flatbuffer import Table
from pratique.artifacts.readers.pickle.nested import looks_like_pickle
from pratique.artifacts.readers.values import Values
from pratique.core.errors import LimitExceededError
from pratique.core.fact import Json

MAX_FIELDS = 200_000
MAX_DEPTH = 64
MAX_KEPT = 1_000
MAX_WORD = 300
NAME, CHILDREN, METADATA = 0, 5, 6
EXTENSION, SERIALIZED = "ARROW:extension:name", "ARROW:extension:metadata"


@dataclass(slots=True)
class Told:
    """What schemas have said so far."""

    fields: int = 0
    batches: int = 0
    names: list[str] = field(default_factory=list)
    extensions: list[Json] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)

    def data(self) -> dict[str, Json]:
        """Return it as a fact's data; `extensions` are [type, field, how its metadata looks]."""
        return {
            "fields": self.fields,
            "batches": self.batches,
            "names": self.names,
            "extensions": self.extensions,
            "keys": self.keys,
        }


def read_schema(schema: Table, told: Told, values: Values) -> Iterator[Item]:
    """Walk the fields of a schema and all inside them; yield what their metadata shows."""
    yield from _pairs(schema.tables(2), "", told, values)
    stack = [(one, 0) for one in reversed(schema.tables(1))]
    while stack:
        one, depth = stack.pop()
        told.fields += 1
        if told.fields > MAX_FIELDS or depth > MAX_DEPTH:
            raise LimitExceededError(f"more than {MAX_FIELDS} fields, or deeper than {MAX_DEPTH}")
        start, end = one.span(NAME)
        yield from values.take(start, end, "field")
        name = one.window.text(start, min(end - start, MAX_WORD))
        if len(told.names) < MAX_KEPT:
            told.names.append(name)
        yield from _pairs(one.tables(METADATA), name, told, values)
        stack += [(child, depth + 1) for child in reversed(one.tables(CHILDREN))]


def _pairs(pairs: list[Table], name: str, told: Told, values: Values) -> Iterator[Item]:
    extension, looks = "", "nothing"
    for pair in pairs[:MAX_FIELDS]:
        start, end = pair.span(0)
        key = pair.window.text(start, min(end - start, MAX_WORD))
        if key not in told.keys and len(told.keys) < MAX_KEPT:
            told.keys.append(key)
        first, last = pair.span(1)
        yield from values.take(start, end, "key")
        yield from values.take(first, last, f"{name}.{key}" if name else key)
        head = pair.window.take(first, min(last - first, MAX_WORD))
        if key == EXTENSION:
            extension = head.decode("utf-8", "replace")
        elif key == SERIALIZED:
            looks = how_it_looks(head)
    if extension and len(told.extensions) < MAX_KEPT:
        told.extensions.append([extension, name, looks])


def how_it_looks(head: bytes) -> str:
    """Return a word for a type's metadata: `nothing`, `pickle`, `json` or `bytes`."""
    if not head:
        return "nothing"
    if looks_like_pickle(head):
        return "pickle"
    return "json" if head.lstrip()[:1] in b'{["0123456789tfn-' and head.isascii() else "bytes"
