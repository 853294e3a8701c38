"""Reads an ONNX model: what made it, its operators, and the files that its tensors lie in.

Format: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
"""

from collections.abc import Iterator
from struct import calcsize, unpack
from typing import ClassVar

from pratique.artifacts.blob import Blob, cut
from pratique.artifacts.graph_texts import TELLING
from pratique.artifacts.laid import LAID
from pratique.artifacts.onnx_graphs import OnnxGraphs
from pratique.artifacts.reader import Claim, Item, Kind, Member, Reader, Subject, View
from pratique.artifacts.readers.onnx_gathered import MAX_VALUES, Gathered
from pratique.artifacts.readers.onnx_laid import LaidFiles
from pratique.artifacts.readers.onnx_shapes import SHAPES, TEXT, Part
from pratique.artifacts.readers.onnx_told import Frame, Told
from pratique.artifacts.readers.protobuf import BYTES, FIXED32, VARINT, Field, Wire
from pratique.artifacts.views import TextView
from pratique.core.errors import ArtifactError, LimitExceededError, MalformedError
from pratique.core.fact import Fact
from pratique.core.limits import KiB

MAX_FIELDS = 3_000_000
MAX_DEPTH = 100
"""Protobuf's own readers stop at so many messages inside one another."""
MAX_FOREIGN = 100
LOOK = 64
"""Fields at the start by which a model is recognised; more foreign ones are no disguise."""
MAX_WORD = 4 * KiB
LONG = 256
"""A text longer than this is shown to the rules that read texts; a shorter one if it is telling."""
MAX_TEXT = 256 * KiB
MAX_SHOWN = 10_000
SHORT = 12
MAX_PORTS, MAX_PORT = 2_000, 300
MAX_RAW = MAX_VALUES * 8
SMALLEST = 32
MAX_OPENED = 200
_FILES = (
    b"\x80\x02",
    b"\x80\x03",
    b"\x80\x04",
    b"\x80\x05",
    b"PK\x03\x04",
    b"\x7fELF",
    b"MZ",
    b"#!/",
)
"""How pickles, archives, programs and scripts begin."""
IR_VERSION, GRAPH, OPSETS = 1, 7, 8
NODE, NAME = 1, 2


class OnnxReader(Reader):
    """Walks every message that can hold operators or tensors, and tells fields that ONNX lacks."""

    name: ClassVar[str] = "onnx"
    version: ClassVar[int] = 4
    kind: ClassVar[Kind] = Kind.DATA
    views: ClassVar[tuple[type[View], ...]] = (OnnxGraphs, TextView)

    def recognises(self, subject: Subject) -> bool:
        """Tell by a graph that begins with fields of one, beside a version or operator sets.

        Fields that ONNX does not have are passed over, as those who load models do.
        """
        wire, at, seen = Wire(subject.blob), 0, set[int]()
        try:
            for _ in range(LOOK):
                if at >= subject.size:
                    break
                field = wire.field(at, subject.size)
                at = field.end
                if _fits("model", field):
                    seen.add(field.number)
                if field.number == GRAPH and not _is_graph(wire, field):
                    return False
        except ArtifactError:
            return False
        return GRAPH in seen and bool(seen & {IR_VERSION, OPSETS})

    def read(self, subject: Subject) -> Iterator[Item]:
        """Yield claims of all that ONNX knows, long texts, and one fact.

        Raises:
            MalformedError: a message breaks off, or has fields that ONNX does not have.
            LimitExceededError: more fields or nesting than are followed.

        """
        walk = _Walk(subject)
        broke: ArtifactError | None = None
        try:
            yield from walk.run()
        except ArtifactError as e:
            broke = e
            walk.unwind()
        yield from walk.claims()
        yield walk.graphs.view(subject.size)
        yield Fact("onnx", subject.chain, walk.told.data())
        if laid := walk.laid.data():
            yield Fact(LAID, subject.chain, laid)
        if broke is not None:
            raise broke
        if walk.told.lost:
            raise LimitExceededError(f"{walk.told.lost} entries are more, or longer, than are kept")
        if walk.foreign:
            says = f"{len(walk.foreign)} fields are none that ONNX has"
            raise MalformedError(says, walk.foreign[0][0])


class _Walk:
    """One pass over the messages of a model, innermost first, without recursion."""

    def __init__(self, subject: Subject) -> None:
        self.told, self.graphs, self.laid = Told(), Gathered(), LaidFiles()
        self.foreign: list[tuple[int, int]] = []
        self._blob, self._wire, self._at = subject.blob, Wire(subject.blob), 0
        self._fields = self._shown = self._opened = 0
        self._frames = [Frame("model", 0, subject.size)]

    def run(self) -> Iterator[Item]:
        """Yield telling texts, and files in tensors, while everything else is noted."""
        while self._frames:
            frame = self._frames[-1]
            if frame.at >= frame.end:
                self._frames.pop()
                self._close(frame)
                continue
            begun, field = frame.at, self._wire.field(frame.at, frame.end)
            frame.at = field.end
            self._count()
            part = SHAPES[frame.kind].get(field.number)
            if part is None or not (field.wire == part.wire or _fits(frame.kind, field)):
                self._note_foreign(begun, field.end)
            elif part.child and field.wire == BYTES:
                self._enter(part.child, field)
            elif part.word:
                yield from self._take(frame, part, field)
            self._at = self._frames[-1].at

    def unwind(self) -> None:
        """Take what the messages that were open when the model broke off have said so far."""
        while self._frames:
            frame = self._frames.pop()
            self._close(frame)

    def claims(self) -> Iterator[Claim]:
        """Yield what was understood, foreign fields left out."""
        at = 0
        for start, end in [*self.foreign, (self._at, self._at)]:
            if start > at:
                yield Claim(at, start, "onnx model")
            at = max(at, end)

    def _close(self, frame: Frame) -> None:
        parent = self._frames[-1] if self._frames else None
        self.told.closed(frame, parent)
        self.laid.closed(frame)
        self.graphs.closed(frame, parent)

    def _count(self) -> None:
        self._fields += 1
        if self._fields > MAX_FIELDS:
            raise LimitExceededError(f"more than {MAX_FIELDS} fields in one model")

    def _note_foreign(self, start: int, end: int) -> None:
        if len(self.foreign) >= MAX_FOREIGN:
            raise LimitExceededError(f"more than {MAX_FOREIGN} fields that ONNX does not have")
        self.foreign.append((start, end))

    def _enter(self, kind: str, field: Field) -> None:
        if len(self._frames) >= MAX_DEPTH:
            raise LimitExceededError(f"messages nested deeper than {MAX_DEPTH}")
        self._frames.append(Frame(kind, field.start, field.end, begun=field.start))

    def _take(self, frame: Frame, part: Part, field: Field) -> Iterator[Item]:
        if part.many:
            self._several(frame, part, field)
        elif field.wire == VARINT:
            value, _ = self._wire.number(field.start, field.end)
            frame.numbers[part.word] = value - (1 << 64) if value >> 63 else value
        elif field.wire == FIXED32:
            frame.many["values"] = _floats(self._blob, field, "f")
        elif part.word == "raw":
            yield from self._raw(frame, field)
        elif part.word in {"input", "output"}:
            self._port(frame, part.word, field)
        else:
            yield from self._word(frame, part, field)

    def _port(self, frame: Frame, word: str, field: Field) -> None:
        frame.inputs += word == "input"
        rows = frame.ports if word == "input" else frame.outs
        if len(rows) < MAX_PORTS:
            rows.append(self._wire.text(field, MAX_PORT))

    def _several(self, frame: Frame, part: Part, field: Field) -> None:
        """Take numbers, packed or one by one, as many as are looked at and one more."""
        rows = frame.many.setdefault(part.word, [])
        if len(rows) > MAX_VALUES:
            return
        if part.wire != VARINT:
            rows += _floats(self._blob, field, "f" if part.wire == FIXED32 else "d")
            return
        at = field.start
        while at < field.end and len(rows) <= MAX_VALUES:
            value, at = self._wire.number(at, field.end)
            rows.append(value - (1 << 64) if value >> 63 else value)

    def _raw(self, frame: Frame, field: Field) -> Iterator[Item]:
        """Keep few values; show a tensor that begins as a file does to the readers of files."""
        size = field.end - field.start
        head = self._blob.read(field.start, min(size, MAX_RAW))
        frame.raw = head if size <= MAX_RAW else b""
        if size >= SMALLEST and head.startswith(_FILES) and self._opened < MAX_OPENED:
            self._opened += 1
            blob = cut(self._blob, field.start, field.end)
            yield Member(f"tensor@{field.start}", blob, opaque=True)

    def _word(self, frame: Frame, part: Part, field: Field) -> Iterator[Item]:
        size = field.end - field.start
        if part.word != TEXT:
            frame.texts[part.word] = self._wire.text(field, MAX_WORD)
            if size > MAX_WORD and frame.kind == "pair" and self._frames[-2].kind == "tensor":
                self.told.lost += 1
        if size <= SHORT:
            return
        text = self._wire.text(field, MAX_TEXT)
        if (size <= LONG or frame.kind == "meta") and not TELLING.search(text):
            return
        self._shown += 1
        if self._shown > MAX_SHOWN:
            raise LimitExceededError(f"more than {MAX_SHOWN} long texts in one model")
        yield TextView(
            text=text,
            origin=f"onnx:{frame.kind}.{field.number}",
            base=field.start,
            covered=min(size, MAX_TEXT),
            partial="" if size <= MAX_TEXT else "the text was cut",
        )


def _floats(blob: Blob, field: Field, code: str) -> list[float]:
    """Return the first numbers of a run of them."""
    width = calcsize(code)
    count = min(max(0, field.end - field.start) // width, MAX_VALUES + 1)
    body = blob.read(field.start, count * width)
    return list(unpack(f"<{len(body) // width}{code}", body[: len(body) // width * width])) or [0.0]


def _fits(kind: str, field: Field) -> bool:
    """Tell whether a message has such a field; numbers may come packed."""
    part = SHAPES[kind].get(field.number)
    return part is not None and (
        field.wire == part.wire or (part.many and field.wire == BYTES and part.wire != BYTES)
    )


def _is_graph(wire: Wire, graph: Field) -> bool:
    """Tell whether a message begins as a graph: its fields' kinds, and a node or name in it."""
    at, seen = graph.start, set[int]()
    for _ in range(LOOK):
        if at >= graph.end:
            break
        field = wire.field(at, graph.end)
        at = field.end
        if _fits("graph", field):
            seen.add(field.number)
    return bool(seen & {NODE, NAME}) or graph.start == graph.end
