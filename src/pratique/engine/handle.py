"""The parent's side of one file: open it once, hash it, see whether it changed. Parses nothing."""

import hashlib
import os
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from pratique.artifacts.sources.base import SourceFile
from pratique.core.errors import ChangedError, NotRegularError
from pratique.core.finding import Digest
from pratique.core.limits import MiB
from pratique.store.ports import FileStamp

BLOCK = 4 * MiB


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
            ChangedError: the file ends before its size.

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
        others = {"git-sha1": git.hexdigest()} if git is not None else {}
        return Hashes(Digest("sha256:" + main.hexdigest()), others)


@contextmanager
def opened(file: SourceFile) -> Iterator[Handle]:
    """Open a source's file for the block.

    Raises:
        NotRegularError: it is no regular file.
        OSError: the system does not let us.

    """
    fd = file.open()
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise NotRegularError("not a regular file")
        yield Handle(fd, stamp_of(fd))
    finally:
        os.close(fd)


def stamp_of(fd: int) -> FileStamp:
    """Return where and when the file system sees the file behind a descriptor."""
    s = os.fstat(fd)
    return FileStamp(s.st_dev, s.st_ino, s.st_size, s.st_mtime_ns, s.st_ctime_ns)
