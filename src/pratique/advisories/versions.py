"""How versions of each ecosystem compare: PEP 440, SemVer 2, Go modules, Debian policy 5.6.12."""

import re
from collections.abc import Callable
from functools import cmp_to_key, lru_cache
from typing import Any, Final

from packaging.version import InvalidVersion, Version

from pratique.core.component import CRATES, DEBIAN, GO, NPM, PYPI

MAX_VERSION: Final = 1_000
_SEMVER = re.compile(
    r"v?(\d{1,18})(?:\.(\d{1,18}))?(?:\.(\d{1,18}))?(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]*)?"
)
_RULES: Final = {
    PYPI: "PEP 440",
    NPM: "SemVer 2",
    CRATES: "SemVer 2",
    GO: "Go's module versions",
    DEBIAN: "Debian's policy",
}


def rules_of(ecosystem: str) -> str:
    """Return in words by what rules an ecosystem orders versions; empty where none is known."""
    return _RULES.get(ecosystem.partition(":")[0], "")


@lru_cache(maxsize=200_000)
def key_of(ecosystem: str, version: str) -> Any:  # noqa: ANN401 - a key to compare by
    """Return what a version compares by, None where the ecosystem's rules reject it.

    A Python version's local part (`+cu118`) plays no part: advisories speak of public versions.
    """
    make = _KEYS.get(ecosystem.partition(":")[0])
    if make is None or len(version) > MAX_VERSION:
        return None
    return make(version)


def _python(version: str) -> Version | None:
    try:
        told = Version(version)
    except InvalidVersion:
        return None
    return Version(told.public) if told.local else told


def _semantic(version: str) -> tuple[Any, ...] | None:
    match = _SEMVER.fullmatch(version.strip())
    if match is None:
        return None
    numbers = tuple(int(part or 0) for part in match.groups()[:3])
    if match[4] is None:
        return (*numbers, 1, ())  # a release comes after all its pre-releases
    parts = tuple((0, int(p), "") if p.isdigit() else (1, 0, p) for p in match[4].split("."))
    return (*numbers, 0, parts)


_DEBIAN = re.compile(r"(?:(\d+):)?([0-9][A-Za-z0-9.+~:-]*|[A-Za-z0-9.+~-]+)")
_CHUNK = re.compile(r"([^0-9]*)([0-9]*)")


def _debian(version: str) -> Any:  # noqa: ANN401 - a key to compare by
    match = _DEBIAN.fullmatch(version)
    if match is None:
        return None
    upstream, _, revision = match[2].rpartition("-")
    if not upstream:
        upstream, revision = revision, ""
    return _by_policy((int(match[1] or 0), upstream, revision))


def _compared(one: tuple[int, str, str], other: tuple[int, str, str]) -> int:
    if one[0] != other[0]:
        return -1 if one[0] < other[0] else 1
    return _text(one[1], other[1]) or _text(one[2], other[2])


_by_policy = cmp_to_key(_compared)


def _text(one: str, other: str) -> int:
    left, right = _CHUNK.findall(one), _CHUNK.findall(other)
    for index in range(max(len(left), len(right))):
        words, number = left[index] if index < len(left) else ("", "")
        their_words, their_number = right[index] if index < len(right) else ("", "")
        mine = ([_order(c) for c in words] + [0], int(number or 0))
        theirs = ([_order(c) for c in their_words] + [0], int(their_number or 0))
        if mine != theirs:
            return -1 if mine < theirs else 1
    return 0


def _order(letter: str) -> int:
    """Return a letter's place: `~` before the end, letters before all other signs."""
    if letter == "~":
        return -1
    return ord(letter) if letter.isalpha() else ord(letter) + 256


_KEYS: dict[str, Callable[[str], Any]] = {
    PYPI: _python,
    NPM: _semantic,
    CRATES: _semantic,
    GO: _semantic,
    DEBIAN: _debian,
}
