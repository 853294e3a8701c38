"""Parses the few Python literals that a numpy header is made of, with a bound on depth.

Not `ast.literal_eval`: the compiler behind it can exhaust the stack on hostile nesting.
"""

import re
from typing import TypeAlias

from pratique.core.errors import MalformedError


class Mapping(dict[str, "Literal"]):
    """A parsed dict that remembers how many pairs it was written with."""

    pairs: int = 0


Literal: TypeAlias = "str | int | bool | list[Literal] | tuple[Literal, ...] | Mapping | None"

MAX_DEPTH = 16
MAX_DIGITS = 19
_TOKEN = re.compile(
    r"\s*(?:(?P<open>[\[({])|(?P<close>[\])}])|(?P<mark>[,:])|(?P<number>\d+)L?"
    r"|(?P<word>True|False|None)|(?P<text>u?'(?:[^'\\]|\\.)*'|u?\"(?:[^\"\\]|\\.)*\"))"
)
_CLOSES = {"[": "]", "(": ")", "{": "}"}
_WORDS = {"True": True, "False": False, "None": None}


class _Open:
    """A list, tuple or dict that is not closed yet."""

    __slots__ = ("items", "keys", "kind", "marks")

    def __init__(self, kind: str) -> None:
        self.kind, self.items, self.marks = kind, list[Literal](), 0
        self.keys: list[str] = []

    def mark(self, mark: str, at: int) -> None:
        """Take a comma or a colon; a colon makes the last item a key."""
        if mark == ",":
            self.marks += 1
        elif self.kind == "{" and self.items and isinstance(self.items[-1], str):
            self.keys.append(str(self.items.pop()))
        else:
            raise MalformedError("the header has a colon out of place", at)

    def value(self, at: int) -> "Literal":
        """Return what was read, once it is closed."""
        if self.kind == "[":
            return self.items
        if self.kind == "(":
            return self.items[0] if len(self.items) == 1 and not self.marks else tuple(self.items)
        if len(self.keys) != len(self.items):
            raise MalformedError("the header has a key without a value", at)
        told = Mapping(zip(self.keys, self.items, strict=True))
        told.pairs = len(self.keys)
        return told


def parse_literal(text: str) -> "Literal":
    """Return the value of a literal.

    Raises:
        MalformedError: anything but lists, tuples, dicts, texts, whole numbers and constants.

    """
    stack = [_Open("[")]
    at, end = 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if not match:
            raise MalformedError(f"the header is no plain literal at {text[at : at + 20]!r}")
        at = match.end()
        _token(match, stack)
    if len(stack) != 1 or len(stack[0].items) != 1 or stack[0].marks:
        raise MalformedError("the header is not one literal")
    return stack[0].items[0]


def _token(match: re.Match[str], stack: list[_Open]) -> None:
    kind, token = str(match.lastgroup), str(match[str(match.lastgroup)])
    if kind == "open":
        stack.append(_Open(token))
        if len(stack) > MAX_DEPTH:
            raise MalformedError("the header nests too deep")
    elif kind == "close":
        if len(stack) == 1 or _CLOSES[stack[-1].kind] != token:
            raise MalformedError("the header closes what it did not open")
        value = stack.pop().value(match.start())
        stack[-1].items.append(value)
    elif kind == "mark":
        stack[-1].mark(token, match.start())
    else:
        stack[-1].items.append(_atom(kind, token))


def _atom(kind: str, token: str) -> "Literal":
    if kind == "number":
        if len(token) > MAX_DIGITS:
            raise MalformedError("the header has a number beyond any file")
        return int(token)
    if kind == "word":
        return _WORDS[token]
    return token.lstrip("u")[1:-1]
