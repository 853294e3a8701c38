"""The machine: stack, marks and memo as a loader keeps them, over values that are only words."""

import re
from array import array
from collections.abc import Callable
from struct import unpack_from
from typing import NoReturn

from pratique.artifacts.blob import Blob
from pratique.artifacts.readers.pickle import runs
from pratique.artifacts.readers.pickle.patterns import pattern
from pratique.artifacts.readers.pickle.record import Record
from pratique.artifacts.readers.pickle.values import (
    NUMBER,
    OMITTED,
    Box,
    Long,
    Persistent,
    Ref,
    Result,
    Value,
    Word,
)
from pratique.core.errors import LimitExceededError, MalformedError
from pratique.core.limits import KiB, Limits, MiB

WINDOW = 1 * MiB
MARGIN = 128 * KiB
"""No opcode but a long string needs more bytes than this."""
MAX_LINE = 64 * KiB
KEEP = 4 * KiB
"""A longer string stays in the file."""
MAX_STACK = 40_000_000
SPARSE = 64 * KiB
REACH = 4 * KiB
MOST_REACH = 256 * KiB
CHUNK = 4096
KEPT = 20_000
"""Results that keep their arguments; later ones share one value for each callee."""

_STARTERS = frozenset(b"]}(KGMJIFNX\x8c\x8f\x88\x89eu\x90")
_KEPT_ARGS = ("torch._utils", "joblib.numpy_pickle")


class Stop(Exception):  # noqa: N818 - how a stream ends, not an error
    """The stream reached its STOP opcode."""


Op = Callable[["Machine"], None]
TABLE: list[Op] = []
"""One function for each opcode byte; filled by the `opcodes` module."""


class Machine:
    """Follows one pickle stream from `start` on and tells `record` what it would do."""

    def __init__(self, blob: Blob, start: int, record: Record, limits: Limits) -> None:
        self.blob, self.record, self.limits = blob, record, limits
        self.start = start
        self.base = start
        self.buf = blob.read(start, WINDOW)
        self.pos = 0
        self.op_at = 0
        self.protocol = 0
        self.stack: list[Value] = []
        self.marks: array[int] = array("q")
        self.fence = 0
        self.memo: list[Value] = []
        self.sparse: dict[int, Value] = {}
        self.dunder = False
        self.active = False
        self.result: Value = None
        self.inline: Callable[[Machine], None] | None = None
        self.on_items: Callable[[Value, list[Value]], None] | None = None
        self._refill_at = len(self.buf) - MARGIN if len(self.buf) == WINDOW else len(self.buf) + 1
        self._bulk_at = 0
        self._reach = REACH
        self._shared: dict[Ref, Result] = {}
        self._ops = 0
        self._kept = 0

    @property
    def at(self) -> int:
        """Return the offset in the blob of the opcode being followed."""
        return self.base + self.op_at

    @property
    def offset(self) -> int:
        """Return the offset in the blob of the next byte."""
        return self.base + self.pos

    def run(self) -> int:
        """Follow the stream to its STOP; return the offset after it.

        Raises:
            MalformedError: a loader would fail here.
            LimitExceededError: more opcodes or a deeper stack than the limits allow.

        """
        try:
            while True:
                self._some()
                if len(self.stack) > MAX_STACK:
                    raise LimitExceededError(f"more than {MAX_STACK} values on the pickle stack")
        except Stop:
            return self.offset
        except (IndexError, ValueError) as e:
            at = self.at
            raise MalformedError("the pickle ends in the middle of an opcode", at) from e

    def _some(self) -> None:
        """Follow some opcodes."""
        table = TABLE
        for _ in range(CHUNK):
            pos = self.pos
            if pos >= self._refill_at:
                self.seek(self.base + pos)
                pos = 0
            op = self.buf[pos]
            if pos >= self._bulk_at and op in _STARTERS and self._bulk(pos):
                continue
            self.op_at = pos
            self.pos = pos + 1
            table[op](self)
        self._count(CHUNK)

    def _count(self, ops: int) -> None:
        self._ops += ops
        if self._ops > self.limits.opcodes:
            raise LimitExceededError(f"more than {self.limits.opcodes} pickle opcodes")

    def seek(self, offset: int) -> None:
        """Go on at `offset` of the blob."""
        self.buf = self.blob.read(offset, WINDOW)
        self._bulk_at = max(0, self._bulk_at + self.base - offset)
        self.base, self.pos, self.op_at = offset, 0, 0
        self._refill_at = len(self.buf) - MARGIN if len(self.buf) == WINDOW else len(self.buf) + 1

    # reading

    def take(self, count: int) -> bytes:
        """Return the next `count` bytes, at most `MARGIN`."""
        end = self.pos + count
        if end > len(self.buf):
            self.broken("the pickle ends in the middle of an opcode")
        got = self.buf[self.pos : end]
        self.pos = end
        return got

    def number(self, form: str, width: int) -> int:
        """Return the next number, in `struct`'s words."""
        return int(unpack_from(form, self.take(width))[0])

    def line(self) -> bytes:
        """Return the bytes up to the next newline, which is passed over."""
        end = self.buf.find(b"\n", self.pos, self.pos + MAX_LINE)
        if end < 0:
            return self._long_line()
        got = self.buf[self.pos : end]
        self.pos = end + 1
        return got

    def _long_line(self) -> bytes:
        """Pass over a line longer than `MAX_LINE`, keeping its first bytes."""
        head = self.buf[self.pos : self.pos + MAX_LINE]
        at = self.offset + len(head)
        while True:
            part = self.blob.read(at, WINDOW)
            if not part:
                self.broken("a line of the pickle has no end")
            end = part.find(b"\n")
            if end >= 0:
                self.record.took_constant(Long("text", self.offset, at + end, head[:200]))
                self.seek(at + end + 1)
                return head
            at += len(part)

    def string(self, size: int, what: str) -> Value:
        """Return the next `size` bytes of `what` (`text` or `bytes`), or where they are."""
        if size < 0 or self.offset + size > self.blob.size:
            self.broken(f"a string of {size} bytes does not fit into the file")
        if size <= KEEP:
            body = self.take(size)
            if size >= SHORTEST_PICKLE:
                self.constant(what, self.offset - size, self.offset, body)
            return self.text(body) if what == "text" else body
        start = self.offset
        head = self.take(KEEP)
        found = self.constant(what, start, start + size, head)
        end = self.pos - KEEP + size
        if end <= len(self.buf):
            self.pos = end
        else:
            self.seek(start + size)
        return found

    def text(self, body: bytes) -> str:
        """Return a text, and remember whether any had a name such as `__class__` in it."""
        value = body.decode("utf-8", "replace")
        if "__" in value:
            self.dunder = True
        return value

    def constant(self, what: str, start: int, end: int, body: bytes) -> Long:
        """Note a constant if it may hold a pickle; return it as a value."""
        found = Long(what, start, end, body[:200])
        if end - start > KEEP or PROMISING.search(body, 0, 64):
            self.record.took_constant(found)
        return found

    # stack

    def pop(self) -> Value:
        """Take the top value."""
        if len(self.stack) <= self.fence:
            self.broken("the pickle takes a value from an empty stack")
        return self.stack.pop()

    def top(self) -> Value:
        """Return the top value."""
        if len(self.stack) <= self.fence:
            self.broken("the pickle takes a value from an empty stack")
        return self.stack[-1]

    def mark(self) -> None:
        """Set a mark."""
        self.fence = len(self.stack)
        self.marks.append(self.fence)

    def pop_mark(self) -> list[Value]:
        """Take all values above the last mark, and the mark."""
        if not self.marks:
            self.broken("the pickle looks for a mark that was never set")
        at = self.marks.pop()
        values = self.stack[at:]
        del self.stack[at:]
        self.fence = self.marks[-1] if self.marks else 0
        return values

    def broken(self, says: str) -> NoReturn:
        """Stop: a loader fails at this opcode."""
        raise MalformedError(says, self.at)

    # memo

    def memoize(self) -> None:
        """Set the next memo entry to the top value."""
        self.put(len(self.memo) + len(self.sparse))

    def put(self, index: int) -> None:
        """Set memo entry `index` to the top value."""
        value = self.top()
        memo = self.memo
        if isinstance(value, _ACTIVE):
            self.active = True
        if index == len(memo) and index not in self.sparse:
            memo.append(value)
        elif index < 0:
            self.broken("the pickle uses a negative memo index")
        elif index < len(memo):
            memo[index] = value
        elif len(self.sparse) < MAX_STACK // 8:
            self.sparse[index] = value
        else:
            raise LimitExceededError("more scattered memo entries than the limits allow")

    def get(self, index: int) -> Value:
        """Return memo entry `index`."""
        found = self._entry(index)
        return Held(found, index) if isinstance(found, runs.LazyRun) else found

    def _entry(self, index: int) -> Value:
        if 0 <= index < len(self.memo):
            return self.memo[index]
        if index not in self.sparse:
            self.broken(f"the pickle reads memo entry {index}, which was never set")
        return self.sparse[index]

    def resolved(self, value: Value) -> Value:
        """Return a value itself where it stands for a memo entry of a run, one level deep."""
        if isinstance(value, tuple) and any(isinstance(v, Held) for v in value):
            return tuple(self._resolved(v) for v in value)
        return self._resolved(value)

    def _resolved(self, value: Value) -> Value:
        if not isinstance(value, Held):
            return value
        run = value.run
        if run.places is None:
            run.index(self.blob.read(run.at, run.end - run.at))
        return value_at(self.blob.read(run.at + run.place(value.index), 512))

    # calls

    def called(self, kind: str, callee: Value, args: Value) -> Result:
        """Note a call; return what stands for its result."""
        at = self.at
        args = self.resolved(args)
        if isinstance(callee, Ref):
            self.record.took_call(kind, callee, args, at)
            return self._result(callee, args)
        if not isinstance(callee, Result):
            says = f"{kind} calls something that is no import: {type(callee).__name__.lower()}"
            self.record.odd("hidden-callee", says, at)
        self.record.took_call(kind, callee, args, at)
        return Result(_shallow(callee))

    def _result(self, callee: Ref, args: Value) -> Result:
        """Return a result that keeps its arguments while there are few, or where they matter."""
        if self._kept < KEPT or callee.module in _KEPT_ARGS or callee.name == "dtype":
            self._kept += 1
            return Result(callee, args)
        found = self._shared.get(callee)
        if found is None:
            found = self._shared[callee] = Result(callee)
        return found

    def items(self, target: Value, kind: str, values: list[Value]) -> None:
        """Put `values` into `target`: a container's own way, or a method of a call's result."""
        target = self._resolved(target)
        if isinstance(target, Box):
            target.add(values)
        elif isinstance(target, Result):
            self.record.took_call("SETITEMS", target, kind, self.at)
        elif target is not OMITTED:
            self.record.odd("items-of-import", f"puts items into {_kind(target)}", self.at)
        if self.on_items is not None:
            self.on_items(target, values)

    # runs of inert opcodes

    def _bulk(self, pos: int) -> bool:
        """Follow a run of inert opcodes in one step, if there is one."""
        end = min(len(self.buf), pos + self._reach)
        first = pattern("run").match(self.buf, pos, min(end, pos + 2 * runs.SHORT))
        if first and 0 < first.end(1) - pos <= first.end() - pos < runs.SHORT:
            self._bulk_at, self._reach = first.end(1), min(MOST_REACH, self._reach * 2)
            if first.end(1) - pos < runs.MIN_RUN:
                return False
        found = runs.run_of(self.buf, pos, end)
        if found.stop == pos:
            return self._numbers(pos, end, found.opened)
        self._bulk_at = found.stop
        self._reach = min(MOST_REACH, self._reach * 2)
        if found.stop - pos < runs.MIN_RUN:
            return False
        return self._follow(pos, found)

    def _numbers(self, pos: int, end: int, opened: int) -> bool:
        """Follow numbers that nothing closes yet; `opened` is where inert opcodes end."""
        found = pattern("numbers").match(self.buf, pos, end)
        if found is None:
            length = opened - pos
            self._bulk_at = pos + max(16, length // (1 if length < self._reach - 1024 else 2))
            self._reach = min(MOST_REACH, self._reach * 2)
            return False
        self._reach = min(MOST_REACH, self._reach * 2)
        self.pos = found.end()
        count = runs.numbers(self.buf, pos, self.pos)
        self._count(count)
        self.stack += [NUMBER] * count
        return True

    def _follow(self, pos: int, run: runs.Run) -> bool:
        """Follow a run, or its part before something that deserves the slow way."""
        while (tells := runs.telling(self.buf, pos, run.stop, run.names)) >= 0:
            self._bulk_at, self._reach = tells + 1, REACH
            run = runs.run_of(self.buf, pos, tells)
            if run.stop - pos < runs.MIN_RUN:
                return False
        if not self._apply(pos, run.stop, run.names):
            return False
        self.pos = run.stop
        return True

    def _apply(self, pos: int, stop: int, names: bytes) -> bool:
        """Make a run's changes to stack and memo; False if only the slow way can tell them."""
        word = runs.word_of(names)
        entries = runs.entries(word)
        if self._unfit(word) or not self._frames_fit(pos, stop, names):
            return False
        if entries and not self._may_put(pos, stop, names):
            return False
        overlay = runs.Overlay(self.stack, self.marks)
        if not overlay.follow(runs.reduced(word)):
            return False
        if self.active and overlay.leaves_gets and not self._inert(pos, stop):
            return False
        overlay.commit()
        self._count(runs.opcodes(word))
        self.fence = self.marks[-1] if self.marks else 0
        if entries:
            lazy = runs.LazyRun(self.base + pos, self.base + stop, len(self.memo))
            self.memo += [lazy] * entries
        for target, kind, count in overlay.touched:
            if isinstance(target, Box):
                target.count += count
            else:
                self.op_at = pos
                self.record.took_call("SETITEMS", target, kind, self.at)
        return True

    def _frames_fit(self, pos: int, stop: int, names: bytes) -> bool:
        left = self.blob.size - self.base - pos
        return b"\x95" not in names or runs.frames_fit(self.buf, pos, stop, left)

    def _unfit(self, word: bytes) -> bool:
        """Tell whether a run needs the slow way.

        It does where a memo entry is of nothing, of a value from before the run or of another
        entry, and where a key such as `__class__` may come out of the memo.
        """
        if word[:1] == b"m" or (self.dunder and b"g" in word):
            return True
        return any(pair in word for pair in (b"(m", b"gm", b"mm", b"Bm", b"Em"))

    def _inert(self, pos: int, stop: int) -> bool:
        """Tell whether a run reads only constants and containers from the memo, nothing to call."""
        held, indices = self.memo, runs.gets(self.buf, pos, stop)
        return not any(
            isinstance(held[i] if i < len(held) else self.sparse.get(i), _ACTIVE) for i in indices
        )

    def _may_put(self, pos: int, stop: int, names: bytes) -> bool:
        """Tell whether a run sets the memo entries that come next, in order."""
        if self.sparse:
            return False
        if not runs.puts(names):
            return True
        return not runs.memoizes(names) and runs.puts_follow(self.buf, pos, stop, len(self.memo))


SHORTEST_PICKLE = 24
PROMISING = re.compile(
    rb"\x80[\x02-\x05]|\A[\n(]*[ci][\w.]+\n|\A\(|\A\]|\A\}|[A-Za-z0-9+/]{32}|x[\x01\x5e\x9c\xda]|\x1f\x8b",
    re.DOTALL,
)
"""What a string that holds a pickle, plain or encoded, has near its start."""


_ACTIVE = (Ref, Result, Persistent)


class Held(Word):
    """A memo entry that a run set: looked up in the file only if its value matters."""

    __slots__ = ("index", "run")

    def __init__(self, run: runs.LazyRun, index: int) -> None:
        super().__init__("...")
        self.run, self.index = run, index


def value_at(body: bytes) -> Value:
    """Return the value that the opcode at the start of `body` pushes, as far as it is inert."""
    op = body[:1]
    if op in _TEXTS:
        width, form = _TEXTS[op]
        size = int.from_bytes(body[1 : 1 + width], "little")
        text = body[1 + width : 1 + width + size]
        return text.decode("utf-8", "replace") if form == "text" else text
    if op in b"SV":
        return body[1 : body.find(b"\n")].strip(b"'").decode("utf-8", "replace")
    return Box(_BOXES[op], count=1) if op in _BOXES else OMITTED


_TEXTS = {
    b"\x8c": (1, "text"),
    b"X": (4, "text"),
    b"U": (1, "text"),
    b"C": (1, "bytes"),
}
_BOXES = {b"]": "list", b"}": "dict", b"\x8f": "set", b"l": "list", b"d": "dict"}


def _shallow(callee: Value) -> Value:
    """Return a callee cut to a few levels, so that a chain of calls stays small."""
    depth, value = 0, callee
    while isinstance(value, Result):
        value, depth = value.callee, depth + 1
        if depth > 3:  # noqa: PLR2004 - enough to read, `getattr(...)(...)(...)`
            return Result(Word("..."))
    return callee


def _kind(target: Value) -> str:
    if isinstance(target, Ref):
        return f"the import {target}"
    return "a persistent object" if isinstance(target, Persistent) else "a value"
