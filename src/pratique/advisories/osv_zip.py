"""An OSV `all.zip`, member by member: nothing in it is trusted, and nothing is written to disk."""

import json
import lzma
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from pratique.core.errors import MalformedError
from pratique.core.limits import MiB

MOST_MEMBERS: Final = 500_000
MOST_MEMBER: Final = 4 * MiB
MOST_TOTAL: Final = 4_096 * MiB
MOST_NAMED: Final = 200


_BROKEN: Final = (
    zipfile.BadZipFile,
    NotImplementedError,
    RuntimeError,
    OSError,
    EOFError,
    lzma.LZMAError,
    zlib.error,
)


class ArchiveError(MalformedError):
    """What was given is no archive of advisories."""

    def hint(self) -> str:
        """Say what the operator can do about it."""
        return "the old database stays in use; OSV's archives are ECOSYSTEM/all.zip of its bucket"


@dataclass(slots=True)
class Refused:
    """Members that are no records: each is counted, the first few are named with the reason."""

    count: int = 0
    named: list[tuple[str, str]] = field(default_factory=list)

    def add(self, name: str, why: str) -> None:
        """Count one more."""
        self.count += 1
        if len(self.named) < MOST_NAMED:
            self.named.append((name[:200], why[:200]))


def records(path: Path, refused: Refused) -> Iterator[dict[str, Any]]:
    """Yield every record of a zip; members that are none are refused by name.

    Raises:
        MalformedError: the archive itself is broken, truncated, or lies about its members.

    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            _plausible(path, members)
            for member in members:
                if not member.is_dir():
                    yield from _record(archive, member, refused)
    except _BROKEN as e:
        raise MalformedError(f"{path.name}: is no whole zip archive: {e}"[:300]) from e


def _plausible(path: Path, members: list[zipfile.ZipInfo]) -> None:
    if len(members) > MOST_MEMBERS:
        raise MalformedError(f"{path.name}: names {len(members)} members; {MOST_MEMBERS} at most")
    if sum(member.file_size for member in members) > MOST_TOTAL:
        raise MalformedError(f"{path.name}: unpacks to more than {MOST_TOTAL} bytes")
    names = {member.filename for member in members}
    if len(names) < len(members):
        raise MalformedError(f"{path.name}: names a member twice, so two readers may differ")


def _record(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, refused: Refused
) -> Iterator[dict[str, Any]]:
    if member.file_size > MOST_MEMBER:
        refused.add(member.filename, f"{member.file_size} bytes; {MOST_MEMBER} at most")
        return
    with archive.open(member) as opened:
        body = opened.read(MOST_MEMBER + 1)
    if len(body) > MOST_MEMBER:
        raise MalformedError(f"{member.filename!r}: is larger than the archive says")
    try:
        told = json.loads(body)
    except (ValueError, RecursionError) as e:
        refused.add(member.filename, f"is no JSON: {e}")
        return
    if not isinstance(told, dict) or not isinstance(told.get("id"), str) or not told["id"]:
        refused.add(member.filename, "is no record with an id")
        return
    yield told
