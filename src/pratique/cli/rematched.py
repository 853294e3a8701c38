"""What `pratique db rematch` says: for people and for machines."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from pratique.cli.reports.safe import plain
from pratique.cli.reports.words import many
from pratique.core.finding import Severity
from pratique.flows.changes import Change
from pratique.store.ports import Said

MOST_SHOWN = 20


def value(changes: Sequence[Change]) -> dict[str, Any]:
    """Return everything as JSON values."""
    return {
        "models": len(changes),
        "changed": [
            {
                "root": one.root,
                "name": one.name,
                "new": [_as_json(said) for said in _gravest(one.new)],
                "changed": [
                    {"before": _as_json(before), "after": _as_json(after)}
                    for before, after in one.changed
                ],
                "gone": [_as_json(said) for said in _gravest(one.gone)],
            }
            for one in changes
            if one.any
        ],
        "unread": [
            {"root": one.root, "name": one.name, "why": one.trouble}
            for one in changes
            if one.trouble
        ],
    }


def lines(changes: Sequence[Change], *, every: bool) -> Iterator[str]:
    """Yield lines for a terminal: the gravest first, and only some unless `every` is wished."""
    for one in changes:
        if not (one.any or one.trouble):
            continue
        yield f"{plain(one.name)} ({one.root[:19]})"
        if one.trouble:
            yield f"  ! {plain(one.trouble)}"
        turned = sorted(one.changed, key=lambda pair: _weight(pair[1]))
        groups = (
            ("+", [_words(said) for said in _gravest(one.new)]),
            ("~", [_turn(*pair) for pair in turned]),
            ("-", [_words(said) for said in _gravest(one.gone)]),
        )
        for sign, told in groups:
            shown = told if every else told[:MOST_SHOWN]
            yield from (f"  {sign} {words}" for words in shown)
            if len(shown) < len(told):
                yield f"  {sign} and {len(told) - len(shown)} more: see --verbose"
    unread = sum(bool(one.trouble) for one in changes)
    lost = f", {unread} to be scanned again" if unread else ""
    changed = sum(one.any for one in changes)
    yield f"{many(len(changes), 'model')} matched, {changed} changed{lost}; no model byte was read"


def _gravest(rows: Sequence[Said]) -> list[Said]:
    return sorted(rows, key=_weight)


def _weight(said: Said) -> tuple[bool, int, str, str]:
    return not said.exploited, -said.severity, said.component, said.advisory


def _severity(said: Said) -> str:
    return Severity(said.severity).name.lower() if said.severity >= 0 else ""


def _words(said: Said) -> str:
    parts = [f"{_severity(said)} {_named(said)}: {said.advisory} {said.state}".strip()]
    parts += ["listed by CISA as exploited"] if said.exploited else []
    parts += [f"mended in {said.fixed[0]}"] if said.fixed else []
    return plain(", ".join(parts))


def _turn(before: Said, after: Said) -> str:
    """Return what is another than before."""
    parts = []
    if before.state != after.state:
        parts.append(f"{before.state} -> {after.state}")
    known = before.severity >= 0  # an earlier version of Pratique kept no more than the state
    if known and before.severity != after.severity:
        parts.append(f"{_severity(before)} -> {_severity(after)}")
    if known and before.exploited != after.exploited:
        parts.append("listed by CISA as exploited" if after.exploited else "no longer listed")
    if known and before.fixed != after.fixed:
        parts.append(f"mended in {after.fixed[0]}" if after.fixed else "no version mends it")
    return plain(f"{_severity(after)} {_named(after)}: {after.advisory} {', '.join(parts)}".strip())


def _named(said: Said) -> str:
    return said.component if "@" in said.component else f"{said.component} (no exact version)"


def _as_json(said: Said) -> dict[str, Any]:
    told = asdict(said) | {"severity": _severity(said), "mended_in": list(said.fixed)}
    del told["fixed"], told["aliases"]
    return told
