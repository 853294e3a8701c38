"""Reads ONNX models that are written as JSON or as protobuf's text, which loaders take as well.

Formats: https://protobuf.dev/programming-guides/json/ and
https://protobuf.dev/reference/protobuf/textformat-spec/
"""

import json
import re
from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.blob import MemoryBlob
from pratique.artifacts.reader import Claim, Item, Kind, Member, Reader, Subject, View
from pratique.artifacts.readers.decoding import byte_at, opening, whole_text
from pratique.artifacts.readers.onnx_encode import encoded
from pratique.core.errors import LimitExceededError, MalformedError

MAX_TOKENS = 20_000_000
MAX_DEPTH = 100
LOOK = 8 << 20
_SPACE = re.compile(r"(?:[\s,;]++|#[^\n]*+)*+")
_TOKEN = re.compile(
    r"""(?P<word>[A-Za-z_][\w.]*)|(?P<text>"(?:[^"\\\n]|\\.)*+"|'(?:[^'\\\n]|\\.)*+')"""
    r"""|(?P<number>[-+]?[0-9.][\w.+-]*|-\s*\w+)|(?P<mark>[{}<>:\[\]])""",
    re.ASCII,
)
_ESCAPE = re.compile(r"\\(?:([0-7]{1,3})|[xX]([0-9A-Fa-f]{1,2})|(.))", re.DOTALL)
_LETTERS = {"n": "\n", "r": "\r", "t": "\t", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}
_FIRST = re.compile(
    r"(?:[\s,;]++|#[^\n]*+)*+(?:ir_version|producer_name|producer_version|domain|model_version"
    r"|doc_string|graph|opset_import|metadata_props|functions|training_info)\s*[:{<]"
)
_GRAPH = re.compile(rb"\bgraph\s*:?\s*[{<]")
_INSIDE = re.compile(rb"\bop_type\s*:|\binitializer\s*:?\s*[{<]|\bop_type\b")
_JSON = re.compile(
    rb'"(?:op_?[tT]ype|externalData|external_data|initializer|opset_?[iI]mport)"\s*:'
)
_SYNTAX = re.compile(r"\s*<\s*(?:ir_version|opset_import|producer_name|domain|doc_string)\s*:")
_VALUES = frozenset({"text", "number", "word"})
_MAIN = ("graph", "functions")
_MODEL = {"irVersion", "ir_version", "opsetImport", "opset_import"}


class OnnxTextReader(Reader):
    """Writes the model in the binary format, and shows that as what the text holds."""

    name: ClassVar[str] = "onnx-text"
    kind: ClassVar[Kind] = Kind.TEXT
    views: ClassVar[tuple[type[View], ...]] = ()

    def recognises(self, subject: Subject) -> bool:
        """Tell by a first field of a model, and a graph with an operator or tensor in it."""
        head = opening(subject)
        if _SYNTAX.match(head):
            return True
        if head.lstrip()[:1] == "{":
            return _JSON.search(subject.blob.read(0, LOOK)) is not None
        if not _FIRST.match(head):
            return False
        body = subject.blob.read(0, LOOK)
        return _GRAPH.search(body) is not None and _INSIDE.search(body) is not None

    def read(self, subject: Subject) -> Iterator[Item]:
        """Yield the model as a member, and a claim.

        Raises:
            MalformedError: the text breaks off or is no message.
            LimitExceededError: longer or deeper than is followed, or in ONNX's own syntax.

        """
        if subject.size > subject.limits.text_bytes:
            raise LimitExceededError("a model in text is too long to be parsed")
        text = whole_text(subject, subject.limits.text_bytes).text
        if _SYNTAX.match(text):
            raise LimitExceededError("a model in ONNX's own syntax is not read")
        plain = text.lstrip("\ufeff \t\r\n")
        if plain.startswith("{"):
            tree = _json(plain)
            if tree is None:
                return
            body = encoded(tree, base64_bytes=True)
        else:
            body = encoded(_Text(text).tree(), base64_bytes=False)
        yield Claim(0, subject.size, "onnx model in text")
        yield Member("as-binary.onnx", MemoryBlob(body), opaque=True)


def _json(text: str) -> dict[str, object] | None:
    """Return a document that is a model; None for any other."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict) or not _MODEL & document.keys():
        return None
    return document if any(isinstance(document.get(k), dict | list) for k in _MAIN) else None


class _Text:
    """Makes a tree of protobuf's text, without recursion."""

    def __init__(self, text: str) -> None:
        self._text, self._at, self._tokens = text, 0, 0
        self._last = 0

    def tree(self) -> dict[str, object]:
        """Return the whole text as one message."""
        root: dict[str, object] = {}
        stack, name = [root], ""
        while True:
            what, word = self._next()
            if not what:
                break
            if not name:
                name = self._between(stack, what, word)
            elif word == ":":
                continue
            else:
                self._held(stack, name, what, word)
                name = ""
        if len(stack) > 1 or name:
            raise MalformedError("the text breaks off", self._place())
        return root

    def _between(self, stack: list[dict[str, object]], what: str, word: str) -> str:
        """Return the name of the next field; empty when a message ends instead."""
        if what == "word":
            return word
        if word not in {"}", ">"} or len(stack) < 2:  # noqa: PLR2004 - the whole and one in it
            raise MalformedError(f"{word[:20]!r} is not expected", self._place())
        stack.pop()
        return ""

    def _held(self, stack: list[dict[str, object]], name: str, what: str, word: str) -> None:
        """Take the value of a field, or enter the message that it is."""
        if word in {"{", "<"}:
            inner: dict[str, object] = {}
            _put(stack[-1], name, inner)
            stack.append(inner)
            if len(stack) > MAX_DEPTH:
                raise LimitExceededError(f"messages nested deeper than {MAX_DEPTH}")
        elif word == "[":
            self._list(stack, name)
        elif what in _VALUES:
            _put(stack[-1], name, self._value(what, word))
        else:
            raise MalformedError(f"{word[:20]!r} is not expected", self._place())

    def _list(self, stack: list[dict[str, object]], name: str) -> None:
        """Take a list of plain values in brackets."""
        while True:
            what, word = self._next()
            if word == "]":
                return
            if what not in _VALUES:
                raise MalformedError("a list of messages in brackets", self._place())
            _put(stack[-1], name, self._value(what, word))

    def _value(self, what: str, word: str) -> object:
        if what != "text":
            return word.replace(" ", "")
        found = _plain(word)
        while True:
            here = self._at
            more, word = self._next()
            if more != "text":
                self._at = here
                return found.encode("latin-1") if max(found, default="") < "\u0100" else found
            found += _plain(word)

    def _next(self) -> tuple[str, str]:
        space = _SPACE.match(self._text, self._at)
        at = space.end() if space else self._at
        self._last, self._tokens = at, self._tokens + 1
        if self._tokens > MAX_TOKENS:
            raise LimitExceededError(f"more than {MAX_TOKENS} tokens")
        if at >= len(self._text):
            self._at = at
            return "", ""
        found = _TOKEN.match(self._text, at)
        if found is None:
            raise MalformedError("no token of the format", self._place())
        self._at = found.end()
        return found.lastgroup or "", found[0]

    def _place(self) -> int:
        return byte_at(self._text, self._last)


def _put(message: dict[str, object], name: str, value: object) -> None:
    held = message.setdefault(name, [])
    if isinstance(held, list):
        held.append(value)


def _plain(quoted: str) -> str:
    return _ESCAPE.sub(_escaped, quoted[1:-1])


def _escaped(found: re.Match[str]) -> str:
    if found[1]:
        return chr(int(found[1], 8) & 255)
    if found[2]:
        return chr(int(found[2], 16))
    return _LETTERS.get(found[3], found[3])
