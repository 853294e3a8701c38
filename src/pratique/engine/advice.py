"""What rules say of an inventory in the light of advisories.

They run in the parent: the view holds words that were checked field by field, nothing to parse.
"""

from typing import Final

from pratique.artifacts.matched import INVENTORY_VERSION, MatchedComponents, view_of
from pratique.core.advisory import Matched
from pratique.core.component import Inventory
from pratique.core.errors import MalformedError
from pratique.core.finding import Finding, Rule
from pratique.core.inventory_json import inventory_of
from pratique.core.receipt import Coverage, Receipt
from pratique.core.scan import Inspection
from pratique.detectors.base import Detector
from pratique.detectors.vulnerabilities.component_made_with import ComponentMadeWith
from pratique.detectors.vulnerabilities.component_unreadable import ComponentUnreadable
from pratique.detectors.vulnerabilities.component_version_open import ComponentVersionOpen
from pratique.detectors.vulnerabilities.component_vulnerable import ComponentVulnerable
from pratique.engine.bounds import INVENTORY
from pratique.engine.plan import advice_rules, unread

RULES: Final[tuple[type[Detector[MatchedComponents]], ...]] = (
    ComponentVulnerable,
    ComponentVersionOpen,
    ComponentMadeWith,
    ComponentUnreadable,
)
"""The rules that run here, imported by name: the whole catalogue is for workers."""

MOST = 5_000
"""A lock file of hundreds of old packages has more advisories than a rule over bytes has hits."""


def inventory(repository: Inspection) -> Inventory | None:
    """Return what a worker said that the package names, None where it did not come to that."""
    fact = next((f for f in repository.facts if f.kind == INVENTORY), None)
    if fact is None:
        return None
    try:
        return inventory_of(fact.data)
    except MalformedError:
        return None


def judged(matched: Matched) -> Inspection:
    """Return what the rules say, each with its receipt."""
    view = view_of(matched)
    findings: list[Finding] = []
    receipts: list[Receipt] = []
    for make in RULES:
        told = sorted(make().inspect(view), key=lambda f: -f.severity)
        findings += told[:MOST]
        receipts.append(_receipt(make.rule, view, max(0, len(told) - MOST)))
    return Inspection(tuple(findings), tuple(receipts))


def _receipt(rule: Rule, view: MatchedComponents, more: int) -> Receipt:
    size = max(1, len(view.matched.inventory.components))
    digest = view.matched.snapshot.digest
    made_by = (f"inventory@{INVENTORY_VERSION}", *([f"advisories:{digest[:16]}"] if digest else []))
    why = [view.partial] if view.partial else []
    if more:
        why.append(f"{more} more findings, none worse, are not listed")
    coverage = Coverage.FULL
    if why:
        coverage = Coverage.PARTIAL if view.covered else Coverage.NONE
    covered = min(view.covered, size)
    text = "; ".join(why)[:1000]
    return Receipt(rule.id, rule.version, (), made_by, size, covered, coverage, text)


def unjudged(why: str) -> Inspection:
    """Return the receipts of rules that had no inventory to judge."""
    return Inspection(receipts=unread(why, 1, advice_rules()))
