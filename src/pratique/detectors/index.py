"""What is known of every rule without importing one: a file that scripts/make_reference.py writes.

Only the workers' zygote runs rules and readers. The process that plans, decides and reports needs
their names, versions, cards and pages, and none of the 300 modules behind them: half of its start
and a fifth of its memory (docs/benchmarks.md). A test holds the file against the catalogue.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from pratique.core.finding import Confidence, Rule, RuleId, Severity, Stage
from pratique.detectors.page import Page

FILE: Final = Path(__file__).with_name("index.json")


@dataclass(frozen=True, slots=True)
class Entry:
    """One rule: its card, its page, and the name of the view that it reads."""

    rule: Rule
    reads: str
    page: Page


@dataclass(frozen=True, slots=True)
class Index:
    """Every rule by its id, and `name@version` of every reader as one text."""

    rules: Mapping[RuleId, Entry]
    readers: str


@cache
def index() -> Index:
    """Return the index of this release."""
    told = json.loads(FILE.read_bytes())
    return Index({e.rule.id: e for e in map(_entry, told["rules"])}, told["readers"])


def entries() -> Mapping[RuleId, Entry]:
    """Return every rule by its id."""
    return index().rules


def rules() -> dict[RuleId, Rule]:
    """Return every rule's card by its id."""
    return {name: entry.rule for name, entry in entries().items()}


def find(word: str) -> Rule | None:
    """Return the card of the rule with this id, in whatever case, or this slug; None if none."""
    word = word.lower()
    return next((r for r in rules().values() if word in {r.id.lower(), r.slug}), None)


def reading(*views: str) -> frozenset[RuleId]:
    """Return the rules that read one of these views."""
    return frozenset(name for name, entry in entries().items() if entry.reads in views)


def written(entries: Mapping[RuleId, Entry], readers: str) -> str:
    """Return the body of the index's file, a rule a line so that two changes seldom meet."""
    lines = [json.dumps(_told(entries[name]), ensure_ascii=False) for name in sorted(entries)]
    return f'{{"readers": {json.dumps(readers)},\n"rules": [\n' + ",\n".join(lines) + "\n]}\n"


def _told(entry: Entry) -> dict[str, Any]:
    rule = {name: getattr(entry.rule, name) for name in Rule.__slots__}
    rule |= {
        "stage": entry.rule.stage.value,
        "severity": entry.rule.severity.name,
        "confidence": entry.rule.confidence.name,
    }
    return {
        "rule": rule,
        "reads": entry.reads,
        "page": [getattr(entry.page, name) for name in Page.__slots__],
    }


def _entry(told: Mapping[str, Any]) -> Entry:
    card = told["rule"]
    rule = Rule(
        id=RuleId(card["id"]),
        slug=card["slug"],
        stage=Stage(card["stage"]),
        severity=Severity[card["severity"]],
        confidence=Confidence[card["confidence"]],
        refs=tuple(card["refs"]),
        since=card["since"],
        version=card["version"],
    )
    return Entry(rule, told["reads"], Page(*told["page"]))
