"""The part of the report for a person that tells what the package names, as a table of Rich."""

from collections import Counter
from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from pratique.artifacts.matched import OWN
from pratique.cli.reports.safe import plain
from pratique.cli.reports.words import many
from pratique.core.advisory import Match, Matched, State
from pratique.core.component import Component

MOST_SHOWN = 25
_COLOUR = {State.AFFECTED: "red", State.UNKNOWN: "yellow"}


def components(matched: Matched) -> RenderableType:
    """Return a line for each component that an advisory is about, and how many there are."""
    return Group(*_parts(matched))


def _parts(matched: Matched) -> Iterator[RenderableType]:
    told = _folded(matched)
    mends = {index: (version, left) for index, version, left in matched.mends}
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(overflow="fold")
    table.add_column(overflow="fold")
    table.add_column(overflow="fold")
    table.add_column(overflow="fold", style="dim")
    for component, matches, more in told[:MOST_SHOWN]:
        state = State.AFFECTED if _has(matches, State.AFFECTED) else State.UNKNOWN
        own = component.relation in OWN
        place = f"{component.path}:{component.line}" if component.line else component.path
        said = Text(_tally(matched, matches), _COLOUR[state] if own else "dim")
        mend = _mend(matched, matches, *mends.get(matches[0].component, ("", ())))
        table.add_row(
            Text(plain(_named(component))),
            said,
            Text(plain(mend)),
            Text(plain(place) + (f" and {more} more" if more else "")),
        )
    if told:
        yield table
    if len(told) > MOST_SHOWN:
        yield Text(f"and {many(len(told) - MOST_SHOWN, 'more component')}", "italic")
    yield from _silenced(matched)
    yield Text(summary(matched), "dim")


def _silenced(matched: Matched) -> Iterator[RenderableType]:
    """Yield a line for each author and day by whose word advisories are let be."""
    groups: dict[tuple[str, str], list[str]] = {}
    for match in matched.matches:
        if (word := match.silenced) is not None:
            about = matched.advisories[match.advisory].id
            groups.setdefault((word.author, word.expires[:10]), []).append(about)
    for (author, until), ids in sorted(groups.items())[:MOST_SHOWN]:
        named = ", ".join(ids[:3]) + (f" and {len(ids) - 3} more" if len(ids) > 3 else "")  # noqa: PLR2004
        says = f"{len(ids)} silenced by VEX of {author[:100]} until {until}: {named}"
        yield Text(plain(says), "dim")


def _folded(matched: Matched) -> list[tuple[Component, list[Match], int]]:
    """Return the same with how many more places name it: one version is one line."""
    found: dict[tuple[object, ...], tuple[Component, list[Match], int]] = {}
    for component, matches in rows(matched):
        answers = frozenset((match.advisory, match.state) for match in matches)
        key = (component.ecosystem, component.name, component.spec or component.version, answers)
        first = found.get(key)
        if first is None:
            found[key] = (component, matches, 0)
        elif first[0].relation in OWN or component.relation not in OWN:
            found[key] = (*first[:2], first[2] + 1)
        else:  # what is installed counts more than what a file was made with
            found[key] = (component, matches, first[2] + 1)
    return list(found.values())


def _named(component: Component) -> str:
    named = f"{component.name} {component.spec or component.version}".strip()
    return named if component.relation in OWN else f"{named} ({component.relation.value})"


def rows(matched: Matched) -> list[tuple[Component, list[Match]]]:
    """Return the components that advisories are about: what is exploited first, then the gravest.

    What an advisory affects comes before what it may affect.
    """
    groups: dict[int, list[Match]] = {}
    for match in matched.matches:
        if not match.silenced:
            groups.setdefault(match.component, []).append(match)

    def weight(item: tuple[int, list[Match]]) -> tuple[bool, int, int, str]:
        index, matches = item
        hit = [matched.advisory(m) for m in matches if m.state is State.AFFECTED]
        worst = max((advisory.severity for advisory in hit), default=-1)
        exploited = any(advisory.exploited for advisory in hit)
        return not exploited, -worst, -len(hit), matched.inventory.components[index].name

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
    newest = f", the newest of {snapshot.newest[:10]}" if snapshot.newest else ""
    odd = ": older than the policy likes" if snapshot.warning else ""
    records = many(snapshot.records, "record")
    data = f"matched with {records} taken in on {snapshot.made[:10]}{newest}{odd}"
    return f"{told}{other}; {data}"


def _mend(matched: Matched, matches: list[Match], version: str, left: Sequence[int]) -> str:
    """Return the version to move to, and what it does not mend."""
    if not version:
        named = any(matched.component(match).version for match in matches)
        return "no version mends it" if named else "name a version"
    said = f"mended in {version}"
    if not _has(matches, State.AFFECTED):
        said = f"name a version: {version} or later"
    if left:
        more = f" and {len(left) - 1} more" if len(left) > 1 else ""
        said = f"{version} mends all but {matched.advisories[left[0]].id}{more}"
    return said


def _has(matches: list[Match], state: State) -> bool:
    return any(match.state is state for match in matches)


def _tally(matched: Matched, matches: list[Match]) -> str:
    affected = [matched.advisory(m) for m in matches if m.state is State.AFFECTED]
    counts = Counter(a.severity for a in affected if a.rating is not None or a.exploited)
    unrated = sum(a.rating is None and not a.exploited for a in affected)
    unknown = sum(match.state is State.UNKNOWN for match in matches)
    listed = sum(
        matched.advisory(m).exploited for m in matches if m.state is not State.NOT_AFFECTED
    )
    parts = [f"{listed} exploited (CISA)"] if listed else []
    parts += [f"{counts[s]} {s.name.lower()}" for s in sorted(counts, reverse=True)]
    parts += [f"{unrated} unrated"] if unrated else []
    return " · ".join([*parts, *([f"{unknown} unknown"] if unknown else [])])
