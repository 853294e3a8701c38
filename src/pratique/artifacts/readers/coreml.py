"""Reads Core ML models: what they say, custom layers and models, files that they link to.

Format: https://github.com/apple/coremltools/blob/main/mlmodel/format/Model.proto
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from pratique.artifacts.reader import Claim, Item, Kind, Reader, Subject, View
from pratique.artifacts.readers.protobuf import BYTES, VARINT, Field, Wire
from pratique.artifacts.readers.values import Values
from pratique.artifacts.views import HostCall, HostCode, ModelText
from pratique.core.errors import ArtifactError, LimitExceededError, MalformedError
from pratique.core.fact import Fact, Json
from pratique.core.limits import MiB

MAX_FIELDS = 3_000_000
MAX_DEPTH = 40
MAX_CALLS = 1_000
MAX_WORD = 300
LOOSE = 4 * MiB
"""Messages up to here are looked into without knowing what they are; weights are not."""
TYPES = frozenset(
    {
        *range(200, 203),
        *range(300, 305),
        *range(400, 405),
        *range(500, 503),
        555,
        556,
        560,
        *range(600, 605),
        606,
        607,
        609,
        610,
        900,
        *range(2000, 2007),
        3000,
    }
)
_TOP = TYPES | {1, 2, 10}
_KNOWN: dict[str, dict[int, str]] = {
    "model": {
        2: "any", 200: "wrapped", 201: "wrapped", 202: "pipeline", 303: "network", 403: "network",
        500: "network", 555: "customModel", 556: "linkedModel", 501: "any", 502: "any", 603: "any",
        606: "any", **dict.fromkeys(range(2000, 2007), "any"), 3000: "any",
    },
    "wrapped": {1: "pipeline", 2: "any"},
    "pipeline": {1: "model", 2: "word"},
    "network": {1: "layer", 2: "any"},
    "layer": {1: "word", 500: "customLayer"},
    "customLayer": {10: "class", 30: "any", 40: "word"},
    "customModel": {10: "class", 30: "any", 40: "word"},
    "linkedModel": {1: "any"},
}  # fmt: skip


@dataclass(slots=True)
class _Frame:
    kind: str
    at: int
    end: int


class CoremlReader(Reader):
    """Walks models, pipelines and layers by the format, and descriptions by what they hold."""

    name: ClassVar[str] = "coreml"
    kind: ClassVar[Kind] = Kind.DATA
    views: ClassVar[tuple[type[View], ...]] = (ModelText, HostCode)

    def recognises(self, subject: Subject) -> bool:
        """Tell by a version, a description, and one type of model."""
        wire, at, seen = Wire(subject.blob), 0, list[int]()
        try:
            while at < subject.size and len(seen) < 5:  # noqa: PLR2004 - a model has four fields
                field = wire.field(at, subject.size)
                if field.number not in _TOP or (field.wire == VARINT) != (field.number in {1, 10}):
                    return False
                seen.append(field.number)
                at = field.end
        except ArtifactError:
            return False
        return seen[:1] == [1] and 2 in seen and bool(TYPES.intersection(seen))  # noqa: PLR2004 - the description

    def read(self, subject: Subject) -> Iterator[Item]:
        """Yield a claim, texts, the code that the application has to bring, and a fact.

        Raises:
            MalformedError: a message breaks off.
            LimitExceededError: more fields than are followed.

        """
        walk = _Walk(subject)
        broke: ArtifactError | None = None
        try:
            yield from walk.run()
        except ArtifactError as e:
            broke = e
        yield from walk.values.rest()
        yield Claim(0, min(walk.at, subject.size), "core ml model")
        calls = tuple(walk.calls)
        yield HostCode(calls=calls, covered=subject.size)
        data: Json = {"types": sorted(walk.types), "custom": [c.name for c in calls]}
        yield Fact("coreml", subject.chain, data)
        if broke is not None:
            raise broke


class _Walk:
    def __init__(self, subject: Subject) -> None:
        self.at, self.calls = 0, list[HostCall]()
        self.types: set[int] = set()
        self.values = Values(subject.blob, "coreml")
        self._fields = 0
        self._wire = Wire(subject.blob)
        self._frames = [_Frame("model", 0, subject.size)]

    def run(self) -> Iterator[Item]:
        """Walk every message that is known, innermost first."""
        frames = self._frames
        while frames:
            frame = frames[-1]
            if len(frames) == 1:
                self.at = frame.at
            if frame.at >= frame.end:
                frames.pop()
                continue
            field = self._wire.field(frame.at, frame.end)
            frame.at = field.end
            self._count()
            yield from self._take(frame.kind, field)

    def _count(self) -> None:
        self._fields += 1
        if self._fields > MAX_FIELDS:
            raise LimitExceededError(f"more than {MAX_FIELDS} fields in one model")

    def _take(self, kind: str, field: Field) -> Iterator[Item]:
        if kind == "model" and field.number in TYPES:
            self.types.add(field.number)
        if field.wire != BYTES:
            return
        if kind == "any":
            yield from self._loose(field)
            return
        inner = _KNOWN[kind].get(field.number, "")
        if inner in {"word", "class"}:
            yield from self.values.take(field.start, field.end, kind)
            if inner == "class" and len(self.calls) < MAX_CALLS:
                name = self._wire.text(field, MAX_WORD)
                self.calls.append(HostCall(kind, name, field.start))
        elif inner:
            self._enter(inner, field)

    def _loose(self, field: Field) -> Iterator[Item]:
        """Look into a value that may be a message, a text, or numbers."""
        size = field.end - field.start
        if 2 <= size <= LOOSE and self._is_message(field):  # noqa: PLR2004 - a key and a value
            self._enter("any", field)
        else:
            yield from self.values.take(field.start, field.end, "value")

    def _is_message(self, field: Field) -> bool:
        at = field.start
        try:
            while at < field.end:
                self._count()
                at = self._wire.field(at, field.end).end
        except MalformedError:
            return False
        return True

    def _enter(self, kind: str, field: Field) -> None:
        if len(self._frames) >= MAX_DEPTH:
            raise LimitExceededError(f"messages nested deeper than {MAX_DEPTH}")
        self._frames.append(_Frame(kind, field.start, field.end))
