"""Runs of inert opcodes, read in bulk by compiled patterns with exact stack and memo effects.

A run is rewritten twice. First each opcode becomes its one-byte name (arguments drop out), so the
run is a short postfix word. Then that word is reduced: in `](](KKeKe` the inner list and then the
outer one become one value each, so that only what is left over touches the real stack. Both steps
happen inside the regex engine.
"""

from array import array
from bisect import bisect_right
from dataclasses import dataclass

from pratique.artifacts.readers.pickle.patterns import CLOSE, GROUPS, TIMES, compiled, pattern
from pratique.artifacts.readers.pickle.values import OMITTED, Box, Result, Value, Word
from pratique.core.limits import MiB

MIN_RUN = 192
"""Shorter runs are followed one by one, which keeps their values for evidence."""
PASSES = 12
SHORT = 256
MISSES = 6
"""After so many stretches without a group, the rest of a run is taken for one without."""
LARGEST_FRAME = 1 * MiB
"""A frame that is longer ends a run."""

_GROUP_OPS = {name: ops * TIMES for name, ops, _ in GROUPS}
_GROUP_ENTRIES = dict.fromkeys((b"A", b"B", b"D", b"E"), TIMES)
_GROUP_VALUES = {"A": 2 * TIMES, "B": TIMES, "D": 2 * TIMES, "E": TIMES, "H": TIMES}
_SIGNS = (b"__", b"\xc2\x80", b"gA", b"800", b"eJ", b"H4sI")
_ANYWHERE = (b"__", b"\xc2\x80")
"""The other signs tell only at the start of a string, right after its opcode and its length."""
_HEADS, _LINE_HEADS = b"\x8cCU", b"\0V'"
_BINARY_SIGNS = (b"\x80", b"x\x01", b"x^", b"x\x9c", b"x\xda", b"\x1f\x8b")
_MOST_SIGNS = 2_000
LONGEST = 256
"""No string of a run is longer."""

_CLASSES = bytes.maketrans(
    b"K\x8cGMJXIFLVSUC\x8aN\x88\x89)" + b"hjg" + b"\x94qrp",
    b"vvvvvvvvvvvvvvvvvv" + b"ggg" + b"mmmm",
)
_V = r"[vg\]}\x8f]"
_MANY = r"[ABDEHvg\]}\x8f]*+"
_PAIRS = rf"(?:{_V}[ABDEH]*+{_V}|[ABDEH]|(?!))*+"
_FILL = compiled(
    rf"(?<=\])(?:\({_MANY}e|{_V}a)|(?<=\}})(?:\({_PAIRS}u|{_V}{_V}s)|(?<=\x8f)\({_MANY}\x90"
)
_TUPLE = compiled(rf"\({_MANY}[t\x91]|{_V}\x85|{_V}{_V}\x86|{_V}{_V}{_V}\x87")
_LIST = compiled(rf"\({_MANY}l")
_DICT = compiled(rf"\({_PAIRS}d")
_LEFT = compiled(rf"{_V}+|.")

_KINDS = {"]": "list", "}": "dict", "\x8f": "set"}
_TARGETS = {"e": "list", "a": "list", "u": "dict", "s": "dict", "\x90": "set"}
_TUPLES = {"\x85": 1, "\x86": 2, "\x87": 3}


_FRAME_CODE = 0x95


class LazyRun:
    """The memo entries of one run, found again in the file only when one is asked for."""

    __slots__ = ("at", "end", "first", "places")

    def __init__(self, at: int, end: int, first: int) -> None:
        self.at, self.end, self.first = at, end, first
        self.places: array[int] | None = None

    def index(self, body: bytes) -> None:
        """Find, in the run's bytes, the opcode whose value each memo entry holds."""
        places, before = array("q"), 0
        for step in pattern("step").finditer(body):
            if body[step.start()] in b"\x94qrp":
                places.append(before)
            elif body[step.start()] != _FRAME_CODE:
                before = step.start()
        self.places = places

    def place(self, index: int) -> int:
        """Return where in the run the opcode of memo entry `index` starts."""
        return self.places[index - self.first] if self.places else 0


def numbers(body: bytes, at: int, end: int) -> int:
    """Return how many opcodes a run that `NUMBERS` matched has."""
    return len(pattern("number").findall(body, at, end))


def telling(body: bytes, at: int, end: int, names: bytes) -> int:
    """Return where in a run is what deserves the slow way, or -1.

    That is a dunder key, or what may be a nested pickle.
    """
    signs = _SIGNS + _BINARY_SIGNS if b"C" in names or b"U" in names else _SIGNS
    for sign in signs:
        place = _sign(body, at, end, sign)
        if place >= 0:
            return place
    return _lines(body, at, end) if b"p" not in names else -1


def _lines(body: bytes, at: int, end: int) -> int:
    for count, line in enumerate(pattern("telling line").finditer(body, at, end)):
        if count == _MOST_SIGNS:
            return _first(body, at, end)
        place = _first(body, max(at, line.start() - LONGEST), min(end, line.start() + LONGEST))
        if place >= 0:
            return place
    return -1


def _sign(body: bytes, at: int, end: int, sign: bytes) -> int:
    anywhere = sign in _ANYWHERE
    found = body.find(sign, at, end)
    for _ in range(_MOST_SIGNS):
        if found < 0:
            return -1
        starts = anywhere or body[found - 2] in _HEADS or body[found - 1] in _LINE_HEADS
        if starts and pattern("telling").search(body, max(at, found - 8), found + 24):
            return found
        found = body.find(sign, found + 1, end)
    return _first(body, at, end)


def _first(body: bytes, at: int, end: int) -> int:
    found = pattern("telling").search(body, at, end)
    return found.start() if found else -1


@dataclass(frozen=True, slots=True)
class Run:
    """Inert opcodes up to `stop`, by name; to `opened` there are more, but none that closes."""

    names: bytes
    stop: int
    opened: int


def run_of(body: bytes, at: int, end: int) -> Run:
    """Return the run at `at`: its opcodes without arguments, and where it stops.

    Many opcodes at a time have one name of `GROUPS`.
    """
    pieces, singles = pattern("piece"), pattern("name")
    names: list[bytes] = []
    starts, counts, misses = [at], [0], 0
    while misses < MISSES and (piece := pieces.match(body, at, end)):
        which = (piece.lastindex or 0) - 1
        if which < len(GROUPS):
            names.append(GROUPS[which][0])
            misses = 0
        else:
            names += singles.findall(body, at, piece.end())
            misses += 1
        at = piece.end()
        starts.append(at)
        counts.append(len(names))
    if misses == MISSES and (rest := pattern("run").match(body, at, end)) and rest.end(1) > at:
        names += singles.findall(body, at, rest.end(1))
        return Run(b"".join(names), rest.end(1), rest.end())
    return _cut(body, b"".join(names), starts, counts)


def _cut(body: bytes, names: bytes, starts: list[int], counts: list[int]) -> Run:
    """Return a run up to its last opcode that closes a container."""
    last = max(names.rfind(name) for name in CLOSE)
    if last < 0:
        return Run(b"", starts[0], starts[-1])
    piece = bisect_right(counts, last) - 1
    found = pattern("run").match(body, starts[piece], starts[piece + 1])
    return Run(names[: last + 1], found.end(1) if found else starts[0], starts[-1])


def word_of(names: bytes) -> bytes:
    """Return opcodes by class: values `v`, gets `g`, memo entries `m`, the rest as they are."""
    return names.translate(_CLASSES, b"\x95")


def entries(word: bytes) -> int:
    """Return how many memo entries a run's word sets."""
    return word.count(b"m") + sum(word.count(g) * n for g, n in _GROUP_ENTRIES.items())


def opcodes(word: bytes) -> int:
    """Return how many opcodes a run's word stands for."""
    return len(word) + sum(word.count(g) * n for g, n in _GROUP_OPS.items())


def frames_fit(body: bytes, at: int, end: int, left: int) -> bool:
    """Tell whether every frame of a run ends within the `left` bytes after `at`."""
    if end - at + LARGEST_FRAME <= left:
        return True
    return all(
        found.end() - at + int.from_bytes(found[1][1:], "little") <= left
        for found in pattern("frame").finditer(body, at, end)
        if found[1]
    )


def memoizes(names: bytes) -> bool:
    """Tell whether a run sets memo entries without saying which."""
    return any(name in names for name in (b"\x94", b"A", b"B"))


def puts(names: bytes) -> bool:
    """Tell whether a run sets memo entries by number."""
    return any(name in names for name in (b"q", b"r", b"p", b"D", b"E"))


def puts_follow(body: bytes, at: int, end: int, first: int) -> bool:
    """Tell whether the memo indices that a run sets by number are `first` and those after it."""
    for put in pattern("put").findall(body, at, end):
        if put:
            index = int(put[1:]) if put[:1] == b"p" else int.from_bytes(put[1:], "little")
            if index != first:
                return False
            first += 1
    return True


def reduced(word: bytes) -> str:
    """Return what a run's word leaves to do on the real stack, memo entries left out."""
    word = word.replace(b"m", b"")
    for _ in range(PASSES):
        before = len(word)
        word = _FILL.sub(b"", word)
        word = _TUPLE.sub(b"v", word)
        if b"l" in word or b"d" in word:
            word = _DICT.sub(b"}", _LIST.sub(b"]", word))
        if len(word) == before:
            break
    return word.decode("latin-1")


def gets(body: bytes, at: int, end: int) -> set[int]:
    """Return the memo indices that a run reads."""
    return {
        int(get[1:]) if get[:1] == b"g" else int.from_bytes(get[1:], "little")
        for get in set(pattern("get").findall(body, at, end))
        if get
    }


class Overlay:
    """What a run would do to the stack, kept apart until it is known to be sound."""

    def __init__(self, stack: list[Value], marks: "array[int]") -> None:
        self._stack, self._marks = stack, marks
        self._taken = self._taken_marks = 0
        self._new: list[Value] = []
        self._new_marks: list[int] = []
        self.touched: list[tuple[Value, str, int]] = []

    def follow(self, word: str) -> bool:
        """Follow a reduced word; False when only the slow way can tell what it does."""
        for step in _LEFT.finditer(word.encode("latin-1")):
            text = step.group().decode("latin-1")
            if text[0] in "vg]}\x8f":
                self._push(text)
            elif text in _GROUP_VALUES:
                self._new += [OMITTED] * _GROUP_VALUES[text]
            elif text == "(":
                self._new_marks.append(len(self._new))
            elif not self._operate(text):
                return False
        return True

    @property
    def leaves_gets(self) -> bool:
        """Tell whether a value read from the memo stays on the stack."""
        return any(v is _GOT for v in self._new)

    def commit(self) -> None:
        """Make the changes to the real stack and marks."""
        if self._taken_marks:
            del self._marks[len(self._marks) - self._taken_marks :]
        if self._taken:
            del self._stack[len(self._stack) - self._taken :]
        base = len(self._stack)
        self._stack += [OMITTED if v is _GOT else v for v in self._new]
        self._marks.extend(base + m for m in self._new_marks)

    def _push(self, text: str) -> None:
        if text.strip("vg"):
            self._new += [OMITTED if c in "vg" else Box(_KINDS[c]) for c in text]
        else:
            self._new += [OMITTED] * len(text)
        if "g" in text:  # a get may be anything: it must not be taken for a container
            start = len(self._new) - len(text)
            for at, c in enumerate(text):
                if c == "g":
                    self._new[start + at] = _GOT

    def _operate(self, op: str) -> bool:
        if op in _TUPLES:
            return self._pop(_TUPLES[op]) and self._put(OMITTED)
        if op in "as":
            count = 1 if op == "a" else 2
            return self._pop(count) and self._touch(op, count)
        count = self._pop_mark()
        if count < 0 or (op in "ud" and count % 2):
            return False
        if op in "t\x91":
            return self._put(OMITTED)
        if op in "ld":
            return self._put(Box("list" if op == "l" else "dict", count=count))
        return self._touch(op, count)

    def _put(self, value: Value) -> bool:
        self._new.append(value)
        return True

    def _floor(self) -> int:
        """Return the fence of the real stack, from its bottom."""
        left = len(self._marks) - self._taken_marks
        return self._marks[left - 1] if left else 0

    def _pop(self, count: int) -> bool:
        fence = self._new_marks[-1] if self._new_marks else 0
        mine = min(count, len(self._new) - fence)
        if mine:
            del self._new[len(self._new) - mine :]
        if mine == count:
            return True
        if self._new_marks or len(self._stack) - self._taken - (count - mine) < self._floor():
            return False
        self._taken += count - mine
        return True

    def _pop_mark(self) -> int:
        if self._new_marks:
            at = self._new_marks.pop()
            count = len(self._new) - at
            del self._new[at:]
            return count
        if self._taken_marks == len(self._marks):
            return -1
        floor = self._floor()
        count = len(self._new) + len(self._stack) - self._taken - floor
        self._taken = len(self._stack) - floor
        self._taken_marks += 1
        self._new.clear()
        return count

    def _touch(self, op: str, count: int) -> bool:
        fence = self._new_marks[-1] if self._new_marks else 0
        if len(self._new) > fence:
            target = self._new[-1]
        elif not self._new_marks and len(self._stack) - self._taken > self._floor():
            target = self._stack[-1 - self._taken]
        else:
            return False
        if isinstance(target, Box):
            if target.kind != _TARGETS[op]:
                return False
        elif not isinstance(target, Result):
            return False
        self.touched.append((target, _TARGETS[op], count))
        return True


_GOT = Word("<memo>")
"""Stands for a memo entry within one run: no target of items, for it may be an object."""
