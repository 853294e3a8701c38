"""Reads TensorFlow's graphs as text: `saved_model.pbtxt`, which loaders take as well, and others.

Format: https://protobuf.dev/reference/protobuf/textformat-spec/
"""

import re
from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.blob import MemoryBlob
from pratique.artifacts.graphs import GraphOperators
from pratique.artifacts.reader import Claim, Item, Kind, Member, Reader, Subject, View
from pratique.artifacts.readers.decoding import byte_at, opening, whole_text
from pratique.artifacts.readers.tensorflow.scopes import MAX_TEXT, MAX_TEXTS
from pratique.artifacts.readers.tensorflow.shapes import SHAPES, Part
from pratique.artifacts.readers.tensorflow.told import MAX_INPUTS, Frame, Told
from pratique.core.errors import ArtifactError, LimitExceededError, MalformedError
from pratique.core.fact import Fact

MAX_TOKENS = 20_000_000
MAX_DEPTH = 100
OPENED_FROM = 32
MAX_OPENED = 2_000
_SPACE = re.compile(r"(?:[\s,;]++|#[^\n]*+)*+")
_MORE = re.compile(r"(?:\s++|#[^\n]*+)*+[\"']")
"""Literals one after the other, with nothing between them, are one text."""
_TOKEN = re.compile(
    r"""(?P<word>[A-Za-z_][\w.]*)|(?P<text>"(?:[^"\\\n]|\\.)*+"|'(?:[^'\\\n]|\\.)*+')"""
    r"""|(?P<number>[-+]?[0-9.][\w.+-]*|-\s*\w+)|(?P<mark>[{}<>:\[\]])|(?P<any>\[[\w./-]+\])""",
    re.ASCII,
)
_ESCAPE = re.compile(r"\\(?:([0-7]{1,3})|[xX]([0-9A-Fa-f]{1,2})|(.))", re.DOTALL)
_LETTERS = {"n": "\n", "r": "\r", "t": "\t", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}
_ROOTS = {
    "savedmodel": ("saved_model_schema_version", "meta_graphs"),
    "metagraph": (
        "meta_info_def",
        "graph_def",
        "saver_def",
        "collection_def",
        "signature_def",
        "asset_file_def",
        "object_graph_def",
    ),
    "graphdef": ("node", "versions", "version", "library"),
}
_FIRST = re.compile(r"(?:[\s,;]++|#[^\n]*+)*+([a-z_]++)\s*(?::\s*\d|:?\s*[{<])")
_OP = re.compile(r"\bop\s*:\s*[\"']|\bmeta_info_def\b|\bsignature\s*:?\s*[{<]")
DT_STRING = 7
DIGITS = 18
"""Of numbers that fit into 64 bits."""

NAMES: dict[str, dict[str, int]] = {
    "savedmodel": {"saved_model_schema_version": 1, "meta_graphs": 2},
    "metagraph": {name: n for n, name in enumerate(_ROOTS["metagraph"], 1)},
    "info": {"tags": 4, "tensorflow_version": 5},
    "graphdef": {"node": 1, "library": 2, "versions": 4},
    "node": {"name": 1, "op": 2, "input": 3, "attr": 5},
    "attr": {"key": 1, "value": 2},
    "value": {"list": 1, "s": 2, "tensor": 8, "func": 10},
    "list": {"s": 2, "tensor": 8, "func": 9},
    "called": {"name": 1, "attr": 2},
    "tensor": {"dtype": 1, "string_val": 8, "tensor_content": 4},
    "library": {"function": 1, "gradient": 2},
    "function": {"signature": 1, "node_def": 3, "attr": 5},
    "declared": {"name": 1, "input_arg": 2},
    "argument": {"name": 1},
    "saver": {"filename_tensor_name": 1, "save_tensor_name": 2, "restore_op_name": 3},
    "collection": {"key": 1, "value": 2},
    "collected": {"node_list": 1, "bytes_list": 2},
    "nodes": {"value": 1},
    "bytes": {"value": 1},
    "signature": {"key": 1, "value": 2},
    "signed": {"inputs": 1, "outputs": 2},
    "port": {"key": 1, "value": 2},
    "place": {"name": 1},
    "asset": {"tensor_info": 1, "filename": 2},
    "objects": {"nodes": 1, "concrete_functions": 2},
    "object": {
        "children": 1,
        "function": 6,
        "bare_concrete_function": 8,
        "constant": 9,
        "saveable_objects": 11,
    },
    "below": {"node_id": 1, "local_name": 2},
    "callable": {"concrete_functions": 1},
    "bare": {"concrete_function_name": 1},
    "constant": {"operation": 1},
    "saveable": {"key": 1, "value": 2},
    "saves": {"restore_function": 3},
    "concrete": {"key": 1, "value": 2},
    "bound": {"bound_inputs": 2},
}
"""Names of the fields that are taken; one of another name is passed over with all it holds."""


class TextGraphReader(Reader):
    """Follows a graph in text as the binary one is followed, message by message."""

    name: ClassVar[str] = "tensorflow-text"
    kind: ClassVar[Kind] = Kind.TEXT
    views: ClassVar[tuple[type[View], ...]] = (GraphOperators,)

    def recognises(self, subject: Subject) -> bool:
        """Tell by a first field of one of the three, and an operator or function near it."""
        head = opening(subject)
        return bool(_kind(head)) and _OP.search(head) is not None

    def read(self, subject: Subject) -> Iterator[Item]:
        """Yield a claim, constants, operators and one fact.

        Raises:
            MalformedError: the text breaks off or is no message.
            LimitExceededError: more tokens or nesting than are followed.

        """
        if subject.size > subject.limits.text_bytes:
            raise LimitExceededError("a graph in text is too long to be parsed")
        told = whole_text(subject, subject.limits.text_bytes)
        kind = _kind(told.text)
        walk, broke = _Walk(told.text, kind), None
        try:
            yield from walk.run()
        except ArtifactError as e:
            broke = e
            walk.unwind()
        yield Claim(0, subject.size if broke is None else walk.done, "graph in text")
        yield walk.told.finish(kind)
        yield Fact("tensorflow", subject.chain, walk.told.data(kind))
        if broke is not None:
            raise broke


def _kind(text: str) -> str:
    first = _FIRST.match(text)
    word = first[1] if first else ""
    return next((kind for kind, words in _ROOTS.items() if word in words), "")


class _Walk:
    """One pass over the tokens; a frame whose kind is empty is passed over."""

    def __init__(self, text: str, kind: str) -> None:
        self.told = Told()
        self.done = 0
        self._text, self._at, self._tokens, self._opened = text, 0, 0, 0
        self._frames = [Frame(kind, 0, len(text))]

    def run(self) -> Iterator[Item]:
        """Yield constants while everything else is noted."""
        while True:
            word, what = self._next()
            if not what:
                break
            if what == "mark" and word in "}>" and len(self._frames) > 1:
                self._close()
            elif what in {"word", "any"}:
                yield from self._field(word)
            else:
                raise MalformedError(f"{word[:20]!r} where a field should be", self._place())
        if len(self._frames) > 1:
            raise MalformedError("the text ends inside a message", self._place())
        self._close()

    def unwind(self) -> None:
        """Take what the messages that were open when the text broke off have said so far."""
        while self._frames:
            self._close()

    def _place(self) -> int:
        return byte_at(self._text, self._at)

    def _next(self) -> tuple[str, str]:
        """Return the next token and what it is, empty at the end."""
        self._tokens += 1
        if self._tokens > MAX_TOKENS:
            raise LimitExceededError(f"more than {MAX_TOKENS} tokens in one graph")
        at = self._skipped(self._at)
        if at >= len(self._text):
            self._at = at
            return "", ""
        found = _TOKEN.match(self._text, at)
        if found is None:
            raise MalformedError("no token of the format", byte_at(self._text, at))
        self.done = self._at = found.end()
        return found[0], found.lastgroup or ""

    def _skipped(self, at: int) -> int:
        found = _SPACE.match(self._text, at)
        return found.end() if found else at

    def _peek(self) -> str:
        return self._text[self._skipped(self._at) : self._skipped(self._at) + 1]

    def _close(self) -> None:
        frame = self._frames.pop()
        try:
            self.told.closed(frame, self._frames)
        except LimitExceededError:
            if self._frames:
                raise

    def _field(self, word: str) -> Iterator[Item]:
        frame, begun = self._frames[-1], self._at
        number = NAMES.get(frame.kind, {}).get(word, 0)
        part = SHAPES[frame.kind].get(number) if number else None
        if self._peek() == ":":
            self._next()
        if self._peek() in {"{", "<"}:
            self._next()
            self._open(part, begun)
        elif self._peek() == "[":
            self._next()
            yield from self._several(part, begun)
        else:
            yield from self._value(part, *self._next())

    def _open(self, part: Part | None, begun: int) -> None:
        if len(self._frames) >= MAX_DEPTH:
            raise LimitExceededError(f"messages nested deeper than {MAX_DEPTH}")
        self._frames.append(Frame(part.child if part else "", 0, 0, begun))

    def _several(self, part: Part | None, begun: int) -> Iterator[Item]:
        """Take a list in brackets: of values, which may be none; messages are not written so."""
        while self._peek() != "]":
            if self._peek() in {"{", "<", ""}:
                raise MalformedError("a list of messages in brackets", begun)
            yield from self._value(part, *self._next())
        self._next()

    def _value(self, part: Part | None, word: str, what: str) -> Iterator[Item]:
        if what == "text":
            text = _plain(word)
            while _MORE.match(self._text, self._at):
                text += _plain(self._next()[0])
            if part is not None:
                yield from self._take(part, text)
        elif what not in {"number", "word"}:
            raise MalformedError(f"{word[:20]!r} where a value should be", self._place())
        elif part is not None and part.many:
            self._frames[-1].sizes.append(_number(word))
        elif part is not None and part.word:
            self._frames[-1].numbers[part.word] = _number(word)

    def _take(self, part: Part, text: str) -> Iterator[Item]:
        frame = self._frames[-1]
        match part.word:
            case "string":
                if len(frame.strings) < MAX_TEXTS:
                    frame.strings.append(text[:MAX_TEXT])
                yield from self._constant(text)
            case "content":
                yield from self._constant(text)
            case "input":
                if len(frame.inputs) < MAX_INPUTS:
                    frame.inputs.append(text[:MAX_TEXT])
            case word if word:
                frame.texts[word] = text[:MAX_TEXT]
            case _:
                pass

    def _constant(self, text: str) -> Iterator[Item]:
        """Yield a constant that may be a file of its own."""
        if len(text) < OPENED_FROM:
            return
        self._opened += 1
        if self._opened > MAX_OPENED:
            self.told.lost += 1
            return
        body = text.encode("latin-1", "ignore") if text.isascii() or max(text) < "\u0100" else b""
        blob = MemoryBlob(body or text.encode("utf-8", "replace"))
        yield Member(f"constant@{self._at}", blob, opaque=True)


def _number(word: str) -> int:
    """Return a number that is written plainly, 0 for all else."""
    if word == "DT_STRING":
        return DT_STRING
    return int(word) if word.isdigit() and len(word) <= DIGITS else 0


def _plain(quoted: str) -> str:
    """Return the text of a literal, bytes as characters of the same number."""
    return _ESCAPE.sub(_escaped, quoted[1:-1])


def _escaped(found: re.Match[str]) -> str:
    if found[1]:
        return chr(int(found[1], 8) & 255)
    if found[2]:
        return chr(int(found[2], 16))
    return _LETTERS.get(found[3], found[3])
