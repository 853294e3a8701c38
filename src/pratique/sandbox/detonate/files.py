"""The files of a model as the planner sees them: a path, a size, a little of each end.

Hostile bytes are not parsed here. Links are not followed, but for those of a Hugging Face cache,
whose snapshots link to `blobs` of the same repository.
"""

import os
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pratique.core.errors import LimitExceededError, NotRegularError
from pratique.core.limits import KiB
from pratique.sandbox.port import Mount

MOST_FILES = 20_000
MOST_DEEP = 32
MOST_APART = 1_000
"""Files of a cache are shown to an inmate one by one."""
SAMPLE = 64 * KiB
INSIDE = "/model"

_BLOB = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One regular file: its path in the model, where it lies, its size, and both of its ends."""

    path: str
    host: Path
    size: int
    head: bytes = b""
    tail: bytes = b""

    @property
    def name(self) -> str:
        """Return the file's name in lower case."""
        return self.path.rpartition("/")[2].lower()

    @property
    def suffix(self) -> str:
        """Return the part of the name after the last dot, in lower case, with the dot."""
        stem, dot, suffix = self.name.rpartition(".")
        return dot + suffix if stem else ""


@dataclass(frozen=True, slots=True)
class Listing:
    """A model's files in path order, and what could not be looked at as (path, why) pairs."""

    root: Path
    files: tuple[ModelFile, ...]
    unread: tuple[tuple[str, str], ...] = ()

    @property
    def size(self) -> int:
        """Return the bytes of all files."""
        return sum(file.size for file in self.files)

    def mounts(self) -> tuple[Mount, ...]:
        """Return what shows the model to an inmate at `/model`, with nothing else of its folder."""
        # a socket or a FIFO in a folder leads to whoever holds its other end, read-only or not
        if self.root.is_dir() and not self.unread and not _linked(self.root, self.files):
            return (Mount(self.root, INSIDE),)
        return tuple(Mount(file.host, f"{INSIDE}/{file.path}") for file in self.files)


def listing(root: Path) -> Listing:
    """Return the files below a folder, or the one file.

    Raises:
        NotRegularError: it is neither.
        LimitExceededError: a cache with more files than can be shown one by one.

    """
    root = Path(os.path.realpath(root))
    unread: list[tuple[str, str]] = []
    if root.is_dir():
        found = sorted(_walk(root, unread), key=lambda file: file.path)
    elif root.is_file():
        found = [_sampled(root.name, root, root)]
    else:
        raise NotRegularError(f"{root}: is neither a file nor a folder")
    apart = root.is_dir() and (bool(unread) or _linked(root, found))
    if len(found) > MOST_APART and apart:
        says = f"{root}: more than {MOST_APART} files, and some that are none or lie elsewhere"
        raise LimitExceededError(f"{says}; give a copy that holds the files themselves")
    return Listing(root, tuple(found), tuple(unread))


def _walk(root: Path, unread: list[tuple[str, str]]) -> Iterator[ModelFile]:
    waiting, count = [""], 0
    while waiting:
        folder = waiting.pop()
        for entry in sorted(os.scandir(root / folder), key=lambda entry: entry.name):
            count += 1
            path = f"{folder}/{entry.name}" if folder else entry.name
            if count > MOST_FILES:
                unread.append((path, f"more than {MOST_FILES} files; the rest was not run"))
                return
            if entry.is_dir(follow_symlinks=False):
                if path.count("/") >= MOST_DEEP:
                    unread.append((path, f"folders nested deeper than {MOST_DEEP}"))
                else:
                    waiting.append(path)
                continue
            try:
                yield _resolved(root, path)
            except (OSError, NotRegularError) as e:
                unread.append((path, str(e)))


def _resolved(root: Path, path: str) -> ModelFile:
    """Return a file as it lies, or as the blob that a snapshot of a cache links to."""
    host = root / path
    if not host.is_symlink():
        return _sampled(path, host, host)
    aim = Path(os.path.realpath(host))
    if aim.is_relative_to(root):
        return _sampled(path, host, aim)  # inside, the link leads there as well
    blobs = [above / "blobs" for above in root.parents[:3]]
    if aim.parent in blobs and _BLOB.fullmatch(aim.name):
        return _sampled(path, aim, aim)
    raise NotRegularError("is a link that leads out of the model; it was not followed")


def _linked(root: Path, found: Sequence[ModelFile]) -> bool:
    return any(file.host != root / file.path for file in found)


def _sampled(path: str, host: Path, aim: Path) -> ModelFile:
    fd = os.open(aim, _FLAGS)
    try:
        told = os.fstat(fd)
        if not stat.S_ISREG(told.st_mode):
            raise NotRegularError("is not a regular file; it was not opened")
        head = os.pread(fd, SAMPLE, 0)
        tail = os.pread(fd, SAMPLE, max(0, told.st_size - SAMPLE)) if told.st_size > SAMPLE else b""
    finally:
        os.close(fd)
    return ModelFile(path, host, told.st_size, head, tail)
