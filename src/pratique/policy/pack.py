"""Policy packs: a name, a threshold, and positive `require:` lines in CEL."""

from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Final

from pratique.core.canonical import digest_of
from pratique.core.errors import UsageError
from pratique.core.finding import Digest, Severity
from pratique.core.trace import TIERS
from pratique.core.verdict import Verdict, Waiver
from pratique.policy import rule_ids, strict_yaml, waivers
from pratique.policy.document import EXAMPLE
from pratique.policy.expressions import ask, check
from pratique.policy.strict_yaml import Tree

BUILT_IN: Final = ("default", "lax", "strict")
MAX_LINES: Final = 200
_PACK = frozenset(
    {"name", "version", "description", "threshold", "sandbox", "advisories", "require", "waivers"}
)
_SANDBOX = frozenset({"tier"})
_ADVISORIES = frozenset({"max_age_days"})
MAX_AGE_DAYS: Final = 3650
_LINE = frozenset({"id", "expr", "reason", "otherwise"})
_OTHERWISE = {v.value: v for v in (Verdict.REJECT, Verdict.REVIEW, Verdict.INCOMPLETE)}


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that must hold, why it is asked, and what follows when it does not."""

    id: str
    expr: str
    reason: str
    otherwise: Verdict


@dataclass(frozen=True, slots=True)
class Pack:
    """An organisation's policy. Findings at or above `threshold` keep a model out.

    `tier` is the weakest sandbox in which a detonation counts, empty where any does. Advisories
    that are older than `max_age_days` do not count; None lets any age do.
    """

    name: str
    version: str
    description: str
    threshold: Severity
    require: tuple[Line, ...]
    waivers: tuple[Waiver, ...] = ()
    tier: str = ""
    max_age_days: int | None = None

    @property
    def digest(self) -> Digest:
        """Return the digest of what the pack demands; waivers are told of one by one instead."""
        lines = [[x.id, x.expr, x.reason, x.otherwise.value] for x in self.require]
        threshold = self.threshold.name.lower()
        told = [self.name, self.version, self.description, threshold, lines]
        if self.tier or self.max_age_days is not None:
            told = [*told, self.tier]
        return digest_of(told if self.max_age_days is None else [*told, self.max_age_days])

    def with_waivers(self, more: tuple[Waiver, ...]) -> "Pack":
        """Return this pack with further waivers."""
        return replace(self, waivers=self.waivers + more)


def load(name_or_path: str) -> Pack:
    """Return a built-in pack by its name, or the pack in a YAML file.

    Raises:
        UsageError: there is no such pack, or it is out of shape.

    """
    if name_or_path in BUILT_IN:
        resource = files("pratique.policy") / "packs" / f"{name_or_path}.yaml"
        return parse(resource.read_bytes(), name_or_path)
    path = Path(name_or_path)
    if not path.exists():
        known = ", ".join(BUILT_IN)
        raise UsageError(f"no policy pack {name_or_path!r}: built in are {known}; or give a file")
    return parse(waivers.read_file(path), name_or_path)


def parse(body: bytes, where: str) -> Pack:
    """Return the pack that `body` describes.

    Raises:
        UsageError: a key is unknown or missing, or a line is no CEL over the input document or
            names a rule that there is not.

    """
    top = strict_yaml.mapping(strict_yaml.read(body, where), _PACK, where)
    words = {key: _word(top, key, where) for key in ("name", "version", "description", "threshold")}
    items = strict_yaml.sequence(top.get("require", []), MAX_LINES, f"{where}: require")
    lines = tuple(_line(item, f"{where}: require {n}") for n, item in enumerate(items, 1))
    if not lines:
        raise UsageError(f"{where}: a pack without a `require:` line would admit everything")
    if len({line.id for line in lines}) < len(lines):
        raise UsageError(f"{where}: two lines have the same id")
    threshold = words["threshold"].upper()
    if threshold not in Severity.__members__:
        known = ", ".join(s.name.lower() for s in Severity)
        raise UsageError(f"{where}: threshold: {words['threshold']!r} is none of {known}")
    return Pack(
        words["name"],
        words["version"],
        words["description"],
        Severity[threshold],
        lines,
        waivers.parse(top.get("waivers", []), where),
        _tier(top, where),
        _max_age(top, where),
    )


def _max_age(top: dict[str, Tree], where: str) -> int | None:
    if "advisories" not in top:
        return None
    place = f"{where}: advisories"
    told = strict_yaml.mapping(top["advisories"], _ADVISORIES, place)
    word = _word(told, "max_age_days", place)
    if not word.isdigit() or not 1 <= int(word) <= MAX_AGE_DAYS:
        raise UsageError(f"{place}: max_age_days: {word!r} is no number from 1 to {MAX_AGE_DAYS}")
    return int(word)


def _tier(top: dict[str, Tree], where: str) -> str:
    if "sandbox" not in top:
        return ""
    told = strict_yaml.mapping(top["sandbox"], _SANDBOX, f"{where}: sandbox")
    tier = _word(told, "tier", f"{where}: sandbox")
    if tier not in TIERS:
        raise UsageError(f"{where}: sandbox: tier: {tier!r} is none of {', '.join(TIERS)}")
    return tier


def _line(tree: Tree, where: str) -> Line:
    told = strict_yaml.mapping(tree, _LINE, where)
    word, expr, reason, otherwise = (
        _word(told, key, where) for key in ("id", "expr", "reason", "otherwise")
    )
    if otherwise not in _OTHERWISE:
        raise UsageError(f"{where}: otherwise: {otherwise!r} is none of {', '.join(_OTHERWISE)}")
    check(expr)
    rule_ids.check_expression(expr, f"{where}: {word}")
    trouble = ask(expr, EXAMPLE).trouble
    if trouble:
        raise UsageError(f"{where}: {word}: {trouble}; docs/guides/policy.md tells what is there")
    return Line(word, expr, reason, _OTHERWISE[otherwise])


def _word(told: dict[str, Tree], key: str, where: str) -> str:
    word = strict_yaml.text(told.get(key, ""), f"{where}: {key}")
    if not word:
        raise UsageError(f"{where}: {key!r} is missing")
    return word
