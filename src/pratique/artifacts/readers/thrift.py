"""Parses Thrift's compact protocol into plain values, without recursion and within bounds.

Format: https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
"""

from dataclasses import dataclass, field
from typing import NamedTuple

from pratique.artifacts.readers.window import Window
from pratique.core.errors import LimitExceededError, MalformedError

MAX_DEPTH = 24
STOP, TRUE, FALSE, BYTE, DOUBLE, BINARY, LIST, SET, MAP, STRUCT = 0, 1, 2, 3, 7, 8, 9, 10, 11, 12
_LONG = 15


class Span(NamedTuple):
    """Where bytes or a text stand."""

    start: int
    end: int


Value = "int | Span | Struct | list[Value]"


@dataclass(slots=True)
class Struct:
    """Fields by their number."""

    fields: dict[int, object] = field(default_factory=dict)

    def number(self, key: int, default: int = 0) -> int:
        """Return a whole number."""
        value = self.fields.get(key)
        return value if isinstance(value, int) else default

    def span(self, key: int) -> Span:
        """Return the place of bytes, an empty one without them."""
        value = self.fields.get(key)
        return value if isinstance(value, Span) else Span(0, 0)

    def struct(self, key: int) -> "Struct":
        """Return a struct, an empty one without it."""
        value = self.fields.get(key)
        return value if isinstance(value, Struct) else Struct()

    def structs(self, key: int) -> "list[Struct]":
        """Return the structs of a list."""
        value = self.fields.get(key)
        return [v for v in value if isinstance(v, Struct)] if isinstance(value, list) else []


@dataclass(slots=True)
class _Open:
    """A container that is being filled; `left` counts what a list or map still has to come."""

    into: Struct | list[object]
    left: int = 0
    sorts: tuple[int, ...] = ()
    last: int = 0
    turn: int = 0


class Parser:
    """Parses structs that begin anywhere in a window; counts values over all of them."""

    def __init__(self, window: Window, most: int) -> None:
        self._window, self._left, self._at, self._end = window, most, 0, 0

    def struct(self, at: int, end: int) -> tuple[Struct, int]:
        """Return the struct at `at` and where it ends.

        Raises:
            MalformedError: it does not end by `end`, or has a type that there is not.
            LimitExceededError: more values or deeper ones than are kept.

        """
        made = Struct()
        self._at, self._end = at, end
        stack = [_Open(made)]
        while stack:
            top = stack[-1]
            if isinstance(top.into, Struct):
                self._field(top, stack)
            elif top.left:
                top.left -= 1
                sort = top.sorts[top.turn % len(top.sorts)]
                top.turn += 1
                self._put(top.into.append, sort, stack, alone=True)
            else:
                stack.pop()
        return made, self._at

    def _field(self, top: _Open, stack: list[_Open]) -> None:
        head = self._byte()
        sort, step = head & 15, head >> 4
        if sort == STOP:
            stack.pop()
            return
        top.last = top.last + step if step else _signed(self._varint())
        into, key = top.into, top.last
        assert isinstance(into, Struct)  # noqa: S101 - told by the caller
        self._put(lambda value: into.fields.__setitem__(key, value), sort, stack, alone=False)

    def _put(self, put, sort: int, stack: list[_Open], *, alone: bool) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
        self._left -= 1
        if self._left < 0 or len(stack) > MAX_DEPTH:
            raise LimitExceededError("more values, or deeper ones, than are kept")
        if sort in {LIST, SET, MAP, STRUCT}:
            opened = self._open(sort)
            put(opened.into)
            stack.append(opened)
        elif sort in {TRUE, FALSE}:
            put(int(self._byte() == TRUE) if alone else int(sort == TRUE))
        elif sort == BYTE:
            put(self._byte())
        elif sort < DOUBLE:
            put(_signed(self._varint()))
        elif sort == DOUBLE:
            self._skip(8)
            put(0)
        elif sort == BINARY:
            size = self._varint()
            start = self._at
            self._skip(size)
            put(Span(start, self._at))
        else:
            raise MalformedError(f"type {sort}", self._at)

    def _open(self, sort: int) -> _Open:
        if sort == STRUCT:
            return _Open(Struct())
        if sort == MAP:
            size = self._varint()
            kinds = self._byte() if size else 0
            self._fits(size * 2)
            return _Open([], size * 2, (kinds >> 4, kinds & 15))
        head = self._byte()
        size = self._varint() if head >> 4 == _LONG else head >> 4
        self._fits(size)
        return _Open([], size, (head & 15,))

    def _fits(self, count: int) -> None:
        if count > self._end - self._at:
            raise MalformedError(f"a list of {count} values goes beyond the end", self._at)

    def _skip(self, count: int) -> None:
        if count > self._end - self._at:
            raise MalformedError(f"a value of {count} bytes goes beyond the end", self._at)
        self._at += count

    def _byte(self) -> int:
        self._skip(1)
        return self._window.u8(self._at - 1)

    def _varint(self) -> int:
        value = 0
        for shift in range(0, 70, 7):
            byte = self._byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:  # noqa: PLR2004 - the last byte of a number
                return value
        raise MalformedError("a number does not end", self._at)


def _signed(value: int) -> int:
    return (value >> 1) ^ -(value & 1)
