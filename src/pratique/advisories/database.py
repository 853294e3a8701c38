"""The index, opened to be read: one question per package."""

import json
import sqlite3
import threading
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import quote

from pratique.advisories.build import FORMAT, Built, build
from pratique.core.advisory import Advisory, Snapshot
from pratique.core.errors import MachineError
from pratique.core.finding import Severity
from pratique.core.limits import MiB

__all__ = ["Built", "Database", "DatabaseError", "build"]

_MOST: Final = 256 * MiB
_BATCH: Final = 500


class DatabaseError(MachineError):
    """A file is no advisory database of this version."""

    def hint(self) -> str:
        """Say what the operator can do about it."""
        return "make a new one with `pratique db update`"


class Database:
    """Reads an index. Every method may be called from any thread."""

    def __init__(self, base: sqlite3.Connection, about: Mapping[str, Any]) -> None:
        self._base, self.about = base, about
        self._lock = threading.Lock()

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open an index.

        Raises:
            DatabaseError: it is none of ours, or of another version.

        """
        try:
            address = f"file:{quote(str(path))}?mode=ro&immutable=1"
            base = sqlite3.connect(address, uri=True, check_same_thread=False)
            about = {k: json.loads(v) for k, v in base.execute("SELECT key, value FROM meta")}
        except (sqlite3.Error, ValueError) as e:
            raise DatabaseError(f"{path}: is no advisory database: {e}") from e
        if about.get("format") != FORMAT:
            raise DatabaseError(f"{path}: is an advisory database of another version")
        return cls(base, about)

    def snapshot(self, made: str = "") -> Snapshot:
        """Return what it is made of; `made` is when it was taken in."""
        return Snapshot(
            digest=str(self.about["digest"]),
            made=made,
            newest=str(self.about["newest"]),
            records=int(self.about["records"]),
            ecosystems=tuple(sorted(self.about["ecosystems"])),
        )

    def package(self, ecosystem: str, name: str) -> Mapping[str, Any] | None:
        """Return what all records say of a package, None where none does."""
        sql = "SELECT body FROM package WHERE ecosystem = ? AND name = ?"
        with self._lock:
            row = next(iter(self._asked(sql, (ecosystem, name))), None)
        return self._unpacked(row[0]) if row else None

    def advisories(self, numbers: Sequence[int]) -> Mapping[int, Advisory]:
        """Return advisories by their numbers."""
        found: dict[int, Advisory] = {}
        for at in range(0, len(numbers), _BATCH):
            some = numbers[at : at + _BATCH]
            marks = ", ".join("?" * len(some))
            sql = f"SELECT number, body FROM advisory WHERE number IN ({marks})"  # noqa: S608 - marks
            with self._lock:
                rows = self._asked(sql, some)
            found |= {number: _advisory(self._unpacked(body)) for number, body in rows}
        if missing := set(numbers) - set(found):
            raise DatabaseError(f"the advisory database lacks advisory {min(missing)}")
        return found

    def called(self, name: str) -> Advisory | None:
        """Return the advisory that bears a name, its own or an alias, in whatever case.

        There is no index of names: every advisory is looked at, which takes a moment.
        """
        wanted = name.casefold()
        with self._lock:
            rows = self._asked("SELECT body FROM advisory ORDER BY number", ())
        for (body,) in rows:
            found = _advisory(self._unpacked(body))
            if wanted in {one.casefold() for one in (found.id, *found.aliases, *found.records)}:
                return found
        return None

    def _asked(self, sql: str, values: Sequence[object]) -> list[Any]:
        try:
            return self._base.execute(sql, list(values)).fetchall()
        except sqlite3.Error as e:
            raise DatabaseError(f"the advisory database is damaged: {e}") from e

    def _unpacked(self, body: bytes) -> dict[str, Any]:
        try:
            packed = zlib.decompressobj()
            told = json.loads(packed.decompress(body, _MOST))
        except (zlib.error, ValueError) as e:
            raise DatabaseError(f"the advisory database is damaged: {e}") from e
        return dict(told)

    def close(self) -> None:
        """Let go of the file."""
        self._base.close()


def _advisory(told: Mapping[str, Any]) -> Advisory:
    rating = Severity(told["severity"])
    return Advisory(
        id=told["id"],
        summary=told["summary"],
        # what is exploited is at least high whatever its score: somebody does it now (BOD 22-01)
        severity=max(rating, Severity.HIGH) if told["exploited"] else rating,
        rating=rating if told.get("rated", True) else None,
        aliases=tuple(told["aliases"]),
        records=tuple(told["records"]),
        score=told["score"],
        vector=told["vector"],
        exploited=told["exploited"],
        likely=told["likely"],
        modified=told["modified"],
        references=tuple(told["references"]),
    )
