"""Match an inventory with advisories: affected, not affected, or unknown and why."""

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from pratique.advisories.build import named
from pratique.advisories.database import Database
from pratique.advisories.ranges import Range
from pratique.advisories.versions import key_of, rules_of
from pratique.core.advisory import Advisory, Match, Matched, Snapshot, State
from pratique.core.component import PYPI, Component, Inventory, Sure
from pratique.core.finding import Severity

PACKAGES: Final = 4_000
ANSWERS: Final = 100_000
ADVISORIES: Final = 20_000
MOST_FIXED: Final = 10


@dataclass(frozen=True, slots=True)
class _Said:
    """What one advisory means for a version."""

    number: int
    state: State
    why: str
    fixed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Entry:
    number: int
    record: str
    ranges: tuple[Range | None, ...]
    listed: int
    fixes: tuple[str, ...]
    empty: bool


@dataclass(frozen=True, slots=True)
class _Package:
    """A package's entries, made comparable once; `keys` are those of the known versions."""

    ecosystem: str
    known: tuple[str, ...]
    keys: tuple[Any, ...]
    entries: tuple[_Entry, ...]


class Matcher:
    """Answers for many inventories; what was asked before is remembered, within bounds."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._ecosystems = frozenset(database.about["ecosystems"])
        self._packages: OrderedDict[tuple[str, str], _Package | None] = OrderedDict()
        self._answers: OrderedDict[tuple[str, ...], tuple[tuple[_Said, ...], int]] = OrderedDict()
        self._advisories: OrderedDict[int, Advisory] = OrderedDict()

    def match(self, inventory: Inventory, snapshot: Snapshot) -> Matched:
        """Return what the advisories say of every component."""
        matches: list[Match] = []
        places: dict[int, int] = {}
        unmatched: list[tuple[int, str]] = []
        cleared = 0
        for index, component in enumerate(inventory.components):
            if why := self._unspoken(component):
                unmatched.append((index, why))
                continue
            told, clear = self._answer(component)
            cleared += clear
            for said in told:
                at = places.setdefault(said.number, len(places))
                matches.append(Match(index, at, said.state, said.why, said.fixed))
        return Matched(
            inventory=inventory,
            snapshot=snapshot,
            advisories=tuple(self._advisory(number) for number in places),
            matches=tuple(matches),
            cleared=cleared,
            unmatched=tuple(unmatched),
        )

    def _unspoken(self, component: Component) -> str:
        if not component.ecosystem:
            return "no ecosystem whose advisories are known"
        if component.ecosystem not in self._ecosystems:
            return f"no advisory data for {component.ecosystem} in this database"
        return ""

    def _answer(self, component: Component) -> tuple[tuple[_Said, ...], int]:
        name = named(component.ecosystem, component.name)
        key = (component.ecosystem, name, component.version, component.spec, component.sure.value)
        known = self._answers.get(key)
        if known is None:
            package = self._package(component.ecosystem, name)
            known = _answered(package, component) if package else ((), 0)
            _keep(self._answers, key, known, ANSWERS)
        return known

    def _package(self, ecosystem: str, name: str) -> _Package | None:
        key = (ecosystem, name)
        if key not in self._packages:
            told = self._database.package(ecosystem, name)
            made = _made(ecosystem, told) if told else None
            _keep(self._packages, key, made, PACKAGES)
        return self._packages[key]

    def _advisory(self, number: int) -> Advisory:
        found = self._advisories.get(number)
        if found is None:
            found = self._database.advisory(number)
            if found.exploited:  # whatever its score: somebody does it now (CISA BOD 22-01)
                found = replace(found, severity=max(found.severity, Severity.HIGH))
            _keep(self._advisories, number, found, ADVISORIES)
        return found


def match(inventory: Inventory, database: Database | None, snapshot: Snapshot) -> Matched:
    """Return what advisories say of an inventory; nothing where there is no database."""
    if database is None:
        return Matched(inventory=inventory, snapshot=snapshot)
    return Matcher(database).match(inventory, snapshot)


def rematch(
    inventories: Iterable[tuple[str, Inventory]], database: Database, snapshot: Snapshot
) -> Iterator[tuple[str, Matched]]:
    """Yield what advisories say of each of many inventories, in order."""
    matcher = Matcher(database)
    for name, inventory in inventories:
        yield name, matcher.match(inventory, snapshot)


def _keep(box: OrderedDict[Any, Any], key: object, value: object, most: int) -> None:
    box[key] = value
    if len(box) > most:
        box.popitem(last=False)


def _made(ecosystem: str, told: Any) -> _Package:  # noqa: ANN401 - JSON of our own
    known = tuple(told["known"])
    entries = tuple(
        _Entry(
            number=number,
            record=record,
            ranges=tuple(Range.of(ecosystem, events) for events in ranges),
            listed=int(bits, 16),
            fixes=tuple(e["fixed"] for events in ranges for e in events if "fixed" in e),
            empty=not ranges and bits == "0",
        )
        for number, record, ranges, bits in told["entries"]
    )
    return _Package(ecosystem, known, tuple(key_of(ecosystem, v) for v in known), entries)


def _answered(package: _Package, component: Component) -> tuple[tuple[_Said, ...], int]:
    groups: dict[int, list[_Entry]] = {}
    for entry in package.entries:
        groups.setdefault(entry.number, []).append(entry)
    told = [_said(package, component, number, rows) for number, rows in groups.items()]
    kept = tuple(said for said in told if said.state is not State.NOT_AFFECTED)
    return kept, len(told) - len(kept)


def _said(package: _Package, component: Component, number: int, rows: Sequence[_Entry]) -> _Said:
    if all(entry.empty for entry in rows):
        why = f"{rows[0].record} names neither a range nor versions, so it can never be matched"
        return _Said(number, State.UNKNOWN, why)
    if component.sure is Sure.UNKNOWN:
        why = "no version is named, and some versions are affected"
        return _Said(number, State.UNKNOWN, why, _fixes(package, rows, None))
    if component.sure is Sure.RANGE:
        return _of_range(package, component, number, rows)
    key = key_of(package.ecosystem, component.version)
    if key is None:
        rules = rules_of(package.ecosystem)
        exact = component.version in package.known and any(
            _lists(package, entry, component.version) for entry in rows
        )
        if exact:
            return _Said(number, State.AFFECTED, f"{component.version!r} is listed as affected")
        why = f"{component.version[:80]!r} is no version that {rules} knows"
        return _Said(number, State.UNKNOWN, why, _fixes(package, rows, None))
    return _of_version(package, key, number, rows)


def _lists(package: _Package, entry: _Entry, version: str) -> bool:
    return bool(entry.listed >> package.known.index(version) & 1)


def _of_version(
    package: _Package,
    key: Any,  # noqa: ANN401 - a key to compare by
    number: int,
    rows: Sequence[_Entry],
) -> _Said:
    states = {entry.record: _state(package, entry, key) for entry in rows}
    said = [record for record, state in states.items() if state is State.AFFECTED]
    if said:
        others = sorted(r for r, state in states.items() if state is State.NOT_AFFECTED)
        why = f"{', '.join(sorted(said)[:4])}" + (
            f"; {', '.join(others[:4])} of the same vulnerability does not say so" if others else ""
        )
        return _Said(number, State.AFFECTED, why, _fixes(package, rows, key))
    if State.UNKNOWN in states.values():
        odd = next(record for record, state in states.items() if state is State.UNKNOWN)
        why = f"{odd} has a range that {rules_of(package.ecosystem)} cannot order"
        return _Said(number, State.UNKNOWN, why, _fixes(package, rows, key))
    return _Said(number, State.NOT_AFFECTED, "")


def _state(package: _Package, entry: _Entry, key: Any) -> State:  # noqa: ANN401 - a key
    """Return what one record says of a version: listed, or in any range (OSV, `IsVulnerable`)."""
    if entry.empty:
        return State.UNKNOWN
    if any(told is not None and told.holds(key) for told in entry.ranges):
        return State.AFFECTED
    listed = entry.listed
    if listed:
        for index, known in enumerate(package.keys):
            if listed >> index & 1 and known is not None and known == key:
                return State.AFFECTED
    return State.UNKNOWN if None in entry.ranges else State.NOT_AFFECTED


def _of_range(
    package: _Package, component: Component, number: int, rows: Sequence[_Entry]
) -> _Said:
    allowed = _allowed(package, component.spec)
    if allowed is None:
        why = f"which versions {component.spec[:80]!r} allows is not known here"
        return _Said(number, State.UNKNOWN, why, _fixes(package, rows, None))
    states = {max_state([_state(package, entry, key) for entry in rows]) for key in allowed}
    fixes = _fixes(package, rows, None)
    if states == {State.AFFECTED}:
        why = f"every known version that {component.spec[:80]!r} allows is affected"
        return _Said(number, State.AFFECTED, why, fixes)
    if states == {State.NOT_AFFECTED}:
        return _Said(number, State.NOT_AFFECTED, "")
    why = f"not pinned: {component.spec[:80]!r} allows affected and other versions"
    if not allowed:
        why = f"no known version is allowed by {component.spec[:80]!r}"
    return _Said(number, State.UNKNOWN, why, fixes)


def max_state(states: Sequence[State]) -> State:
    """Return what several records say together: affected if one says so, unknown before clear."""
    for state in (State.AFFECTED, State.UNKNOWN):
        if state in states:
            return state
    return State.NOT_AFFECTED


def _allowed(package: _Package, spec: str) -> list[Any] | None:
    """Return the keys of all known versions, and of the bounds, that a specifier allows."""
    if package.ecosystem != PYPI:
        return None
    try:
        told = SpecifierSet(spec)
    except InvalidSpecifier:
        return None
    bounds = {key_of(PYPI, part.version.removesuffix(".*")) for part in told}
    for entry in package.entries:
        bounds |= {at for one in entry.ranges if one is not None for at in one.bounds}
    keys = {*package.keys, *bounds} - {None}
    return [key for key in keys if told.contains(key, prereleases=told.prereleases)]


def _fixes(
    package: _Package,
    rows: Sequence[_Entry],
    key: Any,  # noqa: ANN401 - a key to compare by
) -> tuple[str, ...]:
    found = {v: key_of(package.ecosystem, v) for entry in rows for v in entry.fixes}
    later = {v: k for v, k in found.items() if k is not None and (key is None or k > key)}
    return tuple(sorted(later, key=lambda v: later[v])[:MOST_FIXED])
