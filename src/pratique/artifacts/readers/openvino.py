"""Reads OpenVINO models: the XML of the layers, and where their weights lie in the file beside it.

Format: https://docs.openvino.ai/latest/documentation/openvino-ir-format.html
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from math import prod
from typing import ClassVar, NamedTuple
from xml.parsers import expat

from pratique.artifacts.graph_texts import TELLING
from pratique.artifacts.laid import LAID, MAX_ROWS
from pratique.artifacts.openvino import OpenvinoLayer, OpenvinoModel, OpenvinoProblem
from pratique.artifacts.reader import Claim, Item, Kind, Reader, Subject, View
from pratique.artifacts.readers.decoding import whole_text
from pratique.artifacts.readers.tensor_layout import BITS
from pratique.artifacts.views import TextView
from pratique.core.errors import LimitExceededError, MalformedError
from pratique.core.fact import Fact, Json
from pratique.core.limits import KiB, MiB

LOOK = 8 * MiB
MAX_ELEMENTS = 10_000_000
MAX_DEPTH = 200
MAX_SORTS = 2_000
MAX_PROBLEMS = 100
MAX_TEXTS = 2_000
MAX_TEXT = 64 * KiB
MAX_NAME = 200
STEP = 256 * KiB
DIGITS = 18
_NET, _LAYERS = re.compile(rb"<net[\s>]"), re.compile(rb"<layers[\s>/]")
_TYPES = {
    "i4": "i4",
    "u4": "u4",
    "i8": "i8",
    "u8": "u8",
    "i16": "i16",
    "u16": "u16",
    "i32": "i32",
    "u32": "u32",
    "i64": "i64",
    "u64": "u64",
    "f16": "f16",
    "bf16": "bf16",
    "f32": "f32",
    "f64": "f64",
    "boolean": "u8",
}
"""Types of elements by OpenVINO's name. Others are laid down as bytes."""
_OLD = {"weights", "biases", "custom"}


class Weights(NamedTuple):
    """Where a layer's constant lies in the file of weights."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    start: int
    size: int
    at: int


class OpenvinoReader(Reader):
    """Walks the XML without entities, and tells which bytes of the weights each layer takes."""

    name: ClassVar[str] = "openvino"
    kind: ClassVar[Kind] = Kind.TEXT
    views: ClassVar[tuple[type[View], ...]] = (OpenvinoModel, TextView)

    def recognises(self, subject: Subject) -> bool:
        """Tell by the element of a net and one of layers, in a text that begins as XML does."""
        head = subject.head[:LOOK].replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
        if not head.startswith(b"<"):
            return False
        body = subject.blob.read(0, LOOK).replace(b"\0", b"")
        return _NET.search(body) is not None and _LAYERS.search(body) is not None

    def read(self, subject: Subject) -> Iterator[Item]:
        """Yield a view, telling texts, where weights lie, and a claim.

        Raises:
            MalformedError: the text is no XML, or declares a document type.
            LimitExceededError: more elements or nesting than are followed.

        """
        if subject.size > subject.limits.text_bytes:
            raise LimitExceededError("an OpenVINO model is too long to be parsed")
        text = whole_text(subject, subject.limits.text_bytes).text
        walk = _Walk()
        broke: Exception | None = None
        try:
            walk.run(text.encode("utf-8", "replace"))
        except (MalformedError, LimitExceededError) as e:
            broke = e
        walk.check()
        yield OpenvinoModel(
            layers=tuple(walk.sorts.values()),
            problems=tuple(walk.problems),
            covered=subject.size,
            partial=walk.cut,
        )
        for where, held, at in walk.texts:
            yield TextView(
                text=held, origin=f"openvino:{where}", base=at, covered=len(held.encode())
            )
        rows: list[Json] = [[w.name, w.dtype, list(w.shape), w.start, w.size] for w in walk.laid()]
        if rows:
            yield Fact(LAID, subject.chain, {"ending": ".xml", "files": {".bin": rows}})
        if broke is None:
            yield Claim(0, subject.size, "openvino model")
        else:
            raise broke
        if walk.cut:
            raise LimitExceededError(walk.cut)


@dataclass(slots=True)
class _Walk:
    """Takes elements as the parser meets them."""

    sorts: dict[tuple[str, str], OpenvinoLayer] = field(default_factory=dict)
    problems: list[OpenvinoProblem] = field(default_factory=list)
    texts: list[tuple[str, str, int]] = field(default_factory=list)
    weights: list[Weights] = field(default_factory=list)
    cut: str = ""
    _layer: tuple[str, str] = ("", "")
    _depth: int = 0
    _elements: int = 0
    _parser: expat.XMLParserType = field(init=False)

    def run(self, body: bytes) -> None:
        parser = expat.ParserCreate("utf-8")
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._said
        parser.CommentHandler = self._said
        parser.ProcessingInstructionHandler = self._instructed
        self._parser = parser
        try:
            for at in range(0, len(body), STEP):
                parser.Parse(body[at : at + STEP], False)  # noqa: FBT003 - the parser takes no name
            parser.Parse(b"", True)  # noqa: FBT003 - the same
        except expat.ExpatError as e:
            raise MalformedError(f"no XML: {e}"[:MAX_NAME], parser.ErrorByteIndex) from e

    def laid(self) -> list[Weights]:
        """Return each distinct place of weights once."""
        kept: dict[tuple[int, int], Weights] = {}
        for one in self.weights:
            kept.setdefault((one.start, one.size), one)
        return list(kept.values())

    def check(self) -> None:
        """Note places that lie over one another without being the same."""
        end, last = 0, ""
        for one in sorted(self.laid(), key=lambda w: (w.start, w.size)):
            if one.start < end:
                says = f"{one.name[:80]!r} begins at {one.start}, inside of {last[:80]!r}"
                self._problem("overlap", says, one.at)
            if one.start + one.size > end:
                end, last = one.start + one.size, one.name

    def _doctype(self, name: str, system: str | None, public: str | None, subset: int) -> None:
        at = self._parser.CurrentByteIndex
        declares = " with declarations of its own" if subset else ""
        outside = f" from {str(system or public)[:120]!r}" if system or public else ""
        self._problem("doctype", f"declares a document type {name[:40]!r}{outside}{declares}", at)
        raise MalformedError("a document type is declared, which is not followed", at)

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        self._elements += 1
        self._depth += 1
        if self._elements > MAX_ELEMENTS or self._depth > MAX_DEPTH:
            raise LimitExceededError(f"more than {MAX_ELEMENTS} elements, or too deep")
        at = self._parser.CurrentByteIndex
        if name == "layer":
            self._take_layer(attributes, at)
        elif "offset" in attributes and "size" in attributes:
            self._take_weights(name, attributes, at)
        for key, value in attributes.items():
            self._text(f"{name[:40]}.{key[:40]}", value, at)

    def _end(self, _: str) -> None:
        self._depth -= 1

    def _said(self, text: str) -> None:
        self._text("text", text, self._parser.CurrentByteIndex)

    def _instructed(self, target: str, data: str) -> None:
        self._text("instruction", f"{target} {data}", self._parser.CurrentByteIndex)

    def _text(self, where: str, text: str, at: int) -> None:
        if not TELLING.search(text):
            return
        if len(self.texts) >= MAX_TEXTS:
            self.cut = f"more than {MAX_TEXTS} telling texts"
        else:
            self.texts.append((where, text[:MAX_TEXT], at))

    def _take_layer(self, attributes: Mapping[str, str], at: int) -> None:
        kind, version = attributes.get("type", ""), attributes.get("version", "")
        name = attributes.get("name", "")[:MAX_NAME]
        self._layer = (name, kind)
        key = (kind[:MAX_NAME], version[:MAX_NAME])
        known = self.sorts.get(key)
        if known is not None:
            self.sorts[key] = replace(known, count=known.count + 1)
        elif len(self.sorts) >= MAX_SORTS:
            self.cut = f"more than {MAX_SORTS} sorts of layers"
        else:
            self.sorts[key] = OpenvinoLayer(*key, name, at)

    def _take_weights(self, name: str, attributes: Mapping[str, str], at: int) -> None:
        start, size = _number(attributes["offset"]), _number(attributes["size"])
        called = self._layer[0] or name
        if start is None or size is None:
            shown = f"{attributes['offset'][:40]!r} and {attributes['size'][:40]!r}"
            self._problem("place", f"{called[:80]!r} lies at {shown}, which are no numbers", at)
            return
        if len(self.weights) >= MAX_ROWS:
            self.cut = f"more than {MAX_ROWS} constants"
            return
        dtype = attributes.get("element_type", "")
        shape = _shape(attributes.get("shape", ""))
        known = _TYPES.get(dtype, "")
        if known and shape is not None and known in BITS:
            need = (prod(shape) * BITS[known] + 7) // 8
            if need != size:
                says = f"{called[:80]!r} takes {size} bytes for {need} of its type and shape"
                self._problem("size", says, at)
                known = ""
        else:
            known = ""
        dims = shape if known and shape is not None else (size,)
        self.weights.append(Weights(called, known or "u8", dims, start, size, at))

    def _problem(self, kind: str, says: str, at: int) -> None:
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(OpenvinoProblem(kind, says, at))
        else:
            self.cut = f"more than {MAX_PROBLEMS} problems"


def _number(text: str) -> int | None:
    plain = text.strip()
    return int(plain) if plain.isascii() and plain.isdigit() and len(plain) <= DIGITS else None


def _shape(text: str) -> tuple[int, ...] | None:
    parts = [part.strip() for part in text.split(",")] if text.strip() else []
    numbers = [_number(part) for part in parts]
    return None if None in numbers else tuple(n for n in numbers if n is not None)
