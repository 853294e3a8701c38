"""Rule ids that a person wrote into a pack or a waiver: a misspelt one would never be met."""

import re
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Final

from pratique.core.errors import UsageError
from pratique.detectors.index import find, rules

_LITERAL: Final = re.compile(r"\"([^\"]*)\"|'([^']*)'")
_LIKE_AN_ID: Final = re.compile(r"[A-Z]{3}\d{1,4}")
_ASKED: Final = re.compile(
    r"(?:\"([^\"]*)\"|'([^']*)')\s+in\s+findings\s*\.\s*rules\b"
    r"|findings\s*\.\s*rules\s*\[\s*(?:\"([^\"]*)\"|'([^']*)')"
    r"|findings\s*\.\s*rules\s*\.\s*(\w+)\b(?!\s*\()"
)
"""What is looked up in `findings.rules`, whatever it looks like; a call such as `.all(` is none."""


def check(word: str, where: str) -> None:
    """Make sure that `word` is a rule's id.

    Raises:
        UsageError: it is none; the message names the nearest.

    """
    known = rules()
    if word in known:
        return
    named = find(word)  # in small letters, or by the slug
    nearest = [named.id] if named else get_close_matches(word.upper(), known, 1, cutoff=0)
    raise UsageError(f"{where}: no rule has the id {word!r}; the nearest is {''.join(nearest)}")


def check_expression(expression: str, where: str) -> None:
    """Make sure that each rule id which an expression names is one.

    Raises:
        UsageError: one is not; a line about its absence would hold for ever.

    """
    for word in _ids(expression):
        check(word, where)


def _ids(expression: str) -> Iterator[str]:
    for found in _LITERAL.finditer(expression):
        word = found[1] or found[2] or ""
        if _LIKE_AN_ID.fullmatch(word):
            yield word
    for found in _ASKED.finditer(expression):
        yield next((word for word in found.groups() if word is not None), "")
