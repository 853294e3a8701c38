"""The part of the report for a person that tells what the package names, as a table of Rich."""

from collections import Counter
from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from pratique.advisories.versions import key_of
from pratique.cli.reports.safe import plain
from pratique.cli.reports.words import many
from pratique.core.advisory import Match, Matched, State
from pratique.core.component import Component, Relation

MOST_SHOWN = 25
_OWN = frozenset({Relation.NEEDS, Relation.CONTAINS})
_COLOUR = {State.AFFECTED: "red", State.UNKNOWN: "yellow"}


def components(matched: Matched) -> RenderableType:
    """Return a line for each component that an advisory is about, and how many there are."""
    return Group(*_parts(matched))


def _parts(matched: Matched) -> Iterator[RenderableType]:
    told = rows(matched)
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(overflow="fold")
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    table.add_column(overflow="fold", style="dim")
    for component, matches in told[:MOST_SHOWN]:
        state = State.AFFECTED if _has(matches, State.AFFECTED) else State.UNKNOWN
        own = component.relation in _OWN
        place = f"{component.path}:{component.line}" if component.line else component.path
        said = Text(_tally(matched, matches), _COLOUR[state] if own else "dim")
        named = f"{component.name} {component.spec or component.version}".strip()
        named = named if own else f"{named} ({component.relation.value})"
        table.add_row(Text(plain(named)), said, _mend(component, matches), Text(plain(place)))
    if told:
        yield table
    if len(told) > MOST_SHOWN:
        yield Text(f"and {many(len(told) - MOST_SHOWN, 'more component')}", "italic")
    yield Text(summary(matched), "dim")


def rows(matched: Matched) -> list[tuple[Component, list[Match]]]:
    """Return the components that advisories are about, the gravest first."""
    groups: dict[int, list[Match]] = {}
    for match in matched.matches:
        if not match.silenced:
            groups.setdefault(match.component, []).append(match)

    def weight(item: tuple[int, list[Match]]) -> tuple[int, int, str]:
        index, matches = item
        affected = [matched.advisory(m).severity for m in matches if m.state is State.AFFECTED]
        return -max(affected, default=-1), -len(affected), matched.inventory.components[index].name

    return [
        (matched.inventory.components[index], matches)
        for index, matches in sorted(groups.items(), key=weight)
    ]


def summary(matched: Matched) -> str:
    """Return in a line how much was named, and by what data it was judged."""
    inventory, snapshot = matched.inventory, matched.snapshot
    total = many(len(inventory.components), "component")
    told = f"{total} in {many(inventory.places, 'file')}"
    if not inventory.components:
        return "no file names a component"
    if not inventory.matchable:
        return f"{told}, of no ecosystem that has advisories"
    if not snapshot.usable:
        return f"{told}; not matched: {snapshot.trouble}"
    other = f", {len(matched.unmatched)} of no ecosystem in it" if matched.unmatched else ""
    made = snapshot.made[:10]
    return f"{told}{other}; matched with {snapshot.records} records taken in on {made}"


def _mend(component: Component, matches: list[Match]) -> str:
    """Return the first version in which all that affects a component is mended."""
    affected = [match.fixed for match in matches if match.state is State.AFFECTED]
    if not affected:
        return "name a version" if component.relation in _OWN else ""
    if not all(affected):
        return "not all are mended"
    keys = {fixed[0]: key_of(component.ecosystem, fixed[0]) for fixed in affected}
    return f"mended in {max(keys, key=lambda version: keys[version])}"


def _has(matches: list[Match], state: State) -> bool:
    return any(match.state is state for match in matches)


def _tally(matched: Matched, matches: list[Match]) -> str:
    affected = Counter(matched.advisory(m).severity for m in matches if m.state is State.AFFECTED)
    unknown = sum(match.state is State.UNKNOWN for match in matches)
    parts = [f"{affected[s]} {s.name.lower()}" for s in sorted(affected, reverse=True)]
    return " · ".join([*parts, *([f"{unknown} unknown"] if unknown else [])])
