"""The story of an update: fetch or take archives, check them, put a new database in place."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pratique.advisories import fetch
from pratique.advisories.build import Built
from pratique.advisories.install import install
from pratique.advisories.osv_zip import ArchiveError
from pratique.core.component import PYPI
from pratique.core.errors import MalformedError, UsageError
from pratique.flows.archives import Taken, Tell, ecosystem_of


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


def update(folder: Path, wish: Wish, now: datetime, tell: Tell) -> Built:
    """Make a new database and put it in the place of the old one.

    Raises:
        PratiqueError: something cannot be had or is broken; the old database stays in use.

    """
    with tempfile.TemporaryDirectory(prefix="pratique-db-") as room:
        taken = Taken(Path(room), wish.proxy, tell)
        otherwise = wish.ecosystems[0] if wish.ecosystems else PYPI
        named = [ecosystem_of(word, otherwise) for word in _wanted(wish)]
        given = [taken.archive(name, address, wish.licence) for name, address in named]
        if len({one.ecosystem for one in given}) < len(given):
            raise UsageError("two archives for one ecosystem; name them as ECOSYSTEM=FILE")
        kev = _had(taken, wish.kev, fetch.KEV)
        epss = _had(taken, wish.epss, fetch.EPSS)
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


def _had(taken: Taken, word: str, usual: str) -> Path | None:
    return taken.file(usual if word == "default" else word) if word else None
