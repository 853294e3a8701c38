"""A folder's files, by descriptor: no link leads out of it, nothing special is opened.

Nothing is left out: hidden files and `.git` are a part of what was downloaded. One link is followed
beyond the folder: the Hugging Face cache keeps `snapshots/REVISION/file` as a link to
`blobs/DIGEST` of the same repository folder, and the digest in its name is then checked.
"""

import errno
import os
import posixpath
import re
import stat
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pratique.artifacts.sources.base import SourceFile
from pratique.core.errors import (
    ArtifactError,
    ChangedError,
    LimitExceededError,
    NotRegularError,
)

MOST_FILES = 200_000
MOST_FOLDERS_DEEP = 64
MOST_HOPS = 8

_O_PATH = getattr(os, "O_PATH", os.O_RDONLY)
_FOLDER = _O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_BLOB_NAME = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_KINDS = (
    (stat.S_ISFIFO, "a FIFO"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a character device"),
    (stat.S_ISBLK, "a block device"),
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISLNK, "a link"),
)


def open_regular(name: str, dir_fd: int | None = None) -> int:
    """Return a read-only descriptor of the regular file `name`; a link is not followed.

    Raises:
        NotRegularError: it is something else, and was not opened.
        ChangedError: it became something else between the look and the opening.

    """
    before = os.stat(name, dir_fd=dir_fd, follow_symlinks=False)
    if not stat.S_ISREG(before.st_mode):
        kind = next((words for is_a, words in _KINDS if is_a(before.st_mode)), "special")
        raise NotRegularError(f"is {kind}, not a regular file; it was not opened")
    fd = os.open(name, _FILE, dir_fd=dir_fd)
    after = os.fstat(fd)
    if not stat.S_ISREG(after.st_mode) or not os.path.samestat(before, after):
        os.close(fd)
        raise ChangedError("was replaced while it was opened")
    return fd


@dataclass(frozen=True, slots=True)
class _Link:
    """Where a link leads: `parts` below `base`, a descriptor of a folder."""

    base: int
    parts: tuple[str, ...]
    intended: dict[str, str]


class FolderSource:
    """Every file below a folder, in path order, at most `most` of them.

    What cannot be read (a FIFO, a device, a dangling link, a folder without permission) is yielded
    too, and its `open` says why. A folder that could not be listed is an entry that ends with `/`.
    """

    def __init__(self, root: Path, name: str | None = None, most: int = MOST_FILES) -> None:
        self._name = str(root) if name is None else name
        self._most = most
        self._here = Path(os.path.realpath(root))
        self._fd = os.open(self._here, _O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        weakref.finalize(self, os.close, self._fd)
        self._above = self._repository_above()

    @property
    def name(self) -> str:
        """Return the folder as it was given."""
        return self._name

    @property
    def path(self) -> Path:
        """Return where the folder is, links resolved."""
        return self._here

    def files(self) -> Iterator[SourceFile]:
        """Yield every file in path order, unreadable ones included."""
        yield from sorted(self._walk(), key=lambda file: file.path)

    def _walk(self) -> Iterator[SourceFile]:
        waiting: list[tuple[str, ...]] = [()]
        count = 0
        while waiting:
            folder = waiting.pop()
            try:
                names = self._names(folder)
            except (OSError, ArtifactError) as e:
                yield _unreadable(folder, e)
                continue
            for name in names:
                count += 1  # folders too: a tree of nothing but folders must end
                if count > self._most:
                    says = f"more than {self._most} entries in the folder; the rest was not read"
                    yield _unreadable((), LimitExceededError(says))
                    return
                parts = (*folder, name)
                found = self._entry(parts)
                if found is None:
                    waiting.append(parts)
                else:
                    yield found

    def _names(self, folder: tuple[str, ...]) -> list[str]:
        if len(folder) > MOST_FOLDERS_DEEP:
            raise LimitExceededError(f"folders nested deeper than {MOST_FOLDERS_DEEP}")
        holder = _descend(self._fd, folder)
        try:
            fd = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=holder)
        finally:
            os.close(holder)
        names = []
        try:
            with os.scandir(fd) as entries:
                for entry in entries:
                    names.append(entry.name)
                    if len(names) > self._most:
                        break
        finally:
            os.close(fd)
        return sorted(names)

    def _entry(self, parts: tuple[str, ...]) -> SourceFile | None:
        """Return the file at `parts`, None for a folder."""
        path = "/".join(parts)
        try:
            seen = self._look(parts)
        except (OSError, ArtifactError):  # it was there a moment ago: opening it will say more
            return SourceFile(path, -1, partial(self._open, parts))
        if stat.S_ISDIR(seen.st_mode):
            return None
        if not stat.S_ISLNK(seen.st_mode):
            size = seen.st_size if stat.S_ISREG(seen.st_mode) else -1
            return SourceFile(path, size, partial(self._open, parts))
        size, intended = self._behind(parts)
        return SourceFile(path, size, partial(self._open, parts), intended)

    def _look(self, parts: tuple[str, ...]) -> os.stat_result:
        holder = _descend(self._fd, parts[:-1])
        try:
            return os.stat(parts[-1], dir_fd=holder, follow_symlinks=False)
        finally:
            os.close(holder)

    def _behind(self, parts: tuple[str, ...]) -> tuple[int, dict[str, str]]:
        try:
            fd = self._open(parts)
        except (OSError, ArtifactError):
            return -1, {}
        try:
            return os.fstat(fd).st_size, self._link(parts).intended
        except (OSError, ArtifactError):
            return -1, {}
        finally:
            os.close(fd)

    def _open(self, parts: tuple[str, ...]) -> int:
        base = self._fd
        for _ in range(MOST_HOPS):
            try:
                fd = _open_unless_link(base, parts)
            except FileNotFoundError as e:
                raise NotRegularError("is a dangling link, or was removed meanwhile") from e
            if fd is not None:
                return fd
            link = self._link(parts)
            if link.base != self._fd:
                return self._open_blob(link)
            parts = link.parts
        raise NotRegularError("is a link that leads in a circle")

    def _open_blob(self, link: _Link) -> int:
        holder = _descend(link.base, link.parts[:-1])
        try:
            return open_regular(link.parts[-1], holder)
        except FileNotFoundError as e:
            raise NotRegularError("is a dangling link into the cache's blobs") from e
        finally:
            os.close(holder)

    def _link(self, parts: tuple[str, ...]) -> _Link:
        """Return where the link at `parts` leads.

        Raises:
            NotRegularError: it leads out of the folder, and not into the cache's blobs.

        """
        holder = _descend(self._fd, parts[:-1])
        try:
            target = os.readlink(parts[-1], dir_fd=holder)
        finally:
            os.close(holder)
        whole = posixpath.normpath(posixpath.join("/".join(parts[:-1]), target))
        steps = tuple(whole.split("/"))
        if target.startswith("/"):
            raise NotRegularError("is a link to an absolute path; it was not followed")
        intended = _digest_in(steps[-1])
        if steps[0] != "..":
            within = intended if steps[-2:-1] == ("blobs",) and "snapshots" in parts else {}
            return _Link(self._fd, steps, within)
        ups = steps.count("..")
        if self._above is not None and intended:
            depth, fd = self._above
            if ups == depth and steps[ups:-1] == ("blobs",):
                return _Link(fd, steps[ups:], intended)
        raise NotRegularError("is a link that leads out of the folder; it was not followed")

    def _repository_above(self) -> tuple[int, int] | None:
        """Return how many folders up the cache's repository is, and its descriptor."""
        parts = self._here.parts
        for up in range(2, min(len(parts), MOST_FOLDERS_DEEP)):
            if parts[-up] == "snapshots" and (self._here.parents[up - 1] / "blobs").is_dir():
                fd = os.open(self._here.parents[up - 1], _FOLDER)
                weakref.finalize(self, os.close, fd)
                return up, fd
        return None


def _descend(fd: int, folders: tuple[str, ...]) -> int:
    """Return a new descriptor of a folder below `fd`; no component may be a link."""
    here = os.open(".", _FOLDER, dir_fd=fd)
    for name in folders:
        try:
            there = os.open(name, _FOLDER, dir_fd=here)
        except OSError as e:
            if e.errno in {errno.ELOOP, errno.ENOTDIR}:
                raise NotRegularError(f"lies behind {name!r}, which is no folder") from e
            raise
        finally:
            os.close(here)
        here = there
    return here


def _open_unless_link(base: int, parts: tuple[str, ...]) -> int | None:
    holder = _descend(base, parts[:-1])
    try:
        if stat.S_ISLNK(os.stat(parts[-1], dir_fd=holder, follow_symlinks=False).st_mode):
            return None
        return open_regular(parts[-1], holder)
    finally:
        os.close(holder)


def _digest_in(name: str) -> dict[str, str]:
    """Return the digest that a blob's name in the cache stands for: SHA-256, or git's SHA-1."""
    if not _BLOB_NAME.fullmatch(name):
        return {}
    return {"sha256" if len(name) == 64 else "git-sha1": name}  # noqa: PLR2004 - hex digits


def _unreadable(folder: tuple[str, ...], error: Exception) -> SourceFile:
    def refuse() -> int:
        raise error

    return SourceFile("/".join(folder or (".",)) + "/", -1, refuse)
