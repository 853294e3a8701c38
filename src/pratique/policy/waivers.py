"""Waivers: leave to keep a finding for a while, on somebody's word and until a day."""

from collections.abc import Container, Iterable, Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Final

from pratique.core.errors import UsageError
from pratique.core.finding import Finding, Severity
from pratique.core.scan import fingerprint
from pratique.core.verdict import Waiver
from pratique.policy import rule_ids, strict_yaml
from pratique.policy.globs import matches
from pratique.policy.strict_yaml import MAX_BYTES, Tree

MAX_WAIVERS: Final = 1_000
MOST_NAMED: Final = 5
_KEYS = frozenset({"rule", "fingerprint", "path", "reason", "approver", "expires"})


def load(path: Path) -> tuple[Waiver, ...]:
    """Return the waivers of a YAML file: `waivers:` and a list.

    Raises:
        UsageError: the file cannot be read or is out of shape.

    """
    body = read_file(path)
    top = strict_yaml.mapping(strict_yaml.read(body, str(path)), frozenset({"waivers"}), str(path))
    return parse(top.get("waivers", []), str(path))


def read_file(path: Path) -> bytes:
    """Return the bytes of a small file of the operator's.

    Raises:
        UsageError: it cannot be read.

    """
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as e:
        raise UsageError(f"{path}: cannot be read: {e.strerror or e}") from e


def parse(tree: Tree, where: str) -> tuple[Waiver, ...]:
    """Return the waivers of a list; one that lacks something is kept, and has no effect later.

    Raises:
        UsageError: a key or a rule's id is unknown, or a value is of the wrong kind.

    """
    items = strict_yaml.sequence(tree, MAX_WAIVERS, f"{where}: waivers")
    return tuple(_waiver(item, f"{where}: waiver {n}") for n, item in enumerate(items, 1))


def _waiver(tree: Tree, where: str) -> Waiver:
    told = strict_yaml.mapping(tree, _KEYS, where)
    words = {key: strict_yaml.text(value, f"{where}: {key}") for key, value in told.items()}
    if words.get("rule"):
        rule_ids.check(words["rule"], f"{where}: rule")
    day = words.pop("expires", "")
    try:
        expires = date.fromisoformat(day) if day else None
    except ValueError as e:
        raise UsageError(f"{where}: expires: {day!r} is no day such as 2026-12-31") from e
    return Waiver(**words, expires=expires)


def trouble(waiver: Waiver, now: datetime) -> str:
    """Return why a waiver has no effect, or an empty text where it is in force.

    It is in force through the whole of the day on which it expires, in UTC.
    """
    if bool(waiver.rule) == bool(waiver.fingerprint):
        return "names neither or both of a rule and a fingerprint"
    lacks = [word for word in ("path", "reason", "approver") if not getattr(waiver, word)]
    if lacks or waiver.expires is None:
        return "lacks its " + " and ".join(lacks or ["expiry"])
    if now.date() > waiver.expires:
        return f"expired on {waiver.expires.isoformat()}"
    return ""


def name(waiver: Waiver) -> str:
    """Return what a person recognises a waiver by."""
    return f"{waiver.fingerprint or waiver.rule or '(nothing)'} at {waiver.path or '(no path)'}"


def shown_path(path: str, finding: Finding, files: Container[str]) -> str:
    """Return the path under which reports show a finding, which is what a waiver names.

    A rule over the repository names the file as its outermost member.
    """
    chain = finding.at.chain
    return chain[0] if not path and chain and chain[0] in files else path


def covering(
    path: str, finding: Finding, in_force: Iterable[Waiver], files: Container[str] = ()
) -> Waiver | None:
    """Return the waiver that lets a finding pass, if any; `files` are the paths of the artifact.

    A critical finding needs a waiver of its own, by fingerprint: a rule and a glob would let in
    the next, different one too.
    """
    mark, shown = fingerprint(path, finding), shown_path(path, finding, files)
    for waiver in in_force:
        named = waiver.fingerprint == mark
        by_rule = waiver.rule == finding.rule and finding.severity < Severity.CRITICAL
        if (named or by_rule) and matches(shown, waiver.path):
            return waiver
    return None


def idle(unused: Sequence[Waiver]) -> Iterator[str]:
    """Yield a sentence about waivers that let nothing pass: one is often a slip of the pen."""
    names = [name(waiver) for waiver in unused]
    if names:
        more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
        which = "waiver" if len(names) == 1 else "waivers"
        verb = "matches" if len(names) == 1 else "match"
        yield f"the {which} of {', '.join(names[:MOST_NAMED])}{more} {verb} no finding here"
