"""Python source: parsed to a syntax tree, summed up, never compiled nor run."""

import ast
import codecs
import re
import unicodedata
import warnings
from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar

from pratique.artifacts.reader import HEAD, Claim, Item, Kind, Reader, Subject, View
from pratique.artifacts.readers.decoding import opening, text_if_any
from pratique.artifacts.readers.python_acts import acts
from pratique.artifacts.readers.python_fold import Names
from pratique.artifacts.readers.python_module import summary
from pratique.artifacts.readers.python_view import PythonModule
from pratique.core.errors import LimitExceededError
from pratique.core.fact import Fact, Json
from pratique.core.limits import MiB

_ = unicodedata.unidata_version  # parsing needs this module, and a jailed worker cannot import

MAX_BYTES = 1 * MiB
"""A syntax tree takes about a hundred times its source."""
MAX_CHUNKS = 5_000
MAX_IMPORTS = 1_000
MANY = 3
"""Vocabularies hold a line that resembles an import; source holds more of them."""

_LIKELY = re.compile(
    r"^[ \t]*(?:import[ \t]+\w|from[ \t]+[\w.]+[ \t]+import\b|class[ \t]+\w"
    r"|@\w|(?:print|exec)[ \t])"
    r"|[\w\])][ \t]{0,3}\(",
    re.MULTILINE,
)
_STRONG = re.compile(
    r"^(?:import[ \t]+[\w., ]+$"
    r"|from[ \t]+[\w.]+[ \t]+import\b|def[ \t]+\w+\(.*\):|class[ \t]+\w+.*:"
    r"|#!.*python)",
    re.MULTILINE,
)
_JSON = re.compile(r'\s*[{\[]\s*["{\[\]}\d-]')
_CODE = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Call)


class PythonReader(Reader):
    """Reads text that parses as Python and holds imports, definitions or calls.

    Source that this Python cannot parse (Python 2, say) is read statement by statement, and the
    view says how much was left out.
    """

    name: ClassVar[str] = "python"
    version: ClassVar[int] = 5
    kind: ClassVar[Kind] = Kind.TEXT
    views: ClassVar[tuple[type[View], ...]] = (PythonModule,)

    def recognises(self, subject: Subject) -> bool:
        """Tell whether some line begins as a Python statement does."""
        text = opening(subject)
        if subject.size <= MAX_BYTES:
            long = subject.size > HEAD and _JSON.match(text) is None
            return bool(text) and (long or _LIKELY.search(text) is not None)
        ends = (text, subject.tail.decode("utf-8", "replace") if text else "")
        return sum(len(_STRONG.findall(end)) for end in ends) >= MANY

    def read(self, subject: Subject) -> Iterator[Item]:
        """Yield one PythonModule and a claim; nothing when the text is no Python after all."""
        if subject.size > MAX_BYTES:
            raise LimitExceededError(f"Python of more than {MAX_BYTES} bytes is not parsed")
        text = text_if_any(subject, MAX_BYTES)
        if text is None:
            return
        text, encoding = _as_declared(text)
        partial = ""
        try:
            tree = parse(text)
        except (SyntaxError, ValueError) as e:
            salvaged = _salvage(text)
            if salvaged is None:
                return
            tree, left = salvaged
            partial = f"{left} statements are no Python 3: {e}"[:200]
        except (RecursionError, MemoryError):
            raise LimitExceededError("the source is nested too deep to parse") from None
        if any(isinstance(node, _CODE) for node in ast.walk(tree)):
            yield Claim(0, subject.size, "python source")
            before = subject.context if isinstance(subject.context, Names) else None
            module = summary(tree, text, subject.size, partial, before)
            yield replace(module, encoding=encoding)
            yield Fact("python", subject.chain, acts(module))
            if imports := _top_level(module):
                yield Fact("imports", subject.chain, imports)


def _top_level(module: PythonModule) -> list[Json]:
    """Return (name, line) of each package that is imported, the first time it is."""
    found: dict[str, Json] = {}
    for name, line, _ in module.imports:
        top = name.partition(".")[0]
        if top and len(found) < MAX_IMPORTS:
            found.setdefault(top[:200], line)
    return [[name, line] for name, line in found.items()]


def parse(text: str) -> ast.Module:
    """Parse without letting the warnings of hostile source out."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(text)


_COOKIE = re.compile(r"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
_PLAIN = re.compile(
    r"utf[-_]?8(?:[-_]sig)?|u8|ascii|us[-_]ascii|646|latin[-_]?\d+|l1|iso[-_]?8859[-_]?\d+|cp\d+"
    r"|windows[-_]?\d+|mac[-_]?\w+|koi8[-_]\w|gbk|gb2312|gb18030|big5|euc[-_]?\w+|shift[-_]?jis"
    r"|sjis|iso2022[-_]\w+|hz|tis[-_]?620|ptcp154|johab|kz1048|utf[-_]?8[-_](?:unix|dos|mac)",
    re.IGNORECASE,
)
_HIDING = {
    "utf7": "utf-7",
    "unicodeescape": "unicode_escape",
    "rawunicodeescape": "raw_unicode_escape",
}
for _name in _HIDING.values():
    codecs.lookup(_name)  # a jailed worker can import no codec later


def _as_declared(text: str) -> tuple[str, str]:
    """Return the text that Python would parse, and the encoding declared when it is an odd one."""
    for line in text.split("\n", 2)[:2]:
        match = _COOKIE.match(line)
        if match is None:
            continue
        name = match[1]
        if _PLAIN.fullmatch(name):
            return text, ""
        known = _HIDING.get(name.lower().replace("-", "").replace("_", ""))
        if known is None:
            return text, name
        try:
            return text.encode("latin-1").decode(known), name
        except ValueError:
            return text, name
    return text, ""


_STATEMENT = re.compile(r"^(?=[^\s#)\]}])", re.MULTILINE)
_OLD = re.compile(r"^exec[ \t]+[\"'\w]", re.MULTILINE)
_PRINT = re.compile(r"^([ \t]*)(print|exec)[ \t]+(?![=(])(.*)$", re.MULTILINE)


def _salvage(text: str) -> tuple[ast.Module, int] | None:
    """Parse each top-level statement by itself; None when most of it is no Python at all."""
    if not _STRONG.search(text) and not _OLD.search(text):
        return None
    starts = [m.start() for m in _STATEMENT.finditer(text)][:MAX_CHUNKS]
    body: list[ast.stmt] = []
    left = 0
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        try:
            part = parse(_PRINT.sub(r"\1\2(\3)", text[start:end]))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            left += 1
            continue
        body += part.body
    if left * 2 > len(starts) or not body:
        return None
    return ast.Module(body, []), left
