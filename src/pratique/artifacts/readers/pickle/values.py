"""What stands on the symbolic stack: constants as themselves, everything else as a small word."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

MAX_SHOWN = 300
MAX_DEPTH = 4
MAX_ITEMS = 32
"""Items a container remembers; further ones are only counted."""

Value: TypeAlias = object
"""None, bool, int, float, str, bytes, tuple, or one of the classes below."""


@dataclass(frozen=True, slots=True)
class Ref:
    """A global that the stream imports. `computed` when its name was not a plain constant."""

    module: str
    name: str
    computed: bool = False

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


@dataclass(slots=True, eq=False)
class Result:
    """What a call would return. Arguments and state are kept only where a reader needs them."""

    callee: Value
    args: Value = None
    state: Value = None


HARMLESS_KEYS = frozenset(
    f"__{word}__"
    for word in (
        "annotations",
        "dict",
        "doc",
        "fields_set",
        "module",
        "name",
        "networkx_cache",
        "orig_class",
        "qualname",
        "version",
        "weakref",
    )
)
"""Special names that libraries keep in their objects' state; nothing runs by them."""

_SPECIAL = re.compile(r"__(?!pydantic_|model__)[a-z][a-z_]*__\Z")


def _is_telling(key: str) -> bool:
    """Tell whether a key is a name that Python gives a meaning to, and that makes things run."""
    return _SPECIAL.match(key) is not None and key not in HARMLESS_KEYS


@dataclass(slots=True, eq=False)
class Box:
    """A list, dict or set: its first items (keys and values in turn for a dict)."""

    kind: str
    items: list[Value] = field(default_factory=list)
    count: int = 0
    dunders: list[str] = field(default_factory=list)

    def add(self, values: list[Value]) -> None:
        """Take values in, remembering the first ones and every telling key."""
        self.count += len(values)
        room = MAX_ITEMS - len(self.items)
        if room > 0:
            self.items.extend(values[:room])
        if self.kind == "dict" and len(self.dunders) < MAX_ITEMS:
            self.dunders += [
                v for v in values[::2] if type(v) is str and v.startswith("__") and _is_telling(v)
            ]

    def get(self, key: str) -> Value:
        """Return the value of `key` among the remembered ones, or None."""
        for at in range(0, len(self.items) - 1, 2):
            if self.items[at] == key and type(self.items[at]) is str:
                return self.items[at + 1]
        return None


@dataclass(frozen=True, slots=True)
class Persistent:
    """An object that the loader is asked for by `pid`."""

    pid: Value


@dataclass(frozen=True, slots=True)
class Long:
    """A long string of bytes or text, left in the file."""

    what: str
    start: int
    end: int
    head: bytes


class Word:
    """A value without content of interest."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


OMITTED = Word("...")
"""A constant, or a container of constants, that was read in bulk."""

NUMBER = Word("<number>")
BUFFER = Word("<out-of-band buffer>")


def show(value: Value, depth: int = MAX_DEPTH) -> str:
    """Return a bounded text of a value, for a person."""
    text = _show(value, depth)
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 3] + "..."


def _show(value: Value, depth: int) -> str:
    if depth <= 0:
        return "..."
    for kind, shown in _SHOWN:
        if isinstance(value, kind):
            return str(shown(value, depth))[: 2 * MAX_SHOWN]
    return "..."


def _show_result(value: Result, depth: int) -> str:
    inside = "" if value.args is None else show_args(value.args, depth - 1)
    return f"{_show(value.callee, depth - 1)}({inside if value.args is not None else '...'})"


def _show_tuple(value: tuple[Value, ...], depth: int) -> str:
    return f"({_join(value, depth)}{',' if len(value) == 1 else ''})"


def _show_int(value: int, _: int) -> str:
    return str(value) if -(1 << 64) < value < 1 << 64 else "<large int>"


def _show_long(value: Long, _: int) -> str:
    return f"<{value.end - value.start} bytes of {value.what}> {value.head[:60]!r}..."


def _join(values: tuple[Value, ...] | list[Value], depth: int) -> str:
    shown, length = [], 0
    for value in values[:MAX_ITEMS]:
        shown.append(_show(value, depth - 1))
        length += len(shown[-1])
        if length > MAX_SHOWN:
            break
    if len(shown) < len(values):
        shown.append("...")
    return ", ".join(shown)


def _show_box(box: Box, depth: int) -> str:
    more = ", ..." if box.count > len(box.items) else ""
    if box.kind == "dict":
        pairs = [
            f"{_show(box.items[i], depth - 1)}: {_show(box.items[i + 1], depth - 1)}"
            for i in range(0, min(len(box.items) - 1, 16), 2)
        ]
        return "{" + ", ".join(pairs) + more + "}"
    left, right = ("{", "}") if box.kind == "set" else ("[", "]")
    return f"{left}{_join(box.items, depth)}{more}{right}"


def show_args(args: Value, depth: int = MAX_DEPTH) -> str:
    """Return a bounded text of a call's arguments, without the tuple's brackets."""
    text = _join(args, depth) if isinstance(args, tuple) else f"*{_show(args, depth)}"
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 3] + "..."


_SHOWN: tuple[tuple[type, Callable[..., str]], ...] = (
    (str, lambda v, _: repr(v[:MAX_SHOWN])),
    (bytes, lambda v, _: repr(v[:MAX_SHOWN])),
    (bool, lambda v, _: repr(v)),
    (int, _show_int),
    (float, lambda v, _: repr(v)),
    (type(None), lambda *_: "None"),
    (tuple, _show_tuple),
    (Box, _show_box),
    (Result, _show_result),
    (Persistent, lambda v, depth: f"persistent({_show(v.pid, depth - 1)})"),
    (Long, _show_long),
    (Ref, lambda v, _: str(v)),
    (Word, lambda v, _: v.text),
)
