"""A revision on a hub: listed once, pinned to its commit, each file fetched when it is opened."""

import errno
import hashlib
import os
import re
import shutil
import tempfile
import threading
import weakref
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pratique.artifacts.sources.base import SourceFile
from pratique.artifacts.sources.folder import open_regular
from pratique.artifacts.sources.hub_client import HubClient, no_room
from pratique.core.errors import (
    ArtifactError,
    LimitExceededError,
    MalformedError,
    PratiqueError,
    UsageError,
)
from pratique.core.limits import MiB

MOST_FILES = 200_000
MOST_NAME = 1_000
UNSIZED_BYTES = 64 * MiB
"""The most that is fetched of a file whose size the hub did not tell."""

_ADDRESS = re.compile(
    r"hf://(?P<repo>[\w][\w.-]{0,95}(?:/[\w][\w.-]{0,95})?)(?:@(?P<rev>[\w][\w./-]{0,199}))?",
    re.ASCII,
)
_NO_DIGEST = (
    "the hub promises no digest that the file could be compared with, so it was not fetched; "
    "download the model, then scan its folder"
)
_COMMIT = re.compile(r"[0-9a-f]{40}")
_HEX = {"sha256": re.compile(r"[0-9a-f]{64}"), "git-sha1": re.compile(r"[0-9a-f]{40}")}


@dataclass(frozen=True, slots=True)
class _Listed:
    """One file as the hub lists it; `wrong` says why it cannot be fetched."""

    path: str
    size: int
    intended: Mapping[str, str] = field(default_factory=dict)
    wrong: str = ""


class HubSource:
    """The files of `hf://ORG/NAME@REVISION`, by the commit that the revision stood for.

    The hub's own digests are handed on as `intended`. A file that was fetched whole, and has the
    digest that the hub promises, is kept in `fetched` and not fetched again. A file of which the
    hub promises no digest is not opened: nothing could tell whether it is the published one.
    """

    def __init__(
        self, address: str, fetched: Path | None = None, client: HubClient | None = None
    ) -> None:
        match = _ADDRESS.fullmatch(address)
        if not match or ".." in address:
            raise UsageError(f"{address!r}: write hf://ORG/NAME or hf://ORG/NAME@REVISION")
        self._name = address
        self._repo = match["repo"]
        self._client = client or HubClient()
        weakref.finalize(self, self._client.close)
        self._commit, self._listed = self._list(match["rev"] or "main")
        self._place = fetched or self._passing_place()
        self._locks: dict[str, threading.Lock] = {f.path: threading.Lock() for f in self._listed}
        self._mismatched: dict[str, Path] = {}

    @property
    def name(self) -> str:
        """Return the address, with the commit that was read."""
        return f"hf://{self._repo}@{self._commit}"

    def files(self) -> Iterator[SourceFile]:
        """Yield every file in path order; each is fetched when it is opened."""
        for one in self._listed:
            yield SourceFile(one.path, one.size, partial(self._open, one), one.intended)

    def _passing_place(self) -> Path:
        folder = tempfile.mkdtemp(prefix="pratique-hub-")
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        return Path(folder)

    def _list(self, revision: str) -> tuple[str, list[_Listed]]:
        told = self._client.json(
            f"/api/models/{self._repo}/revision/{quote(revision, safe='')}?blobs=true"
        )
        commit = told.get("sha") if isinstance(told, dict) else None
        rows = told.get("siblings") if isinstance(told, dict) else None
        if not isinstance(commit, str) or not _COMMIT.fullmatch(commit):
            raise MalformedError(f"{self._name}: the hub tells no commit of the revision")
        if _COMMIT.fullmatch(revision.lower()) and revision.lower() != commit:
            raise MalformedError(f"{self._name}: the hub answers with another commit, {commit}")
        if not isinstance(rows, list):
            raise MalformedError(f"{self._name}: the hub lists no files")
        if len(rows) > MOST_FILES:
            raise LimitExceededError(f"{self._name}: the hub lists {len(rows)} files")
        seen: dict[str, _Listed] = {}
        for row in rows:
            one = _listed(row)
            twice = _Listed(one.path, -1, {}, "the hub lists this name twice")
            seen[one.path] = twice if one.path in seen else one
        return commit, [seen[path] for path in sorted(seen)]

    def _open(self, one: _Listed) -> int:
        if one.wrong:
            raise MalformedError(one.wrong)
        try:
            with self._locks[one.path]:
                return self._opened(one)
        except (ArtifactError, OSError):
            raise
        except PratiqueError as e:
            raise OSError(errno.EIO, str(e)) from e

    def _opened(self, one: _Listed) -> int:
        kept = self._kept(one)
        if not kept.is_file():
            kept = self._mismatched.get(one.path) or self._fetch(one, kept)
        return open_regular(str(kept))

    def _kept(self, one: _Listed) -> Path:
        """Return where a file is kept: by what it should be, never by the hub's name for it."""
        named = f"{one.intended.get('sha256') or one.intended['git-sha1']}-{one.size}"
        return self._place / (hashlib.sha256(named.encode()).hexdigest() + ".blob")

    def _fetch(self, one: _Listed, kept: Path) -> Path:
        self._place.mkdir(mode=0o700, parents=True, exist_ok=True)
        free = shutil.disk_usage(self._place).free
        if one.size > free:
            raise no_room(one.size, free)
        fd, name = tempfile.mkstemp(prefix=".fetching-", dir=self._place)
        partly = Path(name)
        try:
            with os.fdopen(fd, "wb") as out:
                sink = _FileSink(out.fileno(), one.size)
                path = f"/{self._repo}/resolve/{self._commit}/{quote(one.path, safe='/')}"
                self._client.fetch(path, sink, one.size)
            if sink.holds(one.intended):
                partly.replace(kept)
                return kept
            # it is inspected and reported, but the next run must not take it for the real one
            self._mismatched[one.path] = partly.replace(kept.with_suffix(f".{os.getpid()}.other"))
            weakref.finalize(self, _remove, self._mismatched[one.path])
            return self._mismatched[one.path]
        finally:
            partly.unlink(missing_ok=True)


class _FileSink:
    """Writes a transfer to a descriptor and computes both digests that a hub may promise."""

    def __init__(self, fd: int, promised: int) -> None:
        self._fd, self._promised = fd, promised
        self._most = promised if promised >= 0 else UNSIZED_BYTES
        self.start(0)

    @property
    def size(self) -> int:
        """Return how many bytes were taken."""
        return self._size

    def start(self, at: int) -> None:
        """Begin anew at 0, or go on at `at`."""
        if at:
            return
        self._size = 0
        os.ftruncate(self._fd, 0)
        os.lseek(self._fd, 0, os.SEEK_SET)
        self._sha256 = hashlib.sha256()
        head = f"blob {max(self._promised, 0)}\0".encode()  # how git hashes a file's content
        self._git = hashlib.sha1(head, usedforsecurity=False)

    def take(self, chunk: bytes) -> None:
        """Write the next bytes; refuse more than were promised."""
        self._size += len(chunk)
        if self._size > self._most:
            raise MalformedError(f"the hub sends more than the {self._most} bytes it promised")
        self._sha256.update(chunk)
        self._git.update(chunk)
        done = 0
        while done < len(chunk):
            done += os.write(self._fd, chunk[done:])

    def holds(self, intended: Mapping[str, str]) -> bool:
        """Tell whether the bytes have the digests that the hub promised."""
        got = {"sha256": self._sha256.hexdigest(), "git-sha1": self._git.hexdigest()}
        return all(got[kind] == digest for kind, digest in intended.items())


def _listed(row: Any) -> _Listed:  # noqa: ANN401 - foreign JSON has any shape
    if not isinstance(row, dict) or not isinstance(row.get("rfilename"), str):
        return _Listed("(no name)", -1, {}, "the hub lists a file without a name")
    path = row["rfilename"]
    wrong = _wrong_name(path)
    if wrong:
        return _Listed(path[:MOST_NAME], -1, {}, wrong)
    size = row.get("size")
    size = size if type(size) is int and size >= 0 else -1
    lfs = row.get("lfs")
    # a large file's git object is only a pointer to it, so its blobId says nothing of the content
    promised = {"sha256": lfs.get("sha256")} if isinstance(lfs, dict) else {}
    if not promised:
        promised = {"git-sha1": row.get("blobId")}
    intended = {
        kind: value.lower()
        for kind, value in promised.items()
        if isinstance(value, str) and _HEX[kind].fullmatch(value.lower())
    }
    return _Listed(path, size, intended, "" if intended else _NO_DIGEST)


def _wrong_name(path: str) -> str:
    """Return why a listed name cannot be one of a file in a repository, or nothing."""
    if len(path) > MOST_NAME:
        return f"the hub lists a name longer than {MOST_NAME}"
    if any(part in {"", ".", ".."} for part in path.split("/")):
        return "the hub lists a name that leads out of the repository"
    if any(ord(c) < 32 or 0xD800 <= ord(c) < 0xE000 for c in path):  # noqa: PLR2004 - controls
        return "the hub lists a name with control characters"
    return ""


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)
