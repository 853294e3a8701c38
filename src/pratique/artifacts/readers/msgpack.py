"""Reads MessagePack: Flax checkpoints, spaCy and thinc models, and whatever else packs a map.

Format: https://github.com/msgpack/msgpack/blob/master/spec.md
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from pratique.artifacts.reader import Claim, Item, Kind, Reader, Subject, View
from pratique.artifacts.readers.tensor_layout import BITS, elements_of, tensors_fact
from pratique.artifacts.readers.values import Values
from pratique.artifacts.readers.window import Window
from pratique.artifacts.views import ModelText, TensorSpan, TensorTable
from pratique.core.errors import ArtifactError, LimitExceededError, MalformedError
from pratique.core.fact import Fact, Json

MAX_DEPTH = 512
"""Python's own unpacker stops at about as many levels."""
MAX_VALUES = 8_000_000
MAX_NAME = 300
MAX_KEY = 200
TRIAL = 200
"""Values by which a longer file is recognised."""
NDARRAY = 1
"""Flax's extension for an array: a packed [shape, dtype, bytes]. It has 2 and 3 for scalars."""
FLAX = frozenset({1, 2, 3})
TIMESTAMP = 255
MAX_EXTENSIONS = 100
_DTYPES = {
    "float32": "f32", "float16": "f16", "bfloat16": "bf16", "float64": "f64", "int8": "i8",
    "int16": "i16", "int32": "i32", "int64": "i64", "uint8": "u8", "uint16": "u16",
    "uint32": "u32", "uint64": "u64", "bool": "bool", "complex64": "c64", "complex128": "c128",
    "float8_e4m3fn": "f8_e4m3", "float8_e5m2": "f8_e5m2",
}  # fmt: skip
_FIXED = {
    0xC0: 0, 0xC2: 0, 0xC3: 0, 0xCA: 4, 0xCB: 8, 0xCC: 1, 0xCD: 2, 0xCE: 4, 0xCF: 8, 0xD0: 1,
    0xD1: 2, 0xD2: 4, 0xD3: 8,
}  # fmt: skip
_SIZED = {
    0xC4: ("bin", 1), 0xC5: ("bin", 2), 0xC6: ("bin", 4), 0xD9: ("str", 1), 0xDA: ("str", 2),
    0xDB: ("str", 4), 0xC7: ("ext", 1), 0xC8: ("ext", 2), 0xC9: ("ext", 4), 0xDC: ("array", 2),
    0xDD: ("array", 4), 0xDE: ("map", 2), 0xDF: ("map", 4),
}  # fmt: skip
_FIRST_KEY = re.compile(
    rb"(?:[\x81-\x8f]|\xde..|\xdf....)(?:[\xa3-\xbf]|\xd9.)[A-Za-z_][\w./-]{2}", re.DOTALL
)
"""A map whose first key is a word: by it, a map that breaks off or goes on is recognised, too."""


@dataclass(slots=True)
class Value:
    """One value: `sort` a word, `start` to `end` its bytes, `count` the values inside it."""

    sort: str
    start: int
    end: int
    count: int = 0
    code: int = 0


@dataclass(slots=True)
class _Frame:
    """A map or an array that is open; `key` is the last key, or the index."""

    left: int
    is_map: bool
    key: str = ""
    wants_key: bool = False


@dataclass(slots=True)
class _Told:
    """What has been seen."""

    spans: list[TensorSpan] = field(default_factory=list)
    extensions: dict[int, int] = field(default_factory=dict)
    values: int = 0
    deepest: int = 0
    lost: int = 0


class MsgpackReader(Reader):
    """Walks every value without recursion, and hands on texts and bytes that could act."""

    name: ClassVar[str] = "msgpack"
    kind: ClassVar[Kind] = Kind.DATA
    views: ClassVar[tuple[type[View], ...]] = (TensorTable, ModelText)

    def recognises(self, subject: Subject) -> bool:
        """Tell by a map whose keys are names, or an array, that holds to the format."""
        head = subject.head
        if subject.role is not None or not head or not _opens(head):
            return False
        walk = Walk(subject, trial=True)
        try:
            whole = walk.skim() == subject.size
        except ArtifactError:
            whole = False
        # Small numbers are single bytes: only names tell a packed map from any other bytes.
        return walk.named >= 1 if whole else _FIRST_KEY.match(head) is not None

    def read(self, subject: Subject) -> Iterator[Item]:
        """Yield arrays as tensors, texts, members, a claim of what was walked, and a fact.

        Raises:
            MalformedError: a value goes beyond the end, or has a byte that the format lacks.
            LimitExceededError: more values or deeper ones than are followed.

        """
        walk = Walk(subject)
        broke: ArtifactError | None = None
        try:
            yield from walk.run()
        except ArtifactError as e:
            broke = e
        yield from walk.values.rest()
        if walk.at:
            yield Claim(0, min(walk.at, subject.size), "msgpack values")
        told = walk.told
        if told.spans:
            yield TensorTable(source=self.name, tensors=tuple(told.spans), covered=subject.size)
            yield tensors_fact(self.name, told.spans)
        data: Json = {
            "values": told.values,
            "deepest": told.deepest,
            "extensions": [[code, n] for code, n in sorted(told.extensions.items())],
        }
        yield Fact("msgpack", subject.chain, data)
        if broke is not None:
            raise broke


def _opens(head: bytes) -> bool:
    first = head[0]
    return 0x81 <= first <= 0x9F and first != 0x90 or first in {0xDC, 0xDD, 0xDE, 0xDF}  # noqa: PLR2004, RUF021 - the format's marks


class Walk:
    """One pass over the values of a file."""

    def __init__(self, subject: Subject, *, trial: bool = False) -> None:
        self.told, self.values = _Told(), Values(subject.blob, "msgpack")
        self.at = self.named = 0
        self._trial = trial
        self._window = Window(subject.blob, ">")
        self._most = min(subject.limits.tensors, 300_000)
        self._frames: list[_Frame] = []

    def skim(self) -> int:
        """Walk as far as it takes to recognise the format; return where the walk stands."""
        for _ in self.run():
            pass
        return self.at

    def run(self) -> Iterator[Item]:
        """Walk one value and all that is in it."""
        while True:
            while self._frames and not self._frames[-1].left:
                self._frames.pop()
            if (self.at and not self._frames) or (self._trial and self.told.values > TRIAL):
                return
            value = self.value(self.at)
            self._count()
            yield from self._place(value)
            self.at = value.start if value.sort in {"map", "array"} else value.end

    def value(self, at: int) -> Value:
        """Return the value at `at`; that of a container ends where its first value begins."""
        code = self._window.u8(at)
        if code <= 0x7F or code >= 0xE0:  # noqa: PLR2004 - small numbers
            return Value("number", at, at + 1)
        if code < 0xC0:  # noqa: PLR2004 - the last of the short forms
            sort, mask = _short(code)
            return self._sized(sort, at + 1, code & mask)
        if code in _FIXED:
            self._window.take(at + 1, _FIXED[code])
            return Value("number", at, at + 1 + _FIXED[code])
        if 0xD4 <= code <= 0xD8:  # noqa: PLR2004 - extensions of one to sixteen bytes
            return self._sized("ext", at + 1, 1 << code - 0xD4)
        if code not in _SIZED:
            raise MalformedError(f"no value of MessagePack begins with {code:#x}", at)
        sort, width = _SIZED[code]
        size = int.from_bytes(self._window.take(at + 1, width), "big")
        return self._sized(sort, at + 1 + width, size)

    def _sized(self, sort: str, at: int, size: int) -> Value:
        left = self._window.size - at
        if sort in {"map", "array"}:
            count = size * 2 if sort == "map" else size
            if count > left:
                raise MalformedError(f"a {sort} of {size} entries has {left} bytes left", at)
            return Value(sort, at, at, count)
        code = 0
        if sort == "ext":
            code, at, left = self._window.u8(at), at + 1, left - 1
        if size > left:
            raise MalformedError(f"a value of {size} bytes has {left} left", at)
        return Value(sort, at, at + size, code=code)

    def _count(self) -> None:
        self.told.values += 1
        if self.told.values > MAX_VALUES:
            raise LimitExceededError(f"more than {MAX_VALUES} values in one file")

    def _place(self, value: Value) -> Iterator[Item]:
        """Count a value in its container; open it when it is one; show what it says."""
        frame = self._frames[-1] if self._frames else None
        is_key = frame is not None and frame.wants_key
        if frame is not None:
            frame.left -= 1
            frame.wants_key = frame.is_map and not is_key
            if is_key:
                self._name(frame, value)
            elif not frame.is_map:
                frame.key = "[]"
        if value.sort in {"map", "array"}:
            self._open(value)
        elif not self._trial:
            yield from self._show(value)

    def _open(self, value: Value) -> None:
        if len(self._frames) >= MAX_DEPTH:
            raise LimitExceededError(f"nested deeper than {MAX_DEPTH} levels")
        is_map = value.sort == "map"
        self._frames.append(_Frame(value.count, is_map, wants_key=is_map))
        self.told.deepest = max(self.told.deepest, len(self._frames))

    def _name(self, frame: _Frame, value: Value) -> None:
        size = value.end - value.start
        if value.sort in {"str", "bin"} and size:
            frame.key = self._window.text(value.start, min(size, MAX_KEY))
            if frame.key.isprintable():
                self.named += 1
        else:
            frame.key = "?"

    def _where(self) -> str:
        return "/".join(f.key for f in self._frames if f.key)[-MAX_NAME:]

    def _show(self, value: Value) -> Iterator[Item]:
        if value.sort == "ext":
            self._count_extension(value.code)
            if value.code == NDARRAY and self._array(value):
                return
        if value.sort in {"str", "bin", "ext"}:
            yield from self.values.take(value.start, value.end, self._where())

    def _count_extension(self, code: int) -> None:
        seen = self.told.extensions
        if code in seen or len(seen) < MAX_EXTENSIONS:
            seen[code] = seen.get(code, 0) + 1

    def _array(self, value: Value) -> bool:
        """Note an array of Flax; tell whether the value is one, to its last byte."""
        at = value.start
        try:
            parts = self.value(at)
            shape = self.value(parts.start)
            if (parts.sort, parts.count, shape.sort) != ("array", 3, "array") or shape.count > 64:  # noqa: PLR2004 - as numpy
                return False
            dims, at = [], shape.start
            for _ in range(shape.count):
                dim = self.value(at)
                if dim.sort != "number":
                    return False
                dims.append(_whole(self._window.take(dim.start, dim.end - dim.start)))
                at = dim.end
            dtype = self.value(at)
            body = self.value(dtype.end)
        except MalformedError:
            return False
        if dtype.sort not in {"str", "bin"} or body.sort != "bin" or body.end != value.end:
            return False
        return self._span(
            self._window.text(dtype.start, min(64, dtype.end - dtype.start)), dims, body
        )

    def _span(self, dtype: str, dims: list[int], body: Value) -> bool:
        word, count = _DTYPES.get(dtype, ""), elements_of(d for d in dims if d >= 0)
        size = body.end - body.start
        if not word or count is None or min(dims, default=0) < 0:
            return False
        if count * BITS[word] // 8 != size:
            says = f"array {self._where()!r} has {size} bytes, its shape {dims} of {dtype} needs"
            raise MalformedError(f"{says} {count * BITS[word] // 8}", body.start)
        if len(self.told.spans) >= self._most:
            raise LimitExceededError(f"more than {self._most} arrays")
        span = TensorSpan(self._where(), word, tuple(dims), body.start, body.end)
        self.told.spans.append(span)
        return True


def _short(code: int) -> tuple[str, int]:
    """Return the sort of a short form, and which bits are its length."""
    if code < 0x90:  # noqa: PLR2004 - the format's marks
        return "map", 0x0F
    return ("array", 0x0F) if code < 0xA0 else ("str", 0x1F)  # noqa: PLR2004


def _whole(raw: bytes) -> int:
    """Return an unsigned whole number, -1 for any other value."""
    if len(raw) == 1:
        return raw[0] if raw[0] <= 0x7F else -1  # noqa: PLR2004
    return int.from_bytes(raw[1:], "big") if 0xCC <= raw[0] <= 0xCF else -1  # noqa: PLR2004
