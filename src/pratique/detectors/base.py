"""The shape every rule has."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import ClassVar, Generic, TypeVar

from pratique.artifacts.reader import View
from pratique.core.finding import Confidence, Finding, Rule, Severity, Span

V_contra = TypeVar("V_contra", bound=View, contravariant=True)

MAX_EVIDENCE_TEXT = 500


class Detector(ABC, Generic[V_contra]):
    """One rule over one kind of view.

    The docstring of a subclass *is* its page: a sentence, then the sections of `page.HEADINGS`.
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
