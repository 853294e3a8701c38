"""The view of an inventory in the light of advisories, and of what nobody could say of it."""

from collections.abc import Iterator
from dataclasses import dataclass

from pratique.artifacts.reader import View
from pratique.core.advisory import Advisory, Match, Matched, State
from pratique.core.component import Component, Sure

INVENTORY_VERSION = 1
"""Counts up when another inventory would be made of the same facts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchedComponents(View):
    """What advisories say of each component, silenced matches among them.

    `covered` are the components that the advisory data could speak of, or 1 where there are none.
    """

    matched: Matched

    def told(self, state: State) -> Iterator[tuple[Component, Advisory, Match]]:
        """Yield every match in a state, the gravest advisory first."""
        found = [
            (self.matched.component(m), self.matched.advisory(m), m)
            for m in self.matched.matches
            if m.state is state
        ]
        yield from sorted(found, key=lambda x: (-x[1].severity, x[0].name, x[0].path, x[1].id))


def _unspoken(matched: Matched) -> list[str]:
    """Return in words what has versions and no advisory data: it is not clean, it is not known."""
    counts: dict[str, int] = {}
    for index, why in matched.unmatched if matched.snapshot.usable else ():
        component = matched.inventory.components[index]
        if component.ecosystem and component.sure is not Sure.UNKNOWN:
            counts[why] = counts.get(why, 0) + 1
    return [f"{count} components: {why}" for why, count in sorted(counts.items())]


def view_of(matched: Matched) -> MatchedComponents:
    """Return the view of a match, with what could not be said in words."""
    inventory, snapshot = matched.inventory, matched.snapshot
    total = inventory.matchable
    why = []
    if snapshot.trouble and total:
        why.append(f"{snapshot.trouble}; {snapshot.hint}" if snapshot.hint else snapshot.trouble)
    if inventory.unreadable:
        first = inventory.unreadable[0]
        more = len(inventory.unreadable) - 1
        place = f"{first.path}:{first.line}" if first.line else first.path
        why.append(f"{place}: {first.says}" + (f" and {more} more entries" if more else ""))
    if inventory.lost:
        why.append(f"{inventory.lost} more entries than an inventory holds")
    why += _unspoken(matched)
    told = len(inventory.components) - len(matched.unmatched) if snapshot.usable else 0
    return MatchedComponents(
        matched=matched,
        covered=max(1, told) if snapshot.usable or not total else 0,
        partial="; ".join(why),
    )
