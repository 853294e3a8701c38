"""Where the advisory database lies, how a new one takes its place, and how old it is.

A folder holds `advisories-DIGEST.sqlite` and `current.json`, which names it and tells where it came
from. A new one is built beside the old and takes its place by one rename: whatever kills an update,
the old database stays in use.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import secrets
import shlex
import sqlite3
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from pratique.advisories.build import Built, build, moment
from pratique.advisories.database import Database
from pratique.core.advisory import Snapshot
from pratique.core.errors import MachineError, UsageError

CURRENT: Final = "current.json"
_MOST_JSON: Final = 1 << 20
_LOCK: Final = "update.lock"


class NoDatabaseError(MachineError):
    """There is no advisory database in a folder, or none that may be used."""

    def __init__(self, says: str, folder: Path) -> None:
        super().__init__(says)
        self.folder = folder

    def hint(self) -> str:
        """Say what the operator can do about it."""
        return hint_for(self.folder)


class UpdateError(MachineError):
    """A new database cannot be put in place."""

    def hint(self) -> str:
        """Say what the operator can do about it."""
        return "the old database stays in use; `pratique db status` tells which"


@dataclass(frozen=True, slots=True)
class Given:
    """One archive of advisories: its ecosystem, the file, where it came from, its licence."""

    ecosystem: str
    file: Path
    address: str
    licence: str = "not stated"


def default_folder() -> Path:
    """Return where the database is when nobody says otherwise.

    Raises:
        UsageError: there is no home folder, and no variable that names another place.

    """
    if told := os.environ.get("PRATIQUE_DB"):
        return Path(told)
    try:
        base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    except RuntimeError as e:
        raise UsageError("no home folder for the advisory database; set PRATIQUE_DB") from e
    return Path(base) / "pratique" / "advisories"


def install(
    folder: Path,
    given: Sequence[Given],
    *,
    kev: Path | None = None,
    epss: Path | None = None,
    now: datetime,
) -> Built:
    """Build a database and put it in the place of the old one.

    Raises:
        ArtifactError: an archive is broken; the old database stays.
        MachineError: the folder cannot be written to, or another update runs.
        UsageError: the folder is not the caller's own.

    """
    _own(folder)
    with _alone(folder):
        _swept(folder)
        fresh = folder / f"new-{secrets.token_hex(8)}.sqlite"
        try:
            about = {"made": now.isoformat(timespec="seconds")}
            archives = [(one.ecosystem, one.file) for one in given]
            built = build(fresh, archives, kev=kev, epss=epss, about=about)
            _synced(fresh)
            name = f"advisories-{built.digest[:16]}-{secrets.token_hex(4)}.sqlite"
            fresh.replace(folder / name)
            _announce(folder, name, built, given, now)
        except OSError as e:
            raise UpdateError(f"{folder}: {e.strerror}") from e
        except sqlite3.Error as e:
            raise UpdateError(f"{folder}: the index cannot be written: {e}") from e
        finally:
            fresh.unlink(missing_ok=True)
        _swept(folder)
    return built


def opened(folder: Path) -> tuple[Database, Mapping[str, Any]]:
    """Open the database in use, with what is known of where it came from.

    Its whole content is hashed first: some milliseconds. An update that ends meanwhile takes the
    file away that was just named; then the new one is opened.

    Raises:
        MachineError: there is none, or it is broken.

    """
    first = _current(folder)
    try:
        return _opened(folder, first)
    except MachineError:
        again = _current(folder)
        if again["file"] == first["file"]:
            raise
        return _opened(folder, again)


def _opened(folder: Path, told: dict[str, Any]) -> tuple[Database, Mapping[str, Any]]:
    path = folder / str(told["file"])
    try:
        sha256 = _sha256(path)
    except OSError as e:
        raise MachineError(f"{path}: {e.strerror}") from e
    if sha256 != told["sqlite_sha256"]:  # a damaged index can answer "nothing known", and be wrong
        raise MachineError(f"{path}: is damaged: its SHA-256 is not the one in {CURRENT}")
    return Database.open(path), told


def snapshot_of(
    folder: Path, max_age_days: int | None, now: datetime
) -> tuple[Database | None, Snapshot]:
    """Return the database in use and what it is; no database where it is absent or too old."""
    try:
        database, told = opened(folder)
    except MachineError as e:
        absent = not (folder / CURRENT).exists()
        why = "there is no advisory database" if absent else f"no usable advisory database: {e}"
        return None, Snapshot(trouble=why, hint=hint_for(folder))
    snapshot = database.snapshot(str(told["made"]))
    made = datetime.fromisoformat(str(told["made"]))
    age = now - made
    if age < timedelta(days=-1):
        why = f"the advisory database says that it was made on {made.date()}, which is to come"
    elif max_age_days is not None and age > timedelta(days=max_age_days):
        days = "1 day" if age.days == 1 else f"{age.days} days"
        why = f"the advisory database is {days} old; at most {max_age_days} are allowed"
    else:
        return database, replace(snapshot, warning=stale(snapshot.newest, max_age_days, now))
    database.close()
    return None, replace(snapshot, trouble=why, hint=hint_for(folder))


def stale(newest: str, max_age_days: int | None, now: datetime) -> str:
    """Return what is odd about data that was taken in lately and is old itself; empty if nothing.

    `newest` is when its newest record was changed: an old archive is no newer for being imported.
    """
    when = moment(newest)
    if max_age_days is None or when is None:
        return ""
    if when > now + timedelta(days=1):  # an earlier version of Pratique took any date
        return f"the newest advisory is said to be of {when.date()}: how old all is nobody knows"
    if now - when <= timedelta(days=max_age_days):
        return ""
    return (
        f"the newest advisory of the database is of {when.date()}, {(now - when).days} days ago, "
        f"however lately it was taken in; at most {max_age_days} are allowed"
    )


def hint_for(folder: Path) -> str:
    """Return what makes a database in a folder, naming it where it is not the usual one."""
    try:
        usual = default_folder()
    except UsageError:
        usual = None
    where = "" if usual is not None and folder == usual else f" --db {shlex.quote(str(folder))}"
    command = f"pratique db update{where}"
    return f"run `{command}`; without a network, `{command} --from FILE`"


def _current(folder: Path) -> dict[str, Any]:
    path = folder / CURRENT
    try:
        with path.open("rb") as opened_file:
            told = json.loads(opened_file.read(_MOST_JSON))
        file = str(told["file"])
        told["file"], told["sqlite_sha256"] = Path(file).name, str(told["sqlite_sha256"])
        made = datetime.fromisoformat(str(told["made"]))
        told["made"] = made.astimezone(UTC).isoformat(timespec="seconds")
    except OSError as e:
        raise MachineError(f"{path}: {e.strerror}") from e
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as e:
        raise MachineError(f"{path}: is broken: {e}"[:300]) from e
    return dict(told)


def _announce(folder: Path, name: str, built: Built, given: Sequence[Given], now: datetime) -> None:
    digests = {ecosystem: (digest, size) for ecosystem, digest, size in built.sources}
    sources = [
        {
            "name": one.ecosystem,
            "address": one.address,
            "sha256": digests[one.ecosystem][0],
            "bytes": digests[one.ecosystem][1],
            "licence": one.licence,
        }
        for one in given
    ]
    told = {
        "file": name,
        "sqlite_sha256": _sha256(folder / name),
        "digest": built.digest,
        "made": now.isoformat(timespec="seconds"),
        "newest": built.newest,
        "records": built.records,
        "sources": sources,
        "kev": built.kev,
        "epss": built.epss,
    }
    fresh = folder / f"new-{secrets.token_hex(8)}.json"
    fresh.write_text(json.dumps(told, indent=1))
    _synced(fresh)
    fresh.replace(folder / CURRENT)
    _synced(folder)


def _own(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        told = folder.stat()
    except OSError as e:
        raise UpdateError(f"{folder}: {e.strerror}") from e
    if told.st_uid != os.geteuid() or stat.S_IMODE(told.st_mode) & 0o022:
        raise UsageError(f"{folder}: others may write there; use a folder of your own")


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    with (folder / _LOCK).open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as e:
            raise UpdateError(f"{folder}: another update runs; wait for it to end") from e
        yield


def _swept(folder: Path) -> None:
    """Remove what killed updates and former databases left."""
    try:
        keep = str(_current(folder)["file"])
    except MachineError:
        keep = ""
    for path in folder.iterdir():
        old = path.name.startswith("advisories-") and keep and path.name != keep
        if path.name.startswith("new-") or old:
            path.unlink(missing_ok=True)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _synced(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def now() -> datetime:
    """Return the moment."""
    return datetime.now(UTC)
