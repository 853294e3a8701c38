"""Reads a TensorFlow Lite model: operators, tensors, signatures, and where its bytes end.

Format: https://github.com/tensorflow/tensorflow/blob/master/tensorflow/compiler/mlir/lite/schema/schema.fbs
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from pratique.artifacts.graph_operators import reach_of
from pratique.artifacts.graphs import GraphOperators, OperatorUse
from pratique.artifacts.reader import Claim, Item, Kind, Reader, Subject, View
from pratique.artifacts.readers.tensor_layout import tensors_fact
from pratique.artifacts.readers.tensorflow.flatbuffer import Flat, Table
from pratique.artifacts.views import TensorSpan, TensorTable, TextView
from pratique.core.errors import ArtifactError, LimitExceededError, MalformedError
from pratique.core.fact import Fact, Json

MARK = b"TFL3"
MARK_AT = 4
CUSTOM = 32
MOST_BUILTIN = 4_096
MAX_TABLES = 1_000_000
MAX_NAME = 300
MAX_INPUTS = 1_000
MAX_STRING = 4_000
MAX_OPTIONS = 16_384
MAX_USES = 5_000
LONG = 256
MAX_SHOWN = 1_000
STRING = 5
PADDING = 16
"""Tables stand at multiples of this, and a file may end with as many zeros."""
EMPTY_ARCHIVE = 22
"""Bytes of the end record of a zip that lists nothing; writers of metadata leave one behind."""
_ADDRESS = re.compile(rb"(?:file|grpc|https?|ftp|gs|s3)://[\x21-\x7e]{1,200}")
DTYPES = {
    0: ("f32", 4),
    1: ("f16", 2),
    2: ("i32", 4),
    3: ("u8", 1),
    4: ("i64", 8),
    6: ("bool", 1),
    7: ("i16", 2),
    8: ("c64", 8),
    9: ("i8", 1),
    10: ("f64", 8),
    11: ("c128", 16),
    12: ("u64", 8),
    15: ("u32", 4),
    16: ("u16", 2),
    18: ("bf16", 2),
}
_SIGNED_BYTE, _CODES, _SUBGRAPHS, _WORDS, _BUFFERS = 127, 1, 2, 3, 4


@dataclass(slots=True)
class _Tensor:
    name: str
    kind: int
    buffer: int


@dataclass(slots=True)
class _Told:
    """What has been understood of a model so far."""

    codes: list[str] = field(default_factory=list)
    buffers: list[tuple[int, int]] = field(default_factory=list)
    spans: dict[int, TensorSpan] = field(default_factory=dict)
    uses: list[OperatorUse] = field(default_factory=list)
    counts: dict[str, OperatorUse] = field(default_factory=dict)
    signatures: list[str] = field(default_factory=list)
    metadata: list[str] = field(default_factory=list)
    subgraphs: int = 0
    lost: int = 0


class TfliteReader(Reader):
    """Walks the tables of a model; what stands behind the last of them is not its own.

    Files that belong to a model (labels, vocabularies) are a zip archive behind it, which the
    reader of zip files reads.
    """

    name: ClassVar[str] = "tflite"
    kind: ClassVar[Kind] = Kind.DATA
    views: ClassVar[tuple[type[View], ...]] = (GraphOperators, TensorTable, TextView)
    carries_archive: ClassVar[bool] = True

    def recognises(self, subject: Subject) -> bool:
        """Tell by the format's mark behind the offset of the first table."""
        return subject.head[MARK_AT : MARK_AT + len(MARK)] == MARK

    def read(self, subject: Subject) -> Iterator[Item]:
        """Yield a claim of the model, its tensors, texts, operators, and one fact.

        Raises:
            MalformedError: an offset leads nowhere.
            LimitExceededError: more tables than are followed.

        """
        flat, told, broke = Flat(subject.blob), _Told(), None
        try:
            yield from _model(flat, told)
        except ArtifactError as e:
            broke = e
        yield Claim(0, _end(subject, flat.reach), "tflite model")
        spans = tuple(sorted(told.spans.values(), key=lambda s: s.start))
        yield TensorTable(source=self.name, tensors=spans, covered=subject.size)
        yield GraphOperators(
            format=self.name,
            uses=(*told.uses, *told.counts.values()),
            partial=f"{told.lost} more rows than are kept" if told.lost else "",
        )
        yield tensors_fact(self.name, spans)
        yield Fact(self.name, subject.chain, _data(told))
        if broke is not None:
            raise broke


def _end(subject: Subject, reach: int) -> int:
    """Return where a model ends: padding belongs to it, and the end of an archive of no files."""
    padded = min(subject.size, -(-reach // PADDING) * PADDING)
    if subject.blob.read(reach, padded - reach).strip(b"\0"):
        padded = reach
    for end in (reach, padded):
        rest = subject.blob.read(end, EMPTY_ARCHIVE + 1)
        bare = rest.startswith(b"PK\5\6" + bytes(12)) and rest.endswith(b"\0\0")
        if bare and len(rest) == EMPTY_ARCHIVE:
            return subject.size
    return padded


def _data(told: _Told) -> dict[str, Json]:
    ops: list[Json] = [[use.op[:100], use.count] for use in told.counts.values()]
    return {
        "ops": ops[:MAX_SHOWN],
        "subgraphs": told.subgraphs,
        "signatures": list(told.signatures),
        "metadata": list(told.metadata),
    }


def _model(flat: Flat, told: _Told) -> Iterator[TextView]:
    model = flat.root()
    told.codes = [_code(Table(flat, at)) for at in model.tables(_CODES, MAX_TABLES)]
    for at in model.tables(_BUFFERS, MAX_TABLES):
        told.buffers.append(_buffer(flat, Table(flat, at)))
    yield from _words(model, "description", model.place(_WORDS))
    model.vector(5, 4)
    for at in model.tables(6, MAX_TABLES):
        told.metadata.append(Table(flat, at).text(0, MAX_NAME))
    for at in model.tables(7, MAX_TABLES):
        _signature(flat, Table(flat, at), told)
    for number, at in enumerate(model.tables(_SUBGRAPHS, MAX_TABLES)):
        told.subgraphs += 1
        _subgraph(flat, Table(flat, at), number, told)
    used = {use.op for use in told.uses} | set(told.counts)
    for name in sorted(set(told.codes) - used):  # declared, and used by no operator that was read
        if reach_of(name) is not None and len(told.uses) < MAX_USES:
            told.uses.append(OperatorUse(name, "", "", model.at))


def _words(table: Table, what: str, at: int) -> Iterator[TextView]:
    text = table.text(_WORDS, MAX_STRING)
    if len(text) > LONG:
        yield TextView(text=text, origin=f"tflite:{what}", base=at, covered=len(text))


def _code(code: Table) -> str:
    """Return an operator's name: a number for those of the format, marked as such."""
    number = max(code.number(0, 1), code.number(3, 4))
    custom = code.text(1, MAX_NAME)
    if number == CUSTOM or (custom and number != CUSTOM):
        return custom or "(no name)"
    if number > MOST_BUILTIN:
        raise MalformedError(f"operator number {number}", code.at)
    return f"builtin:{number}"


def _buffer(flat: Flat, buffer: Table) -> tuple[int, int]:
    """Return where a buffer's bytes begin and end; large ones stand behind the tables."""
    start, count = buffer.vector(0, 1)
    offset, size = buffer.number(1, 8), buffer.number(2, 8)
    if offset > 1 and size:
        if offset + size > flat.size:
            raise MalformedError("a buffer goes beyond the end of the file", buffer.at)
        flat.reach = max(flat.reach, offset + size)
        return offset, offset + size
    return start, start + count


def _signature(flat: Flat, signature: Table, told: _Told) -> None:
    told.signatures.append(signature.text(2, MAX_NAME))
    for part in (0, 1):
        for at in signature.tables(part, MAX_TABLES):
            Table(flat, at).text(0, MAX_NAME)


def _subgraph(flat: Flat, graph: Table, number: int, told: _Told) -> None:
    tensors = [_tensor(flat, Table(flat, at), told) for at in graph.tables(0, MAX_TABLES)]
    graph.vector(1, 4)
    graph.vector(2, 4)
    name = graph.text(4, MAX_NAME) or (f"subgraph-{number}" if number else "")
    for at in graph.tables(3, MAX_TABLES):
        _operator(flat, Table(flat, at), (name if number else "", tensors), told)


def _tensor(flat: Flat, tensor: Table, told: _Told) -> _Tensor:
    shape = tuple(tensor.numbers(0, 64))
    made = _Tensor(tensor.text(3, MAX_NAME), tensor.number(1, 1), tensor.number(2, 4))
    if at := tensor.place(4):
        _quantization(Table(flat, at + flat.number(at, 4)))
    if made.buffer < len(told.buffers) and made.buffer not in told.spans:
        start, end = told.buffers[made.buffer]
        word, wide = DTYPES.get(made.kind, ("u8", 1))
        count = 1
        for size in shape:
            count = min(count * max(0, size), 1 << 62)
        if end > start:
            if count * wide != end - start:
                word, shape = "u8", (end - start,)
            told.spans[made.buffer] = TensorSpan(made.name, word, shape, start, end)
    return made


def _quantization(table: Table) -> None:
    """Reach as far as a tensor's quantization does, which files often end with."""
    for part, wide in ((0, 4), (1, 4), (2, 4), (3, 8)):
        table.vector(part, wide)


def _operator(flat: Flat, op: Table, within: tuple[str, list[_Tensor]], told: _Told) -> None:
    number = op.number(0, 4)
    if number >= len(told.codes):
        raise MalformedError(f"operator code {number} of {len(told.codes)}", op.at)
    name, (scope, tensors) = told.codes[number], within
    start, count = op.vector(5, 1)
    large, size = op.number(9, 8), op.number(10, 8)
    if large > 1 and large + size <= flat.size:
        flat.reach = max(flat.reach, large + size)
        start, count = large, size
    op.vector(2, 4)
    op.vector(6, 1)
    op.vector(7, 4)
    if reach_of(name) is None:
        _count(told, OperatorUse(name, "", scope, op.at))
    elif len(told.uses) < MAX_USES:
        texts = list(_texts(flat, op, tensors, told))
        body = flat.bytes(start, min(count, MAX_OPTIONS)) if count else b""
        found = (m[0].decode("ascii") for m in _ADDRESS.finditer(body))
        texts += [("attr:options", text) for text in found]
        fed = len(op.numbers(1, MAX_INPUTS)) - sum(k.startswith("input") for k, _ in texts)
        told.uses.append(OperatorUse(name, "", scope, op.at, 1, "call", tuple(texts), fed))
    else:
        told.lost += 1
    op.vector(1, 4)


def _count(told: _Told, use: OperatorUse) -> None:
    seen = told.counts.get(use.op)
    if seen is None and len(told.counts) >= MAX_USES:
        raise LimitExceededError(f"more than {MAX_USES} sorts of operators")
    if seen is not None:
        use = OperatorUse(seen.op, seen.node, seen.scope, seen.at, seen.count + 1)
    told.counts[use.op] = use


def _texts(flat: Flat, op: Table, tensors: list[_Tensor], told: _Told) -> Iterator[tuple[str, str]]:
    """Yield the constant texts that an operator is given."""
    for number, at in enumerate(op.numbers(1, MAX_INPUTS)):
        tensor = tensors[at] if 0 <= at < len(tensors) else None
        if tensor is None or tensor.kind != STRING or tensor.buffer >= len(told.buffers):
            continue
        text = _string(flat, *told.buffers[tensor.buffer])
        if text:
            yield f"input:{number}", text


def _string(flat: Flat, start: int, end: int) -> str:
    """Return the first string of a tensor: a count, offsets, and the strings behind them."""
    if end - start < 12:  # noqa: PLR2004 - a count and two offsets
        return ""
    first, after = flat.number(start + 4, 4), flat.number(start + 8, 4)
    if not first <= after <= end - start:
        return ""
    return flat.bytes(start + first, min(after - first, MAX_STRING)).decode("utf-8", "replace")
