"""Texts and structured documents of a repository as rules read them: YAML and JSON alike."""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping

from pratique.artifacts.inventory.plain_yaml import load
from pratique.artifacts.views import Repository
from pratique.core.finding import Span

MOST_STRINGS = 100_000
MOST_PARTS = 500
_TEXT = r'("(?:[^"\\\n]|\\.)*")'
_REMARK = re.compile(rf"{_TEXT}|//[^\n]*|/\*(?:(?!\*/)[\s\S])*\*/")
_COMMA = re.compile(rf"{_TEXT}|,(?=\s*[}}\]])")
_OBJECT = re.compile(r"(?:\ufeff|\s|//[^\n]*\n|/\*(?:(?!\*/)[\s\S])*\*/)*+[{\[]")
_PROGRAM = ("command", "cmd", "entrypoint", "Entrypoint", "Cmd", "run", "runtimeExecutable")
_STEPS = ("script", "before_script", "after_script", "commands", "steps")
_MAPPING = re.compile(r"^[ \t]*(?:- )?[\"']?[\w .$/-]{1,80}[\"']?[ \t]*:(?:[ \t]|$)", re.MULTILINE)


def texts(view: Repository) -> Iterator[tuple[Span, str]]:
    """Yield the small texts of a repository, and the beginning of larger ones that list things."""
    for file in view.files:
        for kind, chain, data in file.facts:
            if kind == "text" and isinstance(data, dict) and isinstance(data.get("text"), str):
                yield Span(chain=(file.path, *chain)), data["text"]


def structured(view: Repository, *words: str) -> Iterator[tuple[Span, object]]:
    """Yield JSON documents, and YAML of texts that hold one of these words."""
    for file in view.files:
        parsed = {chain for kind, chain, _ in file.facts if kind == "json"}
        for kind, chain, data in file.facts:
            at = Span(chain=(file.path, *chain))
            if kind == "json":
                yield at, data
            elif kind == "text" and isinstance(data, dict) and chain not in parsed:
                text = str(data.get("text", ""))
                if any(word in text for word in words):
                    yield at, _loaded(text)


def _loaded(text: str) -> object:
    """Return a text as JSON with comments, as TOML or as YAML; None where it is neither."""
    if "[mcp_servers" in text:
        try:
            return tomllib.loads(text)
        except (ValueError, RecursionError):
            return None
    if _OBJECT.match(text):
        plain = _REMARK.sub(lambda m: m[1] or "", text)
        try:
            return json.loads(_COMMA.sub(lambda m: m[1] or "", plain))
        except (ValueError, RecursionError):
            return load(text)
    return load(text) if _MAPPING.search(text) else None


def strings(document: object) -> Iterator[tuple[str, str]]:
    """Yield (key, text) of every text in a document; of a list, its items under the list's key."""
    stack: list[tuple[str, object]] = [("", document)]
    for _ in range(MOST_STRINGS):
        if not stack:
            return
        key, part = stack.pop()
        if isinstance(part, dict):
            stack += [(str(name), value) for name, value in reversed(part.items())]
        elif isinstance(part, list):
            stack += [(key, value) for value in reversed(part)]
        elif isinstance(part, str):
            yield key, part


def commands(document: object) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield (command line, its parts) where a program and its arguments, or steps, stand apart."""
    stack: list[object] = [document]
    for _ in range(MOST_STRINGS):
        if not stack:
            return
        part = stack.pop()
        if isinstance(part, list):
            stack += reversed(part)
        elif isinstance(part, dict):
            stack += reversed(part.values())
            yield from _joined(part)


def _joined(part: Mapping[object, object]) -> Iterator[tuple[str, tuple[str, ...]]]:
    found = [_words(part, key) for key in _PROGRAM]
    words = next((words for words in found if words), ())
    words += _words(part, "args") + _words(part, "runtimeArgs")
    if len(words) > 1:
        yield " ".join(words), words
    for key in _STEPS:
        if len(steps := _words(part, key)) > 1:
            yield " ; ".join(steps), steps
    for name, value in part.items():
        if isinstance(value, dict) and str(name).lower().endswith("command"):
            yield from ((" ".join(_words(value, key)), ()) for key in value)


def _words(mapping: Mapping[object, object], key: object) -> tuple[str, ...]:
    told = mapping.get(key)
    if isinstance(told, str):
        return (told,)
    rows = told[:MOST_PARTS] if isinstance(told, list) else []
    return tuple(row for row in rows if isinstance(row, str))
