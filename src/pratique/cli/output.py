"""Where a report goes: standard output, or a file that is whole or not there."""

import os
import secrets
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from pratique.core.errors import UsageError


@contextmanager
def written(to: Path | None) -> Iterator[TextIO]:
    """Give a stream; what is written becomes the file only when the block ends well.

    Raises:
        UsageError: the place is a folder, or its folder does not exist.

    """
    if to is None:
        with _shown() as out:
            yield out
        return
    check_place(to)
    if to.exists() and not stat.S_ISREG(to.stat().st_mode):  # /dev/stdout, a FIFO
        with to.open("w", encoding="utf-8") as out:
            yield out
        return
    with _whole(Path(os.path.realpath(to))) as out:
        yield out


def check_place(to: Path) -> None:
    """Refuse a place that cannot be written to, before the work is done that would be lost.

    Raises:
        UsageError: it is a folder, or lies in none, or in one that may not be written to.

    """
    if to.is_dir():
        raise UsageError(f"{str(to)!r}: is a folder; name a file for the report")
    if not to.absolute().parent.is_dir():
        raise UsageError(f"{str(to.parent)!r}: no such folder for the report")
    if not os.access(to.absolute().parent, os.W_OK) and not to.exists():
        raise UsageError(f"{str(to.parent)!r}: this folder may not be written to")


@contextmanager
def _shown() -> Iterator[TextIO]:
    """Give standard output; a reader that leaves early does not change the exit code."""
    try:
        yield sys.stdout
        sys.stdout.flush()
    except BrokenPipeError:
        # keep the interpreter from flushing into the pipe at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def _whole(to: Path) -> Iterator[TextIO]:
    partly = to.with_name(f".{to.name[:100]}.{secrets.token_hex(4)}.part")
    fd = _nameless(to.parent)
    named = fd is None
    if fd is None:
        fd = os.open(partly, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(fd, "w", encoding="utf-8", errors="backslashreplace") as out:
            yield out
            out.flush()
            os.fchmod(out.fileno(), 0o666 & ~_umask())
            os.fsync(out.fileno())
            if not named:
                _name(out.fileno(), partly)
        partly.replace(to)
    finally:
        partly.unlink(missing_ok=True)


def _name(fd: int, place: Path) -> None:
    folder = os.open(place.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:  # only with a folder's descriptor does Python follow the link in /proc
        os.link(f"/proc/self/fd/{fd}", place.name, dst_dir_fd=folder)
    finally:
        os.close(folder)


def _nameless(folder: Path) -> int | None:
    """Return a file without a name, of which nothing stays if this process is killed.

    None where the file system has no such thing.
    """
    if not hasattr(os, "O_TMPFILE") or not Path("/proc/self/fd").is_dir():
        return None
    try:
        return os.open(folder, os.O_WRONLY | os.O_TMPFILE | os.O_CLOEXEC, 0o600)
    except OSError:
        return None


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
