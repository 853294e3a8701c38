"""The parent's side of one file: open it once, hash it, see whether it changed. Parses nothing."""

import errno
import fcntl
import hashlib
import os
import signal
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from pratique.artifacts.sources.base import SourceFile
from pratique.core.errors import ArtifactError, ChangedError, NotRegularError
from pratique.core.finding import Digest
from pratique.core.limits import MiB
from pratique.store.ports import FileStamp

BLOCK = MiB // 2
"""Bytes hashed at a time: what was just read is still near the processor."""

TICK_NS = 20_000_000
"""Time stamps stand still for up to a tick of the kernel: two changes in one look like one."""

_SETLEASE, _SETSIG = getattr(fcntl, "F_SETLEASE", None), getattr(fcntl, "F_SETSIG", None)


@dataclass(frozen=True, slots=True)
class Hashes:
    """The digests of one file; `others` maps further algorithms that its source spoke of."""

    digest: Digest
    others: Mapping[str, str] = field(default_factory=dict)

    def of(self, algorithm: str) -> str:
        """Return the hex digest under this algorithm, empty where it was not asked for."""
        if algorithm == "sha256":
            return self.digest.removeprefix("sha256:")
        return self.others.get(algorithm, "")


@dataclass(frozen=True, slots=True)
class Handle:
    """An open regular file: its descriptor and the moment it was opened at."""

    fd: int
    stamp: FileStamp

    @property
    def size(self) -> int:
        """Return the bytes that the file had when it was opened."""
        return self.stamp.size

    def unchanged(self) -> None:
        """Return if the file is as it was when it was opened.

        Raises:
            ChangedError: its size or a time stamp differs.

        """
        if stamp_of(self.fd) != self.stamp:
            raise ChangedError("the file changed while it was read")

    def hashes(self, progress: Callable[[int], None], also: Mapping[str, str]) -> Hashes:
        """Return the file's SHA-256, and `git-sha1` where `also` names it, in one reading.

        Raises:
            ChangedError: the file ends before its size, or goes on after it.

        """
        main, git = hashlib.sha256(), None
        if "git-sha1" in also:
            git = hashlib.sha1(b"blob %d\0" % self.size, usedforsecurity=False)
        buffer, at = memoryview(bytearray(min(BLOCK, max(1, self.size)))), 0
        while at < self.size:
            got = os.preadv(self.fd, [buffer[: self.size - at]], at)
            if got <= 0:
                raise ChangedError("the file became shorter while it was read")
            main.update(buffer[:got])
            if git is not None:
                git.update(buffer[:got])
            at += got
            progress(got)
        if os.pread(self.fd, 1, at):
            raise ChangedError("the file became longer while it was read")
        others = {"git-sha1": git.hexdigest()} if git is not None else {}
        return Hashes(Digest("sha256:" + main.hexdigest()), others)


@contextmanager
def opened(file: SourceFile) -> Iterator[Handle]:
    """Open a source's file for the block.

    Raises:
        NotRegularError: it is no regular file.
        ChangedError: somebody has it open for writing.
        OSError: the system does not let us.

    """
    fd = file.open()
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise NotRegularError("not a regular file")
        if _is_written(fd):
            raise ChangedError("another process has the file open for writing")
        yield Handle(fd, _settled(fd))
    finally:
        os.close(fd)


def stamps(files: Iterable[SourceFile]) -> dict[str, FileStamp | None]:
    """Return each file's stamp by its path, None where it cannot be opened."""
    found: dict[str, FileStamp | None] = {}
    for file in files:
        try:
            fd = file.open()
        except (ArtifactError, OSError):
            found[file.path] = None
            continue
        try:
            found[file.path] = stamp_of(fd)
        finally:
            os.close(fd)
    return found


def stamp_of(fd: int) -> FileStamp:
    """Return where and when the file system sees the file behind a descriptor."""
    s = os.fstat(fd)
    return FileStamp(s.st_dev, s.st_ino, s.st_size, s.st_mtime_ns, s.st_ctime_ns)


def _settled(fd: int) -> FileStamp:
    """Return a file's stamp once it is old enough that any change from now on shows in it.

    A change right before the opening and one right after it could carry the same time: the digest
    would be of the bytes before it and the findings of those after it.
    """
    stamp = stamp_of(fd)
    until = time.monotonic_ns() + 2 * TICK_NS
    while 0 <= time.time_ns() - stamp.changed_ns < TICK_NS and time.monotonic_ns() < until:
        time.sleep(TICK_NS / 4e9)
        stamp = stamp_of(fd)
    return stamp


def _is_written(fd: int) -> bool:
    """Tell whether a process holds the file open for writing; False where nobody can know.

    Who maps a file writable may change it without a new time stamp. The kernel gives a read lease
    only on a file that nobody may write to; it is given back at once. Only the owner may ask.
    """
    if _SETLEASE is None or _SETSIG is None:
        return False
    try:
        fcntl.fcntl(fd, _SETSIG, signal.SIGURG)  # ignored, if somebody opens it this very moment
        fcntl.fcntl(fd, _SETLEASE, fcntl.F_RDLCK)
    except OSError as e:
        return e.errno == errno.EAGAIN
    fcntl.fcntl(fd, _SETLEASE, fcntl.F_UNLCK)
    return False
