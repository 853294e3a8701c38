"""Reads XML, PMML above all: document types, entities, extensions, functions of the host.

Formats: https://www.w3.org/TR/xml/ and https://dmg.org/pmml/v4-4-1/GeneralStructure.html
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from pratique.artifacts.reader import Claim, Item, Kind, Reader, Subject, View
from pratique.artifacts.readers.decoding import Places, opening, text_if_any
from pratique.artifacts.readers.values import Values
from pratique.artifacts.views import HostCall, HostCode, ModelText

MAX_HITS = 10_000
MAX_TEXT = 4_000
_FIRST = re.compile(
    r"\s*(?:<!--(?:(?!-->).)*(?:-->\s*|\Z)){0,99}"
    r"(?:\Z|<(?:\?xml\s|!DOCTYPE\s(?!\s*html\b)|(?:\w{1,30}:)?PMML[\s>]))",
    re.IGNORECASE | re.DOTALL,
)
"""A comment may be longer than what is looked at: then the rest decides."""
_PMML = re.compile(r"<(?:\w{1,30}:)?PMML[\s>]")
_TYPE = re.compile(r"<!(DOCTYPE|ENTITY|NOTATION)\b([^>\[]{0,2000})", re.IGNORECASE)
_OUTSIDE = re.compile(r"\b(?:SYSTEM|PUBLIC)\b")
_PARTS = re.compile(
    r"<(?:(?P<comment>!--)|(?P<data>!\[CDATA\[)|(?P<order>\?(?!xml\s))"
    r"|(?P<extension>(?:\w{1,30}:)?Extension\b)"
    r"|(?P<words>(?:\w{1,30}:)?(?:Header|Application|Annotation|include|script)\b)"
    r"|(?P<function>(?:\w{1,30}:)?(?:Apply|DefineFunction)\b))"
)
_ENDS = {"comment": "-->", "data": "]]>", "order": "?>", "extension": "Extension>", "words": "</"}
_NAME = re.compile(r"\b(?:function|name)\s{0,9}=\s{0,9}[\"']([^\"']{1,300})")
_HOST = re.compile(r"(?:[a-z]\w*\.){2,}[A-Za-z_]\w*")


@dataclass(frozen=True, slots=True)
class Declaration:
    """A declaration of a document type: `sort` is `doctype`, `entity` or `notation`."""

    sort: str
    text: str
    at: int
    outside: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class XmlDeclarations(View):
    """What an XML document declares before it begins; `is_model`: it is PMML, which needs none."""

    declarations: tuple[Declaration, ...]
    is_model: bool


class XmlReader(Reader):
    """Looks for what is no model in the text; never parses it, so that nothing is expanded."""

    name: ClassVar[str] = "xml"
    kind: ClassVar[Kind] = Kind.TEXT
    views: ClassVar[tuple[type[View], ...]] = (XmlDeclarations, ModelText, HostCode)

    def recognises(self, subject: Subject) -> bool:
        """Tell by how the text begins."""
        text = opening(subject)
        return "<" in text and _FIRST.match(text) is not None

    def read(self, subject: Subject) -> Iterator[Item]:
        """Yield a claim and declarations; of PMML, texts and functions of the host as well."""
        covered = min(subject.size, subject.limits.text_bytes)
        text = text_if_any(subject, covered)
        if text is None:
            return
        yield Claim(0, covered, "xml document")
        places = Places(text)
        is_model = _PMML.search(text) is not None
        declared = tuple(_declarations(text, places))
        partial = "more declarations than are listed" if len(declared) >= MAX_HITS else ""
        yield XmlDeclarations(
            declarations=declared, is_model=is_model, covered=covered, partial=partial
        )
        if is_model:
            yield from _model((text, places), Values(subject.blob, self.name), covered)


def _declarations(text: str, places: Places) -> Iterator[Declaration]:
    for number, found in enumerate(_TYPE.finditer(text)):
        if number >= MAX_HITS:
            return
        body = " ".join(found[2].split())[:300]
        yield Declaration(
            found[1].lower(), body, places.byte(found.start()), _OUTSIDE.search(body) is not None
        )


def _model(told: tuple[str, Places], values: Values, covered: int) -> Iterator[Item]:
    text, places = told
    calls: dict[str, HostCall] = {}
    at = 0
    for _ in range(MAX_HITS):
        found = _PARTS.search(text, at)
        if found is None:
            break
        sort = str(found.lastgroup)
        if sort == "function":
            at = found.end()
            named = _NAME.search(text[at : at + 1_000].partition(">")[0])
            if named is None or named[1] in calls or not _HOST.fullmatch(named[1]):
                continue
            calls[named[1]] = HostCall("function", named[1], places.byte(found.start()))
            yield from values.say(named[1], places.byte(found.start()), sort)
        else:
            end = text.find(_ENDS[sort], found.end(), found.start() + MAX_TEXT)
            at = end if end > 0 else min(len(text), found.start() + MAX_TEXT)
            yield from values.say(text[found.start() : at], places.byte(found.start()), sort)
    else:
        values.lost += 1
    yield from values.rest()
    yield HostCode(calls=tuple(calls.values()), covered=covered)
