"""A rule's page: what its docstring says, taken apart."""

import inspect
from dataclasses import dataclass
from typing import Final

HEADINGS: Final = ("What it looks for", "Why it matters", "What to do", "What it cannot see")


@dataclass(frozen=True, slots=True)
class Page:
    """A rule's docstring, taken apart: a title and the text under each heading."""

    title: str
    looks_for: str
    matters: str
    to_do: str
    cannot_see: str


def page(detector: type) -> Page:
    """Return the page of a rule; a missing section is an empty text (and fails a test)."""
    title, _, body = inspect.cleandoc(detector.__doc__ or "").partition("\n")
    parts = dict.fromkeys(HEADINGS, "")
    for chunk in ("\n" + body).split("\n## ")[1:]:
        head, _, text = chunk.partition("\n")
        parts[head.strip()] = text.strip()
    return Page(title, *(parts[h] for h in HEADINGS))
