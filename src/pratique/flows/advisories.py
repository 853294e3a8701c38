"""The story of an update: fetch or take archives, check them, put a new database in place."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pratique.advisories import fetch
from pratique.advisories.build import Built
from pratique.advisories.install import Given, install
from pratique.advisories.osv_zip import ArchiveError
from pratique.core.component import CRATES, DEBIAN, GO, NPM, PYPI
from pratique.core.errors import MalformedError, UsageError

KNOWN = (PYPI, NPM, GO, CRATES, DEBIAN)
_LICENCES = {"PyPI": "CC-BY-4.0", "Go": "CC-BY-4.0", "crates.io": "CC0-1.0"}


@dataclass(frozen=True, slots=True)
class Wish:
    """What to take in: archives by file or address, or those of ecosystems from a mirror."""

    sources: Sequence[str] = ()
    ecosystems: Sequence[str] = ()
    kev: str = ""
    epss: str = ""
    mirror: str = ""
    proxy: str = ""
    licence: str = ""


Tell = Callable[[str], None]


def update(folder: Path, wish: Wish, now: datetime, tell: Tell) -> Built:
    """Make a new database and put it in the place of the old one.

    Raises:
        PratiqueError: something cannot be had or is broken; the old database stays in use.

    """
    with tempfile.TemporaryDirectory(prefix="pratique-db-") as room:
        place = Path(room)
        given = [_given(word, wish, place, tell) for word in _wanted(wish)]
        if len({one.ecosystem for one in given}) < len(given):
            raise UsageError("two archives for one ecosystem; name them as ECOSYSTEM=FILE")
        kev = _had(wish.kev, fetch.KEV, wish, place, tell)
        epss = _had(wish.epss, fetch.EPSS, wish, place, tell)
        tell("indexing")
        try:
            return install(folder, given, kev=kev, epss=epss, now=now)
        except MalformedError as e:
            raise ArchiveError(str(e)) from e


def _wanted(wish: Wish) -> list[str]:
    if wish.sources:
        return list(wish.sources)
    ecosystems = wish.ecosystems or (PYPI,)
    return [f"{name}={fetch.archive_of(name, wish.mirror)}" for name in ecosystems]


def _given(word: str, wish: Wish, place: Path, tell: Tell) -> Given:
    name, equals, address = word.partition("=")
    if not equals or "/" in name:
        name, address = "", word
    parts = address.replace("\\", "/").split("/")
    above = parts[-2] if len(parts) > 1 and parts[-1] == "all.zip" else ""
    name = name or (above if above in KNOWN else "")
    name = name or (wish.ecosystems[0] if wish.ecosystems else PYPI)
    if name not in KNOWN:
        raise UsageError(f"{name!r} is no ecosystem that is known here: {', '.join(KNOWN)}")
    file = _file(address, wish, place, tell)
    return Given(name, file, address, wish.licence or _LICENCES.get(name, "not stated"))


def _had(word: str, usual: str, wish: Wish, place: Path, tell: Tell) -> Path | None:
    return _file(usual if word == "default" else word, wish, place, tell) if word else None


def _file(address: str, wish: Wish, place: Path, tell: Tell) -> Path:
    if not fetch.is_address(address):
        path = Path(address)
        path = path / "all.zip" if path.is_dir() else path
        if not path.is_file():
            raise UsageError(f"{str(path)!r}: no such file")
        return path
    tell(f"fetching {address}")
    to = place / f"{len(list(place.iterdir()))}.part"
    with to.open("wb") as file:
        fetch.fetch(address, file, proxy=wish.proxy)
    return to
