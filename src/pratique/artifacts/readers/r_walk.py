"""Walks R's serialised objects in the order they are written, without recursion.

Format: `ReadItem` in src/main/serialize.c of R.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from pratique.artifacts.reader import Item
from pratique.artifacts.readers.r_input import BinaryInput, TextInput
from pratique.artifacts.readers.values import Values
from pratique.core.errors import LimitExceededError, MalformedError

MAX_ITEMS = 12_000_000
MAX_STACK = 2_000_000
"""What is still to be read: a list waits as one entry, however long it is."""
MAX_NAMES = 2_000_000
MAX_KEPT = 2_000
MAX_VECTOR = 1 << 40
NAME_MOST = 200

SYMBOL, PAIRLIST, CLOSURE, ENVIRONMENT, PROMISE, CALL, SPECIAL, BUILTIN, CHARS = range(1, 10)
LOGICAL, WHOLE, REAL, COMPLEX, STRINGS, DOTS = 10, 13, 14, 15, 16, 17
ANYTHING, EXPRESSIONS, BYTECODE, POINTER, WEAK, RAW, S4 = 19, 20, 21, 22, 23, 24, 25
ALTREP, ATTR_LIST, ATTR_CALL, REP_REF, REP_DEF = 238, 239, 240, 243, 244
PERSISTENT, PACKAGE, NAMESPACE, UNBOUND, REFERENCE = 247, 248, 249, 252, 255
_ALONE = frozenset({241, 242, 250, 251, 252, 253, 254})
"""Fixed objects: the global environment, nothing, an unbound value and the like."""
_PAIRED = frozenset({PAIRLIST, CLOSURE, PROMISE, CALL, DOTS})
_LANGUAGE = frozenset({PAIRLIST, CALL, ATTR_LIST, ATTR_CALL, REP_DEF, REP_REF})
_NUMBERS = {LOGICAL: 4, WHOLE: 4, REAL: 8, COMPLEX: 16}

_PLAIN, _ROOT, _FRAME, _BOUND, _CALLED, _TAG, _FORMULA, _ARGUMENTS, _LITERAL = range(9)
"""What an item stands as: any value, the file's own one, the variables of an environment, the value
of one, what a call calls, a name, what a call is given."""


class Todo(NamedTuple):
    """Something that is still to be read: `sort` how, `place` what it stands as."""

    sort: str
    place: int = _PLAIN
    lazy: bool = False
    times: int = 1
    top: bool = False


@dataclass(frozen=True, slots=True)
class Use:
    """A name, where it stands, and whether it runs when a value is looked at."""

    name: str
    at: int
    lazy: bool


@dataclass(slots=True)
class RTold:
    """What has been seen; each list is bounded, `lost` counts the rest."""

    calls: dict[tuple[str, bool], Use] = field(default_factory=dict)
    mentions: dict[str, Use] = field(default_factory=dict)
    texts: dict[str, Use] = field(default_factory=dict)
    promises: list[int] = field(default_factory=list)
    variables: list[Use] = field(default_factory=list)
    items: int = 0
    closures: int = 0
    bytecode: int = 0
    lost: int = 0


class RWalk:
    """One pass over the objects behind a header."""

    def __init__(
        self, source: BinaryInput | TextInput, values: Values, wanted: frozenset[str]
    ) -> None:
        self.told, self.end = RTold(), 0
        self._in, self._values, self._wanted = source, values, wanted
        self._names: list[str] = []
        self._stack: list[Todo] = []

    def run(self, *, is_workspace: bool) -> Iterator[Item]:
        """Walk the one object of a file; a workspace is a list of variables."""
        self._stack = [Todo("item", _ROOT, top=is_workspace)]
        while self._stack:
            todo = self._stack.pop()
            if todo.times > 1:
                self._stack.append(todo._replace(times=todo.times - 1))
            self.told.items += 1
            if self.told.items > MAX_ITEMS:
                raise LimitExceededError(f"more than {MAX_ITEMS} objects in one file")
            if len(self._stack) > MAX_STACK:
                raise LimitExceededError(f"more than {MAX_STACK} objects inside one another")
            if todo.sort == "item":
                yield from self._item(todo)
            else:
                self._compiled(todo)
        self.end = self._in.at

    def _compiled(self, todo: Todo) -> None:
        if todo.sort == "language":
            self._language(self._in.whole(), todo)
        elif todo.sort == "constants":
            self._push(Todo("constant", lazy=todo.lazy, times=self._count()))
        else:
            self._constant(todo)

    def _push(self, *todos: Todo) -> None:
        """Put what follows on the stack, the first of it on top."""
        self._stack += [todo for todo in reversed(todos) if todo.times > 0]

    def _item(self, todo: Todo) -> Iterator[Item]:
        at = self._in.at
        flags = self._in.whole()
        kind = flags & 255
        if kind in _ALONE:
            if kind == UNBOUND and todo.place == _FORMULA and len(self.told.promises) < MAX_KEPT:
                self.told.promises.append(at)
        elif kind == REFERENCE:
            self._refer(flags >> 8, todo, at)
        elif kind in _PAIRED:
            self._paired(kind, flags, todo)
        elif kind == CHARS:
            yield from self._chars(todo, at)
        else:
            yield from self._other(kind, flags, todo)

    def _refer(self, index: int, todo: Todo, at: int) -> None:
        index = index or self._in.whole()
        if not 1 <= index <= len(self._names):
            raise MalformedError(f"object {index} is referred to; {len(self._names)} came", at)
        self._use(self._names[index - 1], todo, at)

    def _paired(self, kind: int, flags: int, todo: Todo) -> None:
        lazy = todo.lazy or kind == PROMISE
        has_attr = [Todo("item", lazy=lazy)] if flags & 512 else []
        tag_place = _TAG if kind in {PAIRLIST, DOTS, CALL} else _PLAIN
        tag = [Todo("item", tag_place, lazy=lazy, top=todo.top)] if flags & 1024 else []
        first, rest = _PLAIN, _PLAIN
        if (kind == PAIRLIST and todo.place == _FRAME) or kind == DOTS:
            first, rest = _BOUND, _FRAME
        elif kind == CALL:
            first, rest = _CALLED, _ARGUMENTS
        elif kind == PAIRLIST and todo.place == _ARGUMENTS:
            first, rest = _LITERAL, _ARGUMENTS
        elif kind == PROMISE and todo.place != _BOUND:
            first = _FORMULA
        self.told.closures += kind == CLOSURE
        top = todo.top and kind == PAIRLIST
        self._push(
            *has_attr,
            *tag,
            Todo("item", first, lazy=lazy),
            Todo("item", rest, lazy=lazy, top=top),
        )

    def _chars(self, todo: Todo, at: int) -> Iterator[Item]:
        count = self._in.whole()
        if count == -1:
            return
        if count < 0:
            raise MalformedError(f"a text of {count} bytes", at)
        text = self._in.text(count)
        if todo.sort == "item" and todo.place == _TAG:
            return
        if text in self._wanted and len(self.told.texts) < MAX_KEPT:
            self.told.texts.setdefault(text, Use(text, at, todo.lazy))
        if todo.place == _LITERAL:
            yield from self._values.say(text, at)

    def _other(self, kind: int, flags: int, todo: Todo) -> Iterator[Item]:
        attr = Todo("item", lazy=todo.lazy, times=1 if flags & 512 else 0)
        if kind in _NUMBERS:
            self._in.numbers(self._length(), _NUMBERS[kind])
            self._push(attr)
        elif kind == RAW:
            start, end = self._in.raw(self._length())
            if isinstance(self._in, BinaryInput):
                yield from self._values.take(start, end, "raw")
            self._push(attr)
        elif kind in {STRINGS, ANYTHING, EXPRESSIONS}:
            place, length = _PLAIN, self._length()
            if todo.place == _FRAME or (kind, length, todo.place) == (STRINGS, 1, _LITERAL):
                place = todo.place  # longer vectors of texts are data, whatever they say
            self._push(Todo("item", place, lazy=todo.lazy, times=length), attr)
        else:
            self._rare(kind, attr, todo)

    def _rare(self, kind: int, attr: Todo, todo: Todo) -> None:
        lazy = todo.lazy
        if kind == SYMBOL:
            self._symbol(todo)
        elif kind in {ENVIRONMENT, PERSISTENT, PACKAGE, NAMESPACE}:
            self._environment(kind, lazy=lazy)
        elif kind in {SPECIAL, BUILTIN}:
            at = self._in.at
            self._use(self._in.text(self._count())[:NAME_MOST], todo, at)
            self._push(attr)
        elif kind == BYTECODE:
            self.told.bytecode += 1
            self._in.whole()
            self._push(attr)
            self._code(todo)
        elif kind in {POINTER, WEAK}:
            self._remember("")
            self._push(Todo("item", lazy=lazy, times=2 if kind == POINTER else 0), attr)
        elif kind in {S4, ALTREP}:
            self._push(attr if kind == S4 else Todo("item", lazy=lazy, times=3))
        else:
            raise MalformedError(f"an object of kind {kind}, which R does not have", self._in.at)

    def _environment(self, kind: int, *, lazy: bool) -> None:
        self._in.whole()
        self._remember("")
        one = Todo("item", lazy=lazy)
        if kind == ENVIRONMENT:
            frame = Todo("item", _FRAME, lazy=lazy)
            self._push(one, frame, frame, one)
        else:
            self._push(one._replace(times=self._count()))

    def _symbol(self, todo: Todo) -> None:
        at = self._in.at
        if self._in.whole() & 255 != CHARS:
            raise MalformedError("a name that is no text", at)
        count = self._in.whole()
        name = self._in.text(count)[:NAME_MOST] if count > 0 else ""
        self._remember(name)
        self._use(name, todo, at)

    def _remember(self, name: str) -> None:
        if len(self._names) >= MAX_NAMES:
            raise LimitExceededError(f"more than {MAX_NAMES} names and environments")
        self._names.append(name)

    def _use(self, name: str, todo: Todo, at: int) -> None:
        """Note what a name stands as: called, a variable of the workspace, or mentioned."""
        use = Use(name, at, todo.lazy)
        if todo.place == _CALLED:
            self._keep(self.told.calls, (name, todo.lazy), use)
        elif todo.place == _TAG:
            if todo.top and len(self.told.variables) < MAX_KEPT:
                self.told.variables.append(use)
        elif name in self._wanted:
            self._keep(self.told.mentions, name, use)

    def _keep(self, into: dict, key: object, use: Use) -> None:  # type: ignore[type-arg]
        if key in into:
            return
        if len(into) < MAX_KEPT or use.name in self._wanted:
            into[key] = use
        else:
            self.told.lost += 1

    def _code(self, todo: Todo) -> None:
        """Read bytecode: its instructions as numbers, then its constants."""
        self._push(Todo("item", lazy=todo.lazy), Todo("constants", lazy=todo.lazy))

    def _constant(self, todo: Todo) -> None:
        kind = self._in.whole()
        if kind == BYTECODE:
            self._code(todo)
        elif kind in _LANGUAGE:
            self._language(kind, todo)
        else:
            self._push(Todo("item", _LITERAL, lazy=todo.lazy))

    def _language(self, kind: int, todo: Todo) -> None:
        """Read a piece of language inside bytecode, which has a spelling of its own."""
        if kind == REP_REF:
            self._in.whole()
            return
        if kind not in _LANGUAGE:
            self._push(Todo("item", todo.place, lazy=todo.lazy))
            return
        if kind == REP_DEF:
            self._in.whole()
            kind = self._in.whole()
        attr = Todo("item", lazy=todo.lazy, times=1 if kind in {ATTR_CALL, ATTR_LIST} else 0)
        first = _CALLED if kind in {CALL, ATTR_CALL} else _PLAIN
        self._push(
            attr,
            Todo("item", _TAG, lazy=todo.lazy),
            Todo("language", first, lazy=todo.lazy),
            Todo("language", lazy=todo.lazy),
        )

    def _count(self) -> int:
        at, count = self._in.at, self._in.whole()
        if count < 0:
            raise MalformedError(f"{count} entries are announced", at)
        return count

    def _length(self) -> int:
        """Return the length of a vector; a long one has its two halves behind a mark."""
        at, count = self._in.at, self._in.whole()
        if count == -1:
            count = (self._in.whole() << 32) + (self._in.whole() & 0xFFFFFFFF)
        if not 0 <= count <= MAX_VECTOR:
            raise MalformedError(f"a vector of {count} entries", at)
        return count
