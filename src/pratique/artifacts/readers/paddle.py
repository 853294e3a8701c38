"""Reads PaddlePaddle's programs and its combined parameters.

Format: paddle/fluid/framework/framework.proto, and SerializeToStream in lod_tensor.cc of Paddle.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from pratique.artifacts.reader import Claim, Item, Kind, Reader, Subject, View
from pratique.artifacts.readers.protobuf import BYTES, VARINT, Field, Wire
from pratique.artifacts.readers.tensor_layout import claims_of, elements_of, tensors_fact
from pratique.artifacts.readers.values import Values
from pratique.artifacts.readers.window import Window
from pratique.artifacts.views import HostCall, HostCode, ModelText, TensorSpan, TensorTable
from pratique.core.errors import ArtifactError, LimitExceededError, MalformedError
from pratique.core.fact import Fact, Json

MAX_FIELDS = 3_000_000
MAX_OPS = 2_000
MAX_WORD = 200
MAX_DESC = 4_096
MAX_DIMS = 64
HOST = frozenset({"py_func", "py_layer", "run_program_py"})
STACK = "op_callstack"
"""An attribute that tells where in somebody's Python an operator was made: lines of code."""
_FIELDS: dict[str, dict[int, int]] = {
    "program": {1: BYTES, 4: BYTES, 5: BYTES},
    "block": {1: VARINT, 2: VARINT, 3: BYTES, 4: BYTES, 5: VARINT},
    "op": {1: BYTES, 2: BYTES, 3: BYTES, 4: BYTES, 5: VARINT},
}
_INNER = {("program", 1): "block", ("block", 4): "op", ("op", 4): "attr"}
_DTYPES = {0: ("bool", 1), 1: ("i16", 2), 2: ("i32", 4), 3: ("i64", 8), 4: ("f16", 2),
           5: ("f32", 4), 6: ("f64", 8), 20: ("u8", 1), 21: ("i8", 1), 22: ("bf16", 2),
           23: ("c64", 8), 24: ("c128", 16)}  # fmt: skip


class PaddleReader(Reader):
    """Walks blocks, operators and attributes of a program."""

    name: ClassVar[str] = "paddle"
    kind: ClassVar[Kind] = Kind.DATA
    views: ClassVar[tuple[type[View], ...]] = (ModelText, HostCode)

    def recognises(self, subject: Subject) -> bool:
        """Tell by a first block that begins with its number, its parent's, and variables."""
        wire = Wire(subject.blob)
        try:
            block = wire.field(0, subject.size)
            if (block.number, block.wire) != (1, BYTES):
                return False
            at, seen = block.start, list[tuple[int, int]]()
            while at < block.end and len(seen) < 4:  # noqa: PLR2004 - two numbers and what follows
                field = wire.field(at, block.end)
                seen.append((field.number, field.wire))
                at = field.end
        except ArtifactError:
            return False
        known = {(3, BYTES), (4, BYTES), (5, VARINT)}
        return seen[:2] == [(1, VARINT), (2, VARINT)] and len(seen) > 2 and set(seen[2:]) <= known  # noqa: PLR2004

    def read(self, subject: Subject) -> Iterator[Item]:
        """Yield a claim, texts, operators that call the host, and a fact.

        Raises:
            MalformedError: a message breaks off, or has a field that programs do not have.
            LimitExceededError: more fields than are followed.

        """
        walk = _Walk(subject)
        broke: ArtifactError | None = None
        try:
            yield from walk.run()
        except ArtifactError as e:
            broke = e
        yield from walk.values.rest()
        yield Claim(0, min(walk.at, subject.size), "paddle program")
        yield HostCode(calls=tuple(walk.calls), covered=subject.size)
        ops: list[Json] = [[name, count] for name, count in walk.ops.items()]
        data: Json = {"ops": ops}
        yield Fact("paddle", subject.chain, data)
        if broke is not None:
            raise broke


@dataclass(slots=True)
class _Frame:
    kind: str
    at: int
    end: int
    word: str = ""


class _Walk:
    def __init__(self, subject: Subject) -> None:
        self.at = self._fields = 0
        self.ops: dict[str, int] = {}
        self.calls: list[HostCall] = []
        self.values = Values(subject.blob, "paddle")
        self._wire = Wire(subject.blob)
        self._frames = [_Frame("program", 0, subject.size)]

    def run(self) -> Iterator[Item]:
        """Walk every message."""
        frames = self._frames
        while frames:
            frame = frames[-1]
            if len(frames) == 1:
                self.at = frame.at
            if frame.at >= frame.end:
                frames.pop()
                continue
            begun, field = frame.at, self._wire.field(frame.at, frame.end)
            frame.at = field.end
            self._fields += 1
            if self._fields > MAX_FIELDS:
                raise LimitExceededError(f"more than {MAX_FIELDS} fields in one program")
            known = _FIELDS.get(frame.kind)
            if known is not None and known.get(field.number) is None:
                raise MalformedError(f"field {field.number} is none of a {frame.kind}", begun)
            yield from self._take(frame, field)

    def _take(self, frame: _Frame, field: Field) -> Iterator[Item]:
        inner = _INNER.get((frame.kind, field.number))
        if inner and field.wire == BYTES:
            self._frames.append(_Frame(inner, field.start, field.end))
        elif frame.kind == "op" and field.number == 3:  # noqa: PLR2004 - the operator's type
            self._operator(field)
        elif frame.kind == "attr" and field.wire == BYTES:
            yield from self._attribute(frame, field)
        elif field.wire == BYTES:
            yield from self.values.take(field.start, field.end, frame.kind)

    def _operator(self, field: Field) -> None:
        name = self._wire.text(field, MAX_WORD)
        if name in self.ops or len(self.ops) < MAX_OPS:
            self.ops[name] = self.ops.get(name, 0) + 1
        if name in HOST and len(self.calls) < MAX_OPS:
            self.calls.append(HostCall("py_func", name, field.start))

    def _attribute(self, frame: _Frame, field: Field) -> Iterator[Item]:
        if field.number == 1:
            frame.word = self._wire.text(field, MAX_WORD)
        elif frame.word != STACK:
            yield from self.values.take(field.start, field.end, frame.word)


class PaddleParamsReader(Reader):
    """Reads parameters one after another: each a version, a description, and its elements."""

    name: ClassVar[str] = "paddle-params"
    kind: ClassVar[Kind] = Kind.DATA
    views: ClassVar[tuple[type[View], ...]] = (TensorTable,)

    def recognises(self, subject: Subject) -> bool:
        """Tell by the first parameter's versions, which are all zero, and its description."""
        if subject.head[:4] != bytes(4) or subject.size < 22:  # noqa: PLR2004 - the least
            return False
        try:
            span = _parameter(Window(subject.blob), 0, "0")
        except ArtifactError:
            return False
        return span.end > span.start

    def read(self, subject: Subject) -> Iterator[Item]:
        """Yield every parameter as a tensor, and claims.

        Raises:
            MalformedError: a parameter is none, or goes beyond the end.
            LimitExceededError: more parameters than are listed.

        """
        window, spans, at = Window(subject.blob), list[TensorSpan](), 0
        try:
            while at < subject.size:
                if len(spans) >= subject.limits.tensors:
                    raise LimitExceededError(f"more than {len(spans)} parameters")
                spans.append(_parameter(window, at, str(len(spans))))
                yield Claim(at, spans[-1].start, "paddle description")
                at = spans[-1].end
        finally:
            yield from claims_of(spans)
        yield TensorTable(source=self.name, tensors=tuple(spans), covered=subject.size)
        yield tensors_fact(self.name, spans)


def _parameter(window: Window, at: int, name: str) -> TensorSpan:
    levels = window.u64(at + 4)
    if window.u32(at) or levels > MAX_DIMS:
        raise MalformedError("a parameter does not begin with version 0", at)
    at += 12
    for _ in range(levels):
        at += 8 + window.u64(at)
    if window.u32(at):
        raise MalformedError("a parameter's tensor is not of version 0", at)
    size = window.i32(at + 4)
    if not 0 < size <= MAX_DESC:
        raise MalformedError(f"a tensor's description of {size} bytes", at + 4)
    start = at + 8 + size
    window.take(at + 8, size)
    word, width, dims = _description(window, at + 8, start)
    count = elements_of(dims)
    if count is None or start + count * width > window.size:
        raise MalformedError(f"a tensor of {dims} goes beyond the end", at)
    return TensorSpan(name, word, tuple(dims), start, start + count * width)


def _description(window: Window, at: int, end: int) -> tuple[str, int, list[int]]:
    wire, dtype, dims = Wire(window.blob), -1, list[int]()
    while at < end:
        field = wire.field(at, end)
        if field.number == 1 and field.wire == VARINT:
            dtype, _ = wire.number(field.start, end)
        elif field.number == 2 and field.wire == VARINT:  # noqa: PLR2004 - dims
            dims.append(wire.number(field.start, end)[0])
        elif field.number == 2 and field.wire == BYTES:  # noqa: PLR2004 - dims, packed
            here = field.start
            while here < field.end:
                value, here = wire.number(here, field.end)
                dims.append(value)
        else:
            raise MalformedError(f"field {field.number} is none of a tensor's", at)
        at = field.end
    if dtype not in _DTYPES or len(dims) > MAX_DIMS:
        raise MalformedError(f"a tensor of type {dtype}", at)
    return (*_DTYPES[dtype], dims)
