"""YAML: tags and scalars as parser events; nothing is ever composed or constructed."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

import yaml

from pratique.artifacts.reader import Claim, Item, Kind, Reader, Subject, View
from pratique.artifacts.readers import named_code
from pratique.artifacts.readers.decoding import Places, opening, text_if_any
from pratique.artifacts.readers.template_tree import is_template, without_workflow
from pratique.artifacts.views import TemplateView
from pratique.core.errors import LimitExceededError
from pratique.core.fact import Fact, Json
from pratique.core.limits import MiB

MAX_BYTES = 8 * MiB
MAX_EVENTS = 2_000_000
MAX_DEPTH = 128
"""libyaml takes time quadratic in the depth of flow collections."""
MAX_KEPT = 10_000
MAX_TEXT = 1_000
MAX_TEMPLATES = 100
_JSON = re.compile(r'\s*[{\[]\s*["{\[\]}]')
_FIRST = re.compile(
    r"""(?>(?:[^\S\n]*(?:\#[^\n]*)?\n)*)(?:---(?:\s|$)|%YAML|%TAG|!|&\w+|[{\[]|-[ \n]"""
    r"""|(?:"[^"\n]{1,200}"|'[^'\n]{1,200}'|[\w$.][^\n:#]{0,120}|\?\s)\s*:?(?::\s|:$|\n))"""
)
_Parser: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class YamlScalar:
    """One `key: value` of a mapping, or a tagged node; `tag` is spelt out in full."""

    key: str
    value: str
    tag: str
    line: int
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class YamlText(View):
    """What a YAML text asks of its loader: every tag, and the keys that name code."""

    documents: int
    aliases: int
    tagged: tuple[YamlScalar, ...]
    named: tuple[YamlScalar, ...]


class YamlReader(Reader):
    """Reads YAML 1.1 events with libyaml. Front matter of Markdown counts as one document."""

    name: ClassVar[str] = "yaml"
    kind: ClassVar[Kind] = Kind.TEXT
    views: ClassVar[tuple[type[View], ...]] = (YamlText, TemplateView)

    def recognises(self, subject: Subject) -> bool:
        """Tell whether the text begins with what only a YAML mapping or sequence begins with."""
        text = opening(subject)
        return bool(text) and not _JSON.match(text) and _FIRST.match(text) is not None

    def read(self, subject: Subject) -> Iterator[Item]:
        """Yield a view of tags and keys, and a claim when the text is YAML to its end."""
        if subject.size > MAX_BYTES:
            raise LimitExceededError(f"YAML of more than {MAX_BYTES} bytes is not parsed")
        text = text_if_any(subject, MAX_BYTES)
        if text is None:
            return
        seen = _Seen(text)
        complete = seen.walk()
        if not seen.structured:
            return  # any prose is YAML of one scalar
        yield YamlText(
            documents=seen.documents,
            aliases=seen.aliases,
            tagged=tuple(seen.tagged),
            named=tuple(seen.named),
            covered=subject.size,
            partial=seen.lost,
        )
        for key, source, at in seen.templates:
            origin = f"yaml:{key}"
            yield TemplateView(source=source, origin=origin, base=at, covered=subject.size)
        if seen.named:
            rows: list[Json] = [[s.key, s.value, s.line] for s in seen.named]
            yield Fact("yaml", subject.chain, rows)
        if complete:
            yield Claim(0, subject.size, "yaml document")
        if seen.over:
            raise LimitExceededError(
                f"more than {MAX_EVENTS} YAML events, or deeper than {MAX_DEPTH}"
            )


@dataclass(slots=True)
class _Seen:
    """Walks events once, remembering for each open mapping which key comes next."""

    text: str
    documents: int = 0
    aliases: int = 0
    structured: bool = False
    over: bool = False
    lost: str = ""
    tagged: list[YamlScalar] = field(default_factory=list)
    named: list[YamlScalar] = field(default_factory=list)
    templates: list[tuple[str, str, int]] = field(default_factory=list)
    _anchors: dict[str, str] = field(default_factory=dict)
    _rows: set[tuple[str, str]] = field(default_factory=set)
    _open: list[list[str] | None] = field(default_factory=list)
    """Per open mapping a list: empty when a key is next, else the key; None for a sequence."""
    _places: Places = field(init=False)

    def __post_init__(self) -> None:
        self._places = Places(self.text)

    def walk(self) -> bool:
        """Read to the end; return False where the rest is no YAML (prose after front matter)."""
        try:
            for count, event in enumerate(yaml.parse(self.text, Loader=_Parser)):
                if count >= MAX_EVENTS or len(self._open) > MAX_DEPTH:
                    self.over = True
                    return False
                self._see(event)
        except (yaml.YAMLError, ValueError, RecursionError, MemoryError):
            return False
        return True

    def _see(self, event: yaml.Event) -> None:
        match event:
            case yaml.DocumentStartEvent():
                self.documents += 1
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                self._start(event)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                if self._open:
                    self._open.pop()
            case yaml.AliasEvent():
                self.aliases += 1
                value = self._anchors.get(event.anchor or "", "")
                self._keep(event, self._step(value), value)
            case yaml.ScalarEvent():
                self._scalar(event)
            case _:
                pass

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        key = self._step(event.value)
        if event.anchor and len(self._anchors) < MAX_KEPT:
            self._anchors[event.anchor] = event.value[:MAX_TEXT]
        if len(self.templates) < MAX_TEMPLATES and is_template(event.value):
            at = event.start_mark.index if event.start_mark else 0
            self.templates.append((key[:80], without_workflow(event.value), self._places.byte(at)))
        self._keep(event, key, event.value)

    def _start(self, event: yaml.MappingStartEvent | yaml.SequenceStartEvent) -> None:
        self.structured = True
        key = self._step("")
        self._keep(event, key, "")
        self._open.append([] if isinstance(event, yaml.MappingStartEvent) else None)

    def _step(self, value: str) -> str:
        """Take one node's place in the innermost mapping; return its key when it is a value."""
        if not self._open or self._open[-1] is None:
            return ""
        top = self._open[-1]
        if top:
            return top.pop()
        top.append(value)
        return ""

    def _keep(self, event: yaml.NodeEvent, key: str, value: str) -> None:
        tag = getattr(event, "tag", None) or ""
        tagged, named = bool(tag) and tag != "!", named_code.tells(key, value)
        if not tagged and not named:
            return
        mark = event.start_mark
        index, line = (mark.index, mark.line + 1) if mark else (0, 0)
        at, shown = self._places.byte(index), named_code.shortened(value, MAX_TEXT)
        row = YamlScalar(key[:MAX_TEXT], shown, tag[:MAX_TEXT], line, at)
        if tagged:
            self.structured = True
            self._put(self.tagged, row)
        if named and (row.key, shown) not in self._rows:
            self._put(self.named, row)
            self._rows.add((row.key, shown))

    def _put(self, rows: list[YamlScalar], row: YamlScalar) -> None:
        if len(rows) < MAX_KEPT:
            rows.append(row)
            return
        self._rows.clear()
        self.lost = f"more than {MAX_KEPT} tags or names of code"
