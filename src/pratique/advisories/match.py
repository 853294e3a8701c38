"""Match an inventory with advisories: affected, not affected, or unknown and why."""

import operator
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import Version

from pratique.advisories.build import named
from pratique.advisories.database import Database
from pratique.advisories.ranges import Range
from pratique.advisories.versions import key_of, rules_of
from pratique.core.advisory import Advisory, Match, Matched, Snapshot, State
from pratique.core.component import DEBIAN, PYPI, Component, Inventory, Sure
from pratique.core.finding import Severity

PACKAGES: Final = 4_000
ANSWERS: Final = 100_000
ADVISORIES: Final = 20_000
VERSIONS: Final = 20_000
"""Versions that one specifier is tried with."""
MATCHES: Final = 200_000
"""Matches of one inventory, about so many; components after them are told as not matched."""
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
    listed: bytes
    fixes: tuple[str, ...]
    empty: bool


@dataclass(frozen=True, slots=True)
class _Package:
    """A package's entries, made comparable once.

    `groups` are the places of entries by advisory, `bits` which bits of `listed` a known version
    has (empty where keys cannot be hashed), `states` what was already asked: one for each entry.
    """

    ecosystem: str
    known: tuple[str, ...]
    keys: tuple[Any, ...]
    entries: tuple[_Entry, ...]
    groups: Mapping[int, tuple[int, ...]]
    bits: Mapping[Any, Sequence[int]]
    states: dict[Any, tuple[State, ...]]

    def at(self, key: Any) -> tuple[State, ...]:  # noqa: ANN401 - a key to compare by
        """Return what each entry says of the version with this key."""
        if not self.bits:
            return tuple(_state(self, entry, key) for entry in self.entries)
        told = self.states.get(key)
        if told is None:
            told = tuple(_state(self, entry, key) for entry in self.entries)
            self.states[key] = told
        return told


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
            if len(matches) > MATCHES:
                unmatched.append((index, f"more than {MATCHES} matches before it"))
                continue
            told, clear = self._answer(component)
            cleared += clear
            for said in told:
                at = places.setdefault(said.number, len(places))
                matches.append(Match(index, at, said.state, said.why, said.fixed))
        return Matched(
            inventory=inventory,
            snapshot=snapshot,
            advisories=tuple(self._told(places)),
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

    def _told(self, numbers: Iterable[int]) -> Iterator[Advisory]:
        wanted = list(numbers)
        missing = [number for number in wanted if number not in self._advisories]
        fresh = self._database.advisories(missing)
        for number in wanted:
            found = fresh[number] if number in fresh else self._advisories[number]
            if found.exploited:  # whatever its score: somebody does it now (CISA BOD 22-01)
                found = replace(found, severity=max(found.severity, Severity.HIGH))
            yield found
        for number, advisory in fresh.items():
            _keep(self._advisories, number, advisory, ADVISORIES)


def match(inventory: Inventory, database: Database | None, snapshot: Snapshot) -> Matched:
    """Return what advisories say of an inventory; nothing where there is no database."""
    if database is None:
        return Matched(inventory=inventory, snapshot=snapshot)
    return Matcher(database).match(inventory, snapshot)


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
            listed=bytes.fromhex(bits),
            fixes=tuple(e["fixed"] for events in ranges for e in events if "fixed" in e),
            empty=not ranges and not bits,
        )
        for number, record, ranges, bits in told["entries"]
    )
    places: dict[int, list[int]] = {}
    for index, entry in enumerate(entries):
        places.setdefault(entry.number, []).append(index)
    groups = {number: tuple(rows) for number, rows in places.items()}
    keys = tuple(key_of(ecosystem, v) for v in known)
    bits: dict[Any, list[int]] = {}
    if not ecosystem.startswith(DEBIAN):  # its keys are only comparable
        for index, key in enumerate(keys):
            if key is not None:
                bits.setdefault(key, []).append(index)
    return _Package(ecosystem, known, keys, entries, groups, bits, {})


def _answered(package: _Package, component: Component) -> tuple[tuple[_Said, ...], int]:
    allowed = _allowed(package, component.spec) if component.sure is Sure.RANGE else None
    told = [_said(package, component, places, allowed) for places in package.groups.values()]
    kept = tuple(said for said in told if said.state is not State.NOT_AFFECTED)
    return kept, len(told) - len(kept)


def _said(
    package: _Package,
    component: Component,
    places: tuple[int, ...],
    allowed: Sequence[Any] | None,
) -> _Said:
    rows = [package.entries[place] for place in places]
    number = rows[0].number
    if all(entry.empty for entry in rows):
        why = f"{rows[0].record} names neither a range nor versions, so it can never be matched"
        return _Said(number, State.UNKNOWN, why)
    if component.sure is Sure.UNKNOWN:
        why = "no version is named, and some versions are affected"
        return _Said(number, State.UNKNOWN, why, _fixes(package, rows, None))
    if component.sure is Sure.RANGE:
        return _of_range(package, component, places, allowed)
    key = key_of(package.ecosystem, component.version)
    if key is not None:
        return _of_version(package, key, places)
    if component.version in package.known and any(
        _lists(package, entry, component.version) for entry in rows
    ):
        return _Said(number, State.AFFECTED, f"{component.version!r} is listed as affected")
    why = f"{component.version[:80]!r} is no version that {rules_of(package.ecosystem)} knows"
    return _Said(number, State.UNKNOWN, why, _fixes(package, rows, None))


def _lists(package: _Package, entry: _Entry, version: str) -> bool:
    return _holds(entry.listed, package.known.index(version))


def _holds(listed: bytes, bit: int) -> bool:
    return bit >> 3 < len(listed) and bool(listed[bit >> 3] >> (bit & 7) & 1)


def _of_version(package: _Package, key: Any, places: tuple[int, ...]) -> _Said:  # noqa: ANN401
    states = package.at(key)
    rows = [package.entries[place] for place in places]
    number = rows[0].number
    by = {
        state: {package.entries[p].record for p in places if states[p] is state} for state in State
    }
    if said := by[State.AFFECTED]:
        others = sorted(by[State.NOT_AFFECTED] - said)
        why = ", ".join(sorted(said)[:4])
        if others:
            why += f"; {', '.join(others[:4])} of the same vulnerability does not say so"
        return _Said(number, State.AFFECTED, why, _fixes(package, rows, key))
    if odd := by[State.UNKNOWN]:
        why = f"{min(odd)} has a range that {rules_of(package.ecosystem)} cannot order"
        return _Said(number, State.UNKNOWN, why, _fixes(package, rows, key))
    return _Said(number, State.NOT_AFFECTED, "")


def _state(package: _Package, entry: _Entry, key: Any) -> State:  # noqa: ANN401 - a key
    """Return what one record says of a version: listed, or in any range (OSV, `IsVulnerable`)."""
    if entry.empty:
        return State.UNKNOWN
    if any(told is not None and told.holds(key) for told in entry.ranges):
        return State.AFFECTED
    if entry.listed and any(_holds(entry.listed, bit) for bit in _bits(package, key)):
        return State.AFFECTED
    return State.UNKNOWN if None in entry.ranges else State.NOT_AFFECTED


def _bits(package: _Package, key: Any) -> Sequence[int]:  # noqa: ANN401 - a key to compare by
    if package.bits:
        return package.bits.get(key, ())
    return tuple(index for index, known in enumerate(package.keys) if known == key)


def _of_range(
    package: _Package,
    component: Component,
    places: tuple[int, ...],
    allowed: Sequence[Any] | None,
) -> _Said:
    rows = [package.entries[place] for place in places]
    number, spec = rows[0].number, component.spec[:80]
    if allowed is None:
        why = f"which versions {spec!r} allows is not known here"
        return _Said(number, State.UNKNOWN, why, _fixes(package, rows, None))
    states = {_together([told[p] for p in places]) for told in map(package.at, allowed)}
    if states == {State.NOT_AFFECTED}:
        return _Said(number, State.NOT_AFFECTED, "")
    fixes = _fixes(package, rows, None)
    if states == {State.AFFECTED}:
        why = f"every known version that {spec!r} allows is affected"
        return _Said(number, State.AFFECTED, why, fixes)
    why = f"not pinned: {spec!r} allows affected and other versions"
    if not allowed:
        why = f"no known version is allowed by {spec!r}"
    return _Said(number, State.UNKNOWN, why, fixes)


def _together(states: Sequence[State]) -> State:
    """Return what several records say together: affected if one says so, unknown before clear."""
    for state in (State.AFFECTED, State.UNKNOWN):
        if state in states:
            return state
    return State.NOT_AFFECTED


def _allowed(package: _Package, spec: str) -> list[Any] | None:
    """Return the keys of versions that a specifier allows, such that each answer shows.

    They are the known versions, the bounds of records and of the specifier, and one version of no
    package between each two of them and at both ends: records do not list what came later.
    """
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
    if len(keys) > VERSIONS:
        return None
    keys |= set(_between(sorted(bounds - {None})))
    quick = _plain_tests(told)
    early = bool(told.prereleases)
    return [key for key in keys if _fits(key, told, quick, early=early)]


def _between(bounds: Sequence[Version]) -> Iterator[Version]:
    """Yield a final release below all bounds, above each, and below the next one."""
    yield Version("0")
    for index, bound in enumerate(bounds):
        epoch = f"{bound.epoch}!" if bound.epoch else ""
        release = bound.base_version.partition("!")[2] or bound.base_version
        tail = release if bound.is_prerelease else f"{release}.0.0.0.1"
        beyond = Version(f"{epoch}{tail}")
        if index + 1 == len(bounds) or beyond < bounds[index + 1]:
            yield beyond


_COMPARES: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "==": operator.eq,
    "!=": operator.ne,
}
Tests = tuple[tuple[Callable[[Any, Any], bool], Version], ...]


def _plain_tests(told: SpecifierSet) -> Tests | None:
    """Return a specifier as comparisons, which are ten times as fast, where they mean the same.

    That is so among final releases; PEP 440 has rules of their own for all others.
    """
    tests = []
    for part in told:
        key = key_of(PYPI, part.version)
        if part.operator not in _COMPARES or not isinstance(key, Version) or not _final(key):
            return None
        tests.append((_COMPARES[part.operator], key))
    return tuple(tests)


def _final(key: Version) -> bool:
    return not (key.is_prerelease or key.is_postrelease or key.local)


def _fits(key: Version, told: SpecifierSet, quick: Tests | None, *, early: bool) -> bool:
    if key.is_prerelease and not early:
        return False
    if quick is None or not _final(key):
        return told.contains(key, prereleases=early)
    return all(test(key, bound) for test, bound in quick)


def _fixes(
    package: _Package,
    rows: Sequence[_Entry],
    key: Any,  # noqa: ANN401 - a key to compare by
) -> tuple[str, ...]:
    """Return the versions after `key` that records name as mended and that none of them hits."""
    found = {v: key_of(package.ecosystem, v) for entry in rows for v in entry.fixes}
    later = {
        v: k
        for v, k in found.items()
        if k is not None
        and (key is None or k > key)
        and not any(_state(package, entry, k) is State.AFFECTED for entry in rows)
    }
    return tuple(sorted(later, key=lambda v: later[v])[:MOST_FIXED])
