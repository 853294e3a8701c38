"""Code objects of Python as `marshal` writes them, taken apart and never run.

Format: https://github.com/python/cpython/blob/main/Python/marshal.c; the fields of a code object
changed in Python 3.8 and in 3.11.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

MAX_VALUES = 20_000
MAX_DEPTH = 40
_SHARED = 0x80
_SINGLE = b"NFTS.0"
_FIXED = {ord("i"): 4, ord("I"): 8, ord("g"): 8, ord("y"): 16}
_SHORT, _LONG, _BYTES = b"zZ", b"aAtu", ord("s")
_CODE, _SMALL, _BACK, _WHOLE = ord("c"), ord(")"), ord("r"), ord("l")
_EXTENDED, _COMPARES, _IS, _IN = 144, 107, 117, 118
_CONSTS, _LOCALS = frozenset({100}), frozenset({124, 125, 126})
_NAMES = frozenset({90, 95, 97, 101, 106, 108, 109, 116, 160})
_HALVED = frozenset({106, 116})
"""Instructions that have an index, as Python 3.6 to 3.12 number them; newer ones halve some."""
_NESTED = b"([<>c)"
_RESUME = 151


@dataclass(frozen=True, slots=True)
class Layout:
    """How a range of releases writes a code object: counts, values, a line, and values."""

    counts: int
    values: int
    last: int
    new: bool


LAYOUTS = (Layout(5, 8, 1, new=False), Layout(6, 8, 1, new=False), Layout(5, 8, 2, new=True))


@dataclass(slots=True)
class Code:
    """What matters of a code object; values of no known type stand as None."""

    body: bytes
    consts: tuple[object, ...]
    names: tuple[object, ...]
    slots: int
    new: bool

    def sound(self) -> bool:
        """Tell whether its instructions are known, use what is its own, and compare nothing."""
        if self.new and self.body[:1] != bytes([_RESUME]):
            return False  # numbered anew in 3.13, or not compiled from a lambda
        return all(
            self._inside(op, index)
            for op, index in zip(self.body[::2], self.body[1::2], strict=False)
        )

    def _inside(self, op: int, index: int) -> bool:
        if op in {_EXTENDED, _COMPARES, _IS, _IN}:
            return False
        if op in _CONSTS:
            return index < len(self.consts)
        if op in _LOCALS:
            return index < self.slots
        if op in _NAMES:
            return (index >> 1 if self.new and op in _HALVED else index) < len(self.names)
        return True


@dataclass(slots=True)
class _Open:
    """A value whose parts are being read."""

    kind: int
    left: int
    place: int
    parts: list[object] = field(default_factory=list)


def parsed(body: bytes) -> Iterator[list[Code]]:
    """Yield the code objects in a text of code, once for each layout that it fits to its end."""
    for layout in LAYOUTS:
        reading = _Reading(body, layout)
        try:
            done = reading.run()
        except (IndexError, ValueError, TypeError):
            continue
        if done:
            yield reading.codes


class _Reading:
    def __init__(self, body: bytes, layout: Layout) -> None:
        self.codes: list[Code] = []
        self._body, self._layout, self._at = body, layout, 0
        self._refs: list[object] = []
        self._open: list[_Open] = []

    def run(self) -> bool:
        """Read one value; tell whether it is a code object and nothing follows it."""
        for _ in range(MAX_VALUES):
            made = self._value()
            while made is not _PENDING:
                if not self._open:
                    return isinstance(made, Code) and self._at == len(self._body)
                made = self._place(made)
        return False

    def _take(self, count: int) -> bytes:
        if count < 0 or self._at + count > len(self._body):
            raise IndexError
        self._at += count
        return self._body[self._at - count : self._at]

    def _number(self) -> int:
        return int.from_bytes(self._take(4), "little", signed=True)

    def _value(self) -> object:
        mark = self._take(1)[0]
        kind, shared = mark & ~_SHARED, mark & _SHARED
        place = -1
        if shared:
            place = len(self._refs)
            self._refs.append(None)
        if kind in _NESTED:
            return self._begin(kind, place)
        made = self._plain(kind)
        if shared:
            self._refs[place] = made
        return made

    def _plain(self, kind: int) -> object:
        if kind in _SINGLE:
            return None
        if kind in _FIXED:
            self._take(_FIXED[kind])
            return None
        if kind == _WHOLE:
            self._take(2 * abs(self._number()))
            return None
        if kind == _BACK:
            return self._refs[self._number()]
        if kind == _BYTES:
            return self._take(self._number())
        if kind in _SHORT:
            return self._take(self._take(1)[0]).decode("latin-1")
        if kind in _LONG:
            return self._take(self._number()).decode("utf-8", "surrogateescape")
        raise ValueError

    def _begin(self, kind: int, place: int) -> object:
        if len(self._open) >= MAX_DEPTH:
            raise ValueError
        if kind == _CODE:
            counts = [self._number() for _ in range(self._layout.counts)]
            if any(not 0 <= n < 1 << 30 for n in counts):
                raise ValueError
            left = self._layout.values + self._layout.last
        else:
            left = self._take(1)[0] if kind == _SMALL else self._number()
        if left < 0:
            raise ValueError
        if not left:
            if place >= 0:
                self._refs[place] = ()
            return ()
        self._open.append(_Open(kind, left, place))
        return _PENDING

    def _place(self, made: object) -> object:
        """Give a value to the one that it is part of; return that when it is whole."""
        top = self._open[-1]
        top.parts.append(made)
        if top.kind == _CODE and len(top.parts) == self._layout.values:
            self._number()  # the first line
        top.left -= 1
        if top.left:
            return _PENDING
        self._open.pop()
        whole: object = tuple(top.parts)
        if top.kind == _CODE:
            whole = self._code(top.parts)
        if top.place >= 0:
            self._refs[top.place] = whole
        return whole

    def _code(self, parts: list[object]) -> Code:
        body, consts, names, local = parts[:4]
        if not isinstance(body, bytes) or not all(isinstance(p, tuple) for p in (consts, names)):
            raise TypeError
        if not isinstance(consts, tuple) or not isinstance(names, tuple):
            raise TypeError
        if not isinstance(local, tuple) or not all(isinstance(name, str) for name in names):
            raise TypeError
        code = Code(body, consts, names, len(local), self._layout.new)
        self.codes.append(code)
        return code


_PENDING = object()
