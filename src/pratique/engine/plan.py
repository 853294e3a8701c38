"""Which rules apply to what, under which key a result holds, and what is still to be done."""

import hashlib
import sys
from collections.abc import Iterable
from functools import cache
from importlib.metadata import version

import pratique
from pratique.artifacts.laid import Laid
from pratique.core.fact import VIEWS, Fact
from pratique.core.finding import Digest, RuleId
from pratique.core.limits import Limits
from pratique.core.receipt import Coverage, Receipt
from pratique.core.scan import Inspection
from pratique.detectors import index
from pratique.engine.revision import ENGINE
from pratique.store.ports import ResultKey

SHARED = "shared"
"""The label of blobs that belong to no tenant."""


def key_of(
    digest: Digest,
    limits: Limits,
    owner: str = SHARED,
    laid: tuple[Laid, ...] = (),
    before: str = "",
) -> ResultKey:
    """Return the key under which a result for these bytes holds, read as `laid` says.

    `before` tells what else the worker knew: files that it may have read (engine/company.py), and
    the user's own rules.
    """
    made_by = _made_by(index.index().readers)
    if laid:
        made_by = hashlib.sha256(f"{made_by};{laid!r}".encode()).hexdigest()[:32]
    if before:
        made_by = hashlib.sha256(f"{made_by};after {before}".encode()).hexdigest()[:32]
    return ResultKey(owner, digest, made_by, limits.key())


@cache
def _made_by(readers: str) -> str:
    """Return a short digest of all code that has a say in a result, this release's and others'."""
    parts = [pratique.__version__, f"engine@{ENGINE}", readers]
    parts.append(f"python@{sys.version_info[0]}.{sys.version_info[1]}")
    parts += [f"{name}@{version(name)}" for name in PARSERS]
    return hashlib.sha256(";".join(parts).encode()).hexdigest()[:32]


PARSERS = ("jinja2", "packaging", "pyyaml", "yara-x")
"""Libraries that read hostile bytes: another version may read them differently."""


def versions() -> dict[RuleId, int]:
    """Return the version of every rule."""
    return {name: rule.version for name, rule in index.rules().items()}


def file_rules() -> frozenset[RuleId]:
    """Return the rules that read one file's views."""
    others = repository_rules() | trace_rules() | advice_rules() | index.reading("AntivirusAnswers")
    return frozenset(index.entries()) - others


def repository_rules() -> frozenset[RuleId]:
    """Return the rules that read facts of all files."""
    return index.reading("Repository")


def trace_rules() -> frozenset[RuleId]:
    """Return the rules that read what a detonation saw."""
    return index.reading("DetonationTrace")


def advice_rules() -> frozenset[RuleId]:
    """Return the rules that read what advisories say of an inventory."""
    return index.reading("MatchedComponents")


def planned(inspection: Inspection) -> frozenset[RuleId] | None:
    """Return the rules that apply to a file by the views seen in it; None if nobody noted them."""
    fact = next((f for f in inspection.facts if f.kind == VIEWS), None)
    if fact is None or not isinstance(fact.data, dict):
        return None
    seen = fact.data.get("views")
    names = {name for name in seen if isinstance(name, str)} if isinstance(seen, list) else set()
    return index.reading(*names)


def united(first: Fact, second: Fact) -> Fact:
    """Return one fact of all views that two runs over the same bytes noted."""
    names: set[str] = set()
    cut = False
    for fact in (first, second):
        if isinstance(fact.data, dict):
            views = fact.data.get("views")
            names |= {n for n in views if isinstance(n, str)} if isinstance(views, list) else set()
            cut |= bool(fact.data.get("cut"))
    return Fact(VIEWS, (), {"views": sorted(names), "cut": cut})


def owed(inspection: Inspection | None) -> frozenset[RuleId]:
    """Return `planned - receipts`: the rules that are still to be run over a file."""
    plan = planned(inspection) if inspection is not None else None
    if inspection is None or plan is None:
        return file_rules()
    return plan - {r.rule for r in inspection.receipts}


def silent(inspection: Inspection) -> frozenset[RuleId]:
    """Return the rules that should have left a receipt and did not, however the plan was lost."""
    layout = index.reading("Layout")
    return (owed(inspection) | layout) - {r.rule for r in inspection.receipts}


def unread(why: str, size: int, rules: Iterable[RuleId] | None = None) -> tuple[Receipt, ...]:
    """Return the receipts of a subject that was not read, or not to its end.

    Without `rules` they are those of the rules that account for every file's bytes.
    """
    if rules is None:
        rules = index.reading("Layout")
    at = versions()
    size = max(0, size)
    return tuple(
        Receipt(rule, at[rule], (), (), size, 0, Coverage.NONE, why[:1000])
        for rule in sorted(rules)
    )
