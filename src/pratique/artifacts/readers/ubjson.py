"""Reads Universal Binary JSON, in which XGBoost saves its models by default.

Format: https://ubjson.org/ - big endian; lengths are themselves numbers with a mark.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

from pratique.artifacts.reader import Claim, Item, Kind, Reader, Subject, View
from pratique.artifacts.readers.window import Window
from pratique.artifacts.readers.xgboost_model import is_xgboost, read_xgboost, shown_texts
from pratique.artifacts.views import ModelText, TreeProblems
from pratique.core.errors import ArtifactError, LimitExceededError, MalformedError
from pratique.core.limits import MiB

MAX_VALUES = 4_000_000
MAX_NUMBERS = 16_000_000
"""Numbers in typed arrays that are kept: a forest of some hundred thousand trees."""
MAX_DEPTH = 64
MAX_KEY = 64 * 1024
MAX_TEXT = 16 * MiB
WHOLE = {"i": "b", "U": "B", "I": "h", "l": "i", "L": "q"}
FLOATS = {"d": "f", "D": "d"}
PLAIN = {"Z": None, "T": True, "F": False}
_SIZES = {"i": 1, "U": 1, "I": 2, "l": 4, "L": 8, "d": 4, "D": 8, "C": 1}
MIN_KEY = 1
BLANK = 0x20


@dataclass(slots=True)
class _Open:
    """A container that is being filled; `left` is -1 while it ends with a mark of its own."""

    into: Any
    left: int = -1
    key: str = ""


@dataclass(slots=True)
class Parsed:
    """A document, and where it ended."""

    root: Any = None
    end: int = 0
    values: int = 0
    numbers: int = 0
    stack: list[_Open] = field(default_factory=list)


class UbjsonReader(Reader):
    """Parses one document without recursion; keeps arrays of numbers only as far as needed."""

    name: ClassVar[str] = "ubjson"
    kind: ClassVar[Kind] = Kind.DATA
    views: ClassVar[tuple[type[View], ...]] = (ModelText, TreeProblems)

    def recognises(self, subject: Subject) -> bool:
        """Tell by an object whose first key has a length with a mark, and a value behind it."""
        head = subject.head
        if len(head) < 5 or head[:1] != b"{" or chr(head[1]) not in WHOLE:  # noqa: PLR2004 - the least
            return False
        try:
            window = Window(subject.blob, ">")
            size, at = _length(window, 1)
            if not MIN_KEY <= size <= MAX_KEY or not window.text(at, size).isprintable():
                return False
            if min(window.take(2, at - 2)) >= BLANK:  # a length that text can spell
                return False
            mark = chr(window.u8(at + size))
        except ArtifactError:
            return False
        return mark in WHOLE or mark in FLOATS or mark in PLAIN or mark in "{[SCHN"

    def read(self, subject: Subject) -> Iterator[Item]:
        """Yield a claim, the texts of the document, and how an XGBoost model's trees fare.

        Raises:
            MalformedError: a value breaks off or has no mark of the format.
            LimitExceededError: more values, or deeper ones, than are kept.

        """
        parse = _Parse(subject)
        broke: ArtifactError | None = None
        try:
            parse.run()
        except ArtifactError as e:
            broke = e
        if parse.at:
            yield Claim(0, min(parse.at, subject.size), "ubjson document")
        root = parse.told.root
        if isinstance(root, dict) and is_xgboost(root):
            yield from read_xgboost(root, subject, self.name)
        else:
            yield from shown_texts(root, subject.blob, self.name)
        if broke is not None:
            raise broke


class _Parse:
    def __init__(self, subject: Subject) -> None:
        self.told, self.at = Parsed(), 0
        self._window = Window(subject.blob, ">")

    def run(self) -> None:
        """Parse until the first value has ended."""
        told = self.told
        while not told.values or told.stack:
            told.values += 1
            if told.values > MAX_VALUES:
                raise LimitExceededError(f"more than {MAX_VALUES} values in one document")
            self._step()
            while told.stack and told.stack[-1].left == 0:
                told.stack.pop()
        told.end = self.at

    def _step(self) -> None:
        """Take one value, or the mark that ends a container."""
        top = self.told.stack[-1] if self.told.stack else None
        mark = chr(self._window.u8(self.at))
        if top is not None and top.left < 0 and mark == ("}" if _is_map(top) else "]"):
            self.at += 1
            self.told.stack.pop()
            return
        if top is not None:
            top.left -= top.left > 0
            if _is_map(top):
                size, at = _length(self._window, self.at)
                if size > MAX_KEY:
                    raise LimitExceededError(f"a key of {size} bytes")
                top.key, self.at = self._window.text(at, size), at + size
                mark = chr(self._window.u8(self.at))
        self.at += 1
        self._put(self._value(mark))

    def _put(self, value: Any) -> None:  # noqa: ANN401 - a document's value
        stack = self.told.stack
        into = value.into if isinstance(value, _Open) else value
        if not stack:
            self.told.root = into
        elif _is_map(stack[-1]):
            stack[-1].into[stack[-1].key] = into
        else:
            stack[-1].into.append(into)
        if isinstance(value, _Open):
            if len(stack) >= MAX_DEPTH:
                raise LimitExceededError(f"nested deeper than {MAX_DEPTH} levels")
            stack.append(value)

    def _value(self, mark: str) -> Any:  # noqa: ANN401 - a document's value
        if mark in PLAIN:
            return PLAIN[mark]
        if mark in WHOLE or mark in FLOATS:
            form = ">" + (WHOLE.get(mark) or FLOATS[mark])
            raw = self._window.take(self.at, struct.calcsize(form))
            self.at += len(raw)
            return struct.unpack(form, raw)[0]
        if mark == "C":
            self.at += 1
            return self._window.text(self.at - 1, 1)
        if mark in {"S", "H"}:
            size, at = _length(self._window, self.at)
            if size > MAX_TEXT:
                raise LimitExceededError(f"a text of {size} bytes")
            text = self._window.text(at, size)
            self.at = at + size
            return text
        if mark in {"{", "["}:
            return self._container(mark)
        raise MalformedError(f"no value begins with {mark!r}", self.at - 1)

    def _container(self, mark: str) -> Any:  # noqa: ANN401 - a container or its numbers
        sort, left = "", -1
        if chr(self._window.u8(self.at)) == "$":
            sort = chr(self._window.u8(self.at + 1))
            self.at += 2
        if chr(self._window.u8(self.at)) == "#":
            left, self.at = _length(self._window, self.at + 1)
            if left > self._window.size:
                raise MalformedError(
                    f"a container of {left} values is larger than the file", self.at
                )
        if not sort:
            return _Open({} if mark == "{" else [], left)
        if left < 0 or sort not in _SIZES or mark == "{":
            raise MalformedError(f"a typed container of {sort!r} that cannot be read", self.at)
        return self._numbers(sort, left)

    def _numbers(self, sort: str, count: int) -> list[int]:
        start, self.at = self.at, self.at + count * _SIZES[sort]
        if self.at > self._window.size:
            raise MalformedError(f"an array of {count} numbers ends outside the file", start)
        self.told.numbers += count
        if self.told.numbers > MAX_NUMBERS:
            raise LimitExceededError(f"more than {MAX_NUMBERS} numbers in arrays")
        if sort == "C":
            return []
        raw = self._window.blob.read(start, count * _SIZES[sort])
        letter = WHOLE.get(sort) or FLOATS[sort]
        return list(struct.unpack(f">{count}{letter}", raw))


def _is_map(container: _Open) -> bool:
    return isinstance(container.into, dict)


def _length(window: Window, at: int) -> tuple[int, int]:
    """Return a length and where it ends."""
    mark = chr(window.u8(at))
    if mark not in WHOLE:
        raise MalformedError(f"a length begins with {mark!r}", at)
    value = window.number(at + 1, WHOLE[mark])
    if value < 0:
        raise MalformedError(f"a length is {value}", at)
    return value, at + 1 + _SIZES[mark]
