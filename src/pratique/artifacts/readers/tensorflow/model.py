"""Reads TensorFlow's SavedModel, MetaGraphDef and GraphDef, and Keras's metadata beside them.

Format: https://github.com/tensorflow/tensorflow/tree/master/tensorflow/core/protobuf
"""

import re
from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.blob import cut
from pratique.artifacts.graphs import GraphOperators
from pratique.artifacts.reader import Claim, Item, Kind, Member, Reader, Subject, View
from pratique.artifacts.readers.protobuf import BYTES, VARINT, Field, Wire
from pratique.artifacts.readers.tensorflow.scopes import MAX_TEXT, MAX_TEXTS
from pratique.artifacts.readers.tensorflow.shapes import SHAPES, TEXT, Part
from pratique.artifacts.readers.tensorflow.told import MAX_INPUTS, Frame, Told
from pratique.artifacts.views import TensorTable, TextView
from pratique.core.errors import ArtifactError, LimitExceededError, MalformedError
from pratique.core.fact import Fact
from pratique.core.limits import KiB

MAX_FIELDS = 12_000_000
MAX_DEPTH = 100
"""Protobuf's own readers stop at so many messages inside one another."""
MAX_FOREIGN = 100
LOOK = 64
"""Fields at the start by which a model is recognised; more foreign ones are no disguise."""
MAX_WORD = 4 * KiB
LONG = 256
"""A text longer than this is shown to the rules that read texts."""
MAX_SHOWN_TEXT = 256 * KiB
MAX_SHOWN = 1_000
OPENED_FROM = 64
"""A constant of this many bytes is opened as a file of its own."""
MAX_OPENED = 4_000
ALIKE = 128
MAX_ALIKE = 10_000
"""A model says the same few attributes of thousands of nodes: entries of so many bytes are kept."""
_ONLY_SAY = frozenset({"attr", "value", "list", "called"})
"""Messages that do nothing but tell the one that holds them something."""
_OP = re.compile(r"[A-Za-z_][\w.>/-]{0,300}", re.ASCII)
_ACTS = re.compile(rb"\x80[\x02-\x05]|#!|MZ|\x7fELF|PK\x03\x04|[(c][\w.\n]+\n", re.DOTALL)
"""How smaller constants begin that are opened nevertheless."""


class TensorflowReader(Reader):
    """Walks every message that can hold operators, constants or saved objects."""

    name: ClassVar[str] = "tensorflow"
    kind: ClassVar[Kind] = Kind.DATA
    views: ClassVar[tuple[type[View], ...]] = (GraphOperators, TensorTable, TextView)

    def recognises(self, subject: Subject) -> bool:
        """Tell by the first fields: a graph with a node or function in it, at the right depth."""
        return bool(kind_of(subject))

    def read(self, subject: Subject) -> Iterator[Item]:
        """Yield claims of all that TensorFlow knows, constants, operators, and one fact.

        Raises:
            MalformedError: a message breaks off, or has fields that TensorFlow does not have.
            LimitExceededError: more fields, nodes or nesting than are followed.

        """
        kind = kind_of(subject)
        walk, broke = Walk(subject, kind), None
        try:
            yield from walk.run()
        except ArtifactError as e:
            broke = e
            walk.unwind()
        yield from walk.claims("tensorflow model")
        yield walk.told.finish(kind)
        if walk.told.spans:
            yield TensorTable(
                source=self.name,
                tensors=tuple(sorted(walk.told.spans, key=lambda s: s.start)),
                covered=subject.size,
            )
        yield Fact("tensorflow", subject.chain, walk.told.data(kind))
        walk.complain(broke, "TensorFlow")


class KerasMetadataReader(Reader):
    """Reads `keras_metadata.pb`, which keeps the configuration of each layer as JSON."""

    name: ClassVar[str] = "keras-metadata"
    kind: ClassVar[Kind] = Kind.DATA
    views: ClassVar[tuple[type[View], ...]] = (TextView,)

    def recognises(self, subject: Subject) -> bool:
        """Tell by a first node that has a number, a path below `root`, and a name of Keras."""
        wire = Wire(subject.blob)
        try:
            node = wire.field(0, subject.size)
            found = dict(_texts(wire, "kerasnode", node))
        except ArtifactError:
            return False
        known = found.get("identifier", "").startswith(("_tf_keras", "_generic"))
        return node.number == 1 and node.wire == BYTES and known

    def read(self, subject: Subject) -> Iterator[Item]:
        """Yield a claim, and the JSON of every layer as a member.

        Raises:
            MalformedError: a message breaks off, or has fields that the format does not have.
            LimitExceededError: more fields than are followed.

        """
        walk, broke = Walk(subject, "kerasmeta"), None
        try:
            yield from walk.run()
        except ArtifactError as e:
            broke = e
        yield from walk.claims("keras metadata")
        walk.complain(broke, "Keras's metadata")


class FingerprintReader(Reader):
    """Reads `fingerprint.pb`: hashes of a SavedModel, a version, and nothing else."""

    name: ClassVar[str] = "savedmodel-fingerprint"
    kind: ClassVar[Kind] = Kind.DATA
    views: ClassVar[tuple[type[View], ...]] = (TextView,)

    def recognises(self, subject: Subject) -> bool:
        """Tell by fields that are these hashes, three at least, from first byte to last."""
        if subject.size > MAX_WORD:
            return False
        wire, at, seen = Wire(subject.blob), 0, set[int]()
        try:
            while at < subject.size:
                field = wire.field(at, subject.size)
                if not _fits("fingerprint", field) or field.number in seen:
                    return False
                seen.add(field.number)
                at = field.end
        except ArtifactError:
            return False
        return len(seen & {1, 2, 3, 4, 5}) >= 3  # noqa: PLR2004 - fewer could be anything

    def read(self, subject: Subject) -> Iterator[Item]:
        """Yield one claim.

        Raises:
            MalformedError: a message breaks off, or has fields that the format does not have.

        """
        walk = Walk(subject, "fingerprint")
        yield from walk.run()
        yield from walk.claims("fingerprint of a SavedModel")
        walk.complain(None, "a fingerprint")


class Walk:
    """One pass over the messages of a file, innermost first, without recursion."""

    def __init__(self, subject: Subject, kind: str) -> None:
        self.told = Told()
        self.foreign: list[tuple[int, int]] = []
        self._subject, self._wire = subject, Wire(subject.blob)
        self._at, self._fields, self._shown, self._opened = 0, 0, 0, 0
        self._frames = [Frame(kind, 0, subject.size)]
        self._alike: dict[bytes, Frame] = {}
        self._effects = 0

    def run(self) -> Iterator[Item]:
        """Yield long texts and constants while everything else is noted."""
        frames, wire = self._frames, self._wire
        while frames:
            frame = frames[-1]
            if frame.at >= frame.end:
                self._close(frames.pop())
                continue
            begun = frame.at
            field = wire.field(begun, frame.end)
            frame.at = field.end
            self._count()
            part = SHAPES[frame.kind].get(field.number)
            if part is None or not fits(part, field):
                self._note_foreign(begun, field.end)
            elif part.child and field.wire == BYTES:
                self._enter(part.child, field, begun)
            elif part.word:
                for item in self._take(frame, part, field):
                    self._effects += 1
                    yield item
            self._at = frames[-1].at

    def unwind(self) -> None:
        """Take what the messages that were open when the file broke off have said so far."""
        while self._frames:
            frame = self._frames.pop()
            try:
                self.told.closed(frame, self._frames)
            except LimitExceededError:
                continue

    def claims(self, what: str) -> Iterator[Claim]:
        """Yield what was understood, foreign fields left out."""
        at = 0
        for start, end in [*self.foreign, (self._at, self._at)]:
            if start > at:
                yield Claim(at, start, what)
            at = max(at, end)

    def complain(self, broke: ArtifactError | None, whose: str) -> None:
        """Raise what broke the walk, or that there are fields of nobody.

        Raises:
            MalformedError: a message breaks off, or has fields that are none of the format's.
            LimitExceededError: a bound was hit.

        """
        if broke is not None:
            raise broke
        if self.foreign:
            says = f"{len(self.foreign)} fields are none that {whose} has"
            raise MalformedError(says, self.foreign[0][0])

    def _count(self) -> None:
        self._fields += 1
        if self._fields > MAX_FIELDS:
            raise LimitExceededError(f"more than {MAX_FIELDS} fields in one model")

    def _note_foreign(self, start: int, end: int) -> None:
        if len(self.foreign) >= MAX_FOREIGN:
            raise LimitExceededError(f"more than {MAX_FOREIGN} fields that are none of the format")
        self.foreign.append((start, end))
        self._effects += 1

    def _enter(self, kind: str, field: Field, begun: int) -> None:
        """Open a message; one that another was like, byte by byte, is taken at once."""
        if len(self._frames) >= MAX_DEPTH:
            raise LimitExceededError(f"messages nested deeper than {MAX_DEPTH}")
        raw = b""
        if kind == "attr" and field.end - field.start <= ALIKE:
            raw = self._wire.bytes(field.start, field.end)
            before = self._alike.get(raw)
            if before is not None:
                self.told.closed(before, self._frames)
                return
        frame = Frame(kind, field.start, field.end, begun)
        frame.raw, frame.effects = raw, self._effects
        self._frames.append(frame)

    def _close(self, frame: Frame) -> None:
        """Hand on what a message said; keep it where all that it did was to say it."""
        self._effects += frame.kind not in _ONLY_SAY
        self.told.closed(frame, self._frames)
        if frame.raw and frame.effects == self._effects and len(self._alike) < MAX_ALIKE:
            self._alike[frame.raw] = frame

    def _take(self, frame: Frame, part: Part, field: Field) -> Iterator[Item]:
        match part.word:
            case _ if part.many:
                self._numbers(frame, field)
            case _ if field.wire == VARINT:
                value, _ = self._wire.number(field.start, field.end)
                frame.numbers[part.word] = value - (1 << 64) if value >> 63 else value
            case "content":
                frame.content = (field.start, field.end)
            case "string":
                yield from self._constant(frame, field)
            case "json" if field.end - field.start > len("{}"):
                yield self._member("metadata.json", field)
            case "input":
                self._input(frame, field)
            case word:
                yield from self._word(frame, word, field)

    def _word(self, frame: Frame, word: str, field: Field) -> Iterator[Item]:
        if word != TEXT:
            frame.texts[word] = self._wire.text(field, MAX_WORD)
        if field.end - field.start > LONG:
            yield self._text(frame, field)

    def _input(self, frame: Frame, field: Field) -> None:
        if len(frame.inputs) < MAX_INPUTS:
            frame.inputs.append(self._wire.text(field, MAX_WORD))

    def _numbers(self, frame: Frame, field: Field) -> None:
        at = field.start
        while at < field.end and len(frame.sizes) < MAX_INPUTS:
            value, at = self._wire.number(at, field.end)
            frame.sizes.append(value)

    def _constant(self, frame: Frame, field: Field) -> Iterator[Item]:
        """Yield a text or bytes that may be a file of its own: a pickle, a script, a program."""
        size = field.end - field.start
        if len(frame.strings) < MAX_TEXTS:
            frame.strings.append(self._wire.text(field, MAX_TEXT))
        if size < OPENED_FROM and (
            size < len("cos\n.") or not _ACTS.match(self._subject.blob.read(field.start, size))
        ):
            return
        self._opened += 1
        if self._opened > MAX_OPENED:
            self.told.lost += 1
            return
        holders = (f.texts.get("name", "") for f in reversed(self._frames) if f.kind == "node")
        yield self._member(f"{next(holders, '') or frame.kind}@{field.start}", field, opaque=True)

    def _member(self, name: str, field: Field, *, opaque: bool = False) -> Member:
        label = name if opaque else f"{field.start}-{name}"
        return Member(label[:200], cut(self._subject.blob, field.start, field.end), opaque=opaque)

    def _text(self, frame: Frame, field: Field) -> TextView:
        self._shown += 1
        if self._shown > MAX_SHOWN:
            raise LimitExceededError(f"more than {MAX_SHOWN} long texts in one model")
        size = field.end - field.start
        return TextView(
            text=self._wire.text(field, MAX_SHOWN_TEXT),
            origin=f"tensorflow:{frame.kind}.{field.number}",
            base=field.start,
            covered=min(size, MAX_SHOWN_TEXT),
            partial="" if size <= MAX_SHOWN_TEXT else "the text was cut",
        )


def fits(part: Part, field: Field) -> bool:
    """Tell whether a field has the wire type of its number; numbers may come packed."""
    return field.wire == part.wire or (part.many and field.wire == BYTES and part.wire != BYTES)


def _fits(kind: str, field: Field) -> bool:
    part = SHAPES[kind].get(field.number)
    return part is not None and fits(part, field)


def kind_of(subject: Subject) -> str:
    """Return which of the three a file is, empty for none of them."""
    wire = Wire(subject.blob)
    whole = Field(0, BYTES, 0, subject.size)
    try:
        if any(_is_metagraph(wire, f) for f in _children(wire, "savedmodel", whole, 2)):
            return "savedmodel"
        if _is_metagraph(wire, whole):
            return "metagraph"
        return "graphdef" if _is_graph(wire, whole) else ""
    except ArtifactError:
        return ""


def _children(wire: Wire, kind: str, parent: Field, number: int) -> Iterator[Field]:
    """Yield the first fields of a message that have this number and type, up to where it breaks."""
    at = parent.start
    for _ in range(LOOK):
        if at >= parent.end:
            return
        try:
            field = wire.field(at, parent.end)
        except MalformedError:
            return
        at = field.end
        if field.number == number and _fits(kind, field):
            yield field


def _texts(wire: Wire, kind: str, parent: Field) -> Iterator[tuple[str, str]]:
    at = parent.start
    for _ in range(LOOK):
        if at >= parent.end:
            return
        field = wire.field(at, parent.end)
        at = field.end
        part = SHAPES[kind].get(field.number)
        if part is not None and part.word and part.wire == BYTES == field.wire:
            yield part.word, wire.text(field, MAX_WORD)


def _is_metagraph(wire: Wire, message: Field) -> bool:
    """Tell a MetaGraphDef: a graph under its number, beside what tells of it."""
    graphs = _children(wire, "metagraph", message, 2)
    return any(_is_graph(wire, graph) for graph in graphs)


def _is_graph(wire: Wire, message: Field) -> bool:
    """Tell a GraphDef by its first node, or its first function."""
    for node in _children(wire, "graphdef", message, 1):
        found = dict(_texts(wire, "node", node))
        return bool(found.get("name")) and bool(_OP.fullmatch(found.get("op", "")))
    for library in _children(wire, "graphdef", message, 2):
        for function in _children(wire, "library", library, 1):
            for declared in _children(wire, "function", function, 1):
                return bool(dict(_texts(wire, "declared", declared)).get("name"))
    return False
