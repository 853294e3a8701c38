"""The one list of rules. Adding a rule means adding one line here."""

from typing import Any

from pratique.core.finding import Rule, RuleId
from pratique.detectors.base import Detector

CATALOG: tuple[type[Detector[Any]], ...] = (
    # one rule a line, by id
)


def rules() -> dict[RuleId, Rule]:
    """Return every rule's card by its id."""
    return {make.rule.id: make.rule for make in CATALOG}


def find(word: str) -> type[Detector[Any]] | None:
    """Return the rule with this id or slug, or None."""
    word = word.lower()
    return next((m for m in CATALOG if word in {m.rule.id.lower(), m.rule.slug}), None)
