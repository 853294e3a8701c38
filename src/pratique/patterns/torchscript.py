"""Which operators a TorchScript program names, in its source or in its mobile bytecode."""

import re
from collections.abc import Iterator
from typing import NamedTuple

# A quote that is never closed is matched too: trying again from each one in it is quadratic.
_TEXT = re.compile(r"\"(?:\\.|[^\"\\\n])*+(?P<a>\"?)|'(?:\\.|[^'\\\n])*+(?P<b>'?)|#[^\n]*")
_SOURCE = re.compile(
    r"\bops\s*\.\s*(?P<space>\w+)\s*\.\s*(?P<name>\w+(?:\s*\.\s*\w+)?)"
    r"|\btorch\s*\.\s*classes\s*\.\s*(?P<classes>\w+)\s*\.\s*(?P<cls>\w+)"
    r"|(?<![\w.])(?P<rpc>rpc_(?:sync|async|remote))\s*\("
    r"|\btorch\s*\.\s*(?P<plain>\w+)\s*(?:\.\s*(?P<more>\w+)\s*)?\("
)
# The mobile format is a pickle: names are texts with their length before them, or lines.
_WORD = re.compile(r"X(?P<long>..)\0\0|\x8c(?P<short>.)|V(?=(?P<line>[^\n]{1,200})\n)", re.DOTALL)
_NAME = re.compile(r"(?P<space>[a-z_]\w*)::(?P<name>[a-z_]\w*)", re.ASCII)
_BYTECODE_CLASS = re.compile(r"torch\.classes\.(?P<classes>\w+)\.(?P<cls>\w+)", re.ASCII)


MAX_WORD = 500


class Operator(NamedTuple):
    """One operator or class that a program names, and where in its text."""

    space: str
    name: str
    at: int
    is_class: bool = False


def operators(source: str, *, bytecode: bool = False) -> Iterator[Operator]:
    """Yield every operator that the program names, those inside text literals left out."""
    if bytecode:
        yield from _of_bytecode(source)
        return
    blank = _TEXT.sub(_blanked, source)
    for m in _SOURCE.finditer(blank):
        if m["classes"]:
            yield Operator(m["classes"], m["cls"], m.start(), is_class=True)
        elif m["rpc"]:
            yield Operator("prim", m["rpc"], m.start())
        elif m["space"]:
            yield Operator(m["space"], re.sub(r"\s", "", m["name"]), m.start())
        elif m["more"]:
            yield Operator(m["plain"], m["more"], m.start())
        else:
            yield Operator("aten", m["plain"], m.start())


def _blanked(text: re.Match[str]) -> str:
    """Return spaces in the place of a literal or comment; what an open quote precedes stays."""
    return text[0] if "" in (text["a"], text["b"]) else " " * len(text[0])


def _of_bytecode(source: str) -> Iterator[Operator]:
    for word, at in _words(source):
        if m := _NAME.fullmatch(word):
            yield Operator(m["space"], m["name"], at)
    for m in _BYTECODE_CLASS.finditer(source):
        yield Operator(m["classes"], m["cls"], m.start(), is_class=True)


def _words(source: str) -> Iterator[tuple[str, int]]:
    """Yield the texts of a pickle whose bytes stand in `source` one by one, with their places."""
    for m in _WORD.finditer(source):
        if m["line"]:
            yield m["line"], m.end()
            continue
        size = m["short"] or m["long"]
        length = sum(ord(c) << 8 * i for i, c in enumerate(size))
        if length <= MAX_WORD:
            yield source[m.end() : m.end() + length], m.end()
