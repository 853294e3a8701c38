"""A rule's page as Markdown, for `explain` and for the documentation."""

from pratique.cli.reports.account import cards
from pratique.cli.reports.words import severity_word
from pratique.core.finding import RuleId
from pratique.detectors.refs import references


def rule_page(rule: RuleId) -> str:
    """Return the page of one rule."""
    card, page = cards()[rule]
    lines = [
        f"# {card.slug} ({card.id})",
        "",
        page.title,
        "",
        f"Stage **{card.stage.value}**, {_weight(rule)}, since {card.since}.",
    ]
    sections = (
        ("What it looks for", page.looks_for),
        ("Why it matters", page.matters),
        ("What to do", page.to_do),
        ("What it cannot see", page.cannot_see),
        ("References", ", ".join(references(card))),
    )
    for head, text in sections:
        lines += ["", f"## {head}", "", text]
    return "\n".join(lines) + "\n"


def _weight(rule: RuleId) -> str:
    card, _ = cards()[rule]
    severity, confidence = severity_word(card.severity), card.confidence.name.lower()
    return f"severity **{severity}**, confidence **{confidence}**, version {card.version}"
