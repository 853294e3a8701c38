"""The shape every rule has."""

import inspect
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Generic, TypeVar

from pratique.artifacts.reader import View
from pratique.core.finding import Confidence, Finding, Rule, Severity, Span

V_contra = TypeVar("V_contra", bound=View, contravariant=True)

MAX_EVIDENCE_TEXT = 500
HEADINGS = ("What it looks for", "Why it matters", "What to do", "What it cannot see")


class Detector(ABC, Generic[V_contra]):
    """One rule over one kind of view.

    The docstring of a subclass *is* its page: a sentence, then the four sections of `HEADINGS`.
    """

    rule: ClassVar[Rule]
    reads: ClassVar[type[View]]

    @abstractmethod
    def inspect(self, view: V_contra) -> Iterator[Finding]:
        """Yield findings as they are seen; never raise for hostile input."""

    @classmethod
    def finding(
        cls,
        at: Span,
        says: str,
        *,
        severity: Severity | None = None,
        confidence: Confidence | None = None,
        **evidence: str,
    ) -> Finding:
        """Build a finding that carries this rule's card; `at.chain` is filled in by the engine."""
        rule = cls.rule
        pairs = tuple(sorted((k, v[:MAX_EVIDENCE_TEXT]) for k, v in evidence.items()))
        return Finding(
            rule.id,
            rule.severity if severity is None else severity,
            rule.confidence if confidence is None else confidence,
            at,
            says,
            pairs,
        )


@dataclass(frozen=True, slots=True)
class Page:
    """A rule's docstring, taken apart: a title and the text under each heading."""

    title: str
    looks_for: str
    matters: str
    to_do: str
    cannot_see: str


def page(detector: type[Detector[View]]) -> Page:
    """Return the page of a rule; a missing section is an empty text (and fails a test)."""
    title, _, body = inspect.cleandoc(detector.__doc__ or "").partition("\n")
    parts = dict.fromkeys(HEADINGS, "")
    for chunk in ("\n" + body).split("\n## ")[1:]:
        head, _, text = chunk.partition("\n")
        parts[head.strip()] = text.strip()
    return Page(title, *(parts[h] for h in HEADINGS))
