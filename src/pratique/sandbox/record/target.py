"""A process that waits for an answer: its memory, descriptors and numbers, read under bounds.

All of it is the inmate's to change at any time. It is worth writing down and decides nothing.
"""

import contextlib
import os
import re
import struct
import time
from pathlib import PurePosixPath

PATH_MAX = 4096
AT_FDCWD = -100
_FIRST_READ = 256
_ENTRIES = 128
_STALE_S = 1.0
"""A number may name another process one day; no descriptor is kept longer than this."""
_WORD = struct.Struct("=Q")


class UnreadableError(Exception):
    """The process is gone, or its memory may not be read."""


class Memory:
    """The memory of the processes of one inmate; for one thread."""

    def __init__(self) -> None:
        self._open: dict[int, tuple[int, float]] = {}

    def read(self, pid: int, address: int, size: int) -> bytes:
        """Return up to `size` bytes at an address; fewer where the mapping ends.

        Raises:
            UnreadableError: nothing can be read there.

        """
        for fresh in (False, True):  # a program that was executed since has another memory
            with contextlib.suppress(OSError, OverflowError):
                if got := os.pread(self._fd(pid, fresh=fresh), size, address):
                    return got
        raise UnreadableError

    def write(self, pid: int, address: int, value: bytes) -> None:
        """Write into private memory of the process.

        Raises:
            UnreadableError: it cannot be written.

        """
        try:
            fd = os.open(f"/proc/{pid}/mem", os.O_WRONLY | os.O_CLOEXEC)
        except OSError as e:
            raise UnreadableError from e
        try:
            os.pwrite(fd, value, address)
        except OSError as e:
            raise UnreadableError from e
        finally:
            os.close(fd)

    def forget(self, pid: int | None = None) -> None:
        """Close what is open of one process, or of all."""
        for known in [pid] if pid is not None else list(self._open):
            fd, _ = self._open.pop(known, (-1, 0.0))
            if fd >= 0:
                os.close(fd)

    def _fd(self, pid: int, *, fresh: bool) -> int:
        now = time.monotonic()
        fd, until = self._open.get(pid, (-1, 0.0))
        if fd >= 0 and not fresh and now < until:
            return fd
        self.forget(pid)
        if len(self._open) >= _ENTRIES:
            self.forget(next(iter(self._open)))
        fd = os.open(f"/proc/{pid}/mem", os.O_RDONLY | os.O_CLOEXEC)
        self._open[pid] = (fd, now + _STALE_S)
        return fd


DETOURS = 8
_DETOUR = re.compile(r"/proc/(?:self|thread-self|\d+)(?:/task/\d+)?/(cwd|root|fd/\d+)(?=/|$)")


class Target:
    """One waiting thread: `pid` is its number here, `args` the six words of its call."""

    __slots__ = ("_memory", "args", "pid")

    def __init__(self, memory: Memory, pid: int, args: tuple[int, ...]) -> None:
        self._memory, self.pid, self.args = memory, pid, args

    def integer(self, index: int) -> int:
        """Return an argument that the kernel takes as a signed 32-bit number."""
        low = self.args[index] & 0xFFFFFFFF
        return low - (1 << 32) if low >> 31 else low

    def read(self, address: int, size: int) -> bytes:
        """Return exactly `size` bytes of its memory.

        Raises:
            UnreadableError: they are not there.

        """
        got = self._memory.read(self.pid, address, size)
        if len(got) < size:
            raise UnreadableError
        return got

    def some(self, address: int, size: int) -> bytes:
        """Return at least one and up to `size` bytes of its memory.

        Raises:
            UnreadableError: there are none.

        """
        return self._memory.read(self.pid, address, size)

    def word(self, address: int) -> int:
        """Return a 64-bit word of its memory.

        Raises:
            UnreadableError: it is not there.

        """
        return int(_WORD.unpack(self.read(address, _WORD.size))[0])

    def string(self, address: int, most: int = PATH_MAX) -> str:
        """Return a text that ends with a zero byte, cut at `most` bytes; undecodable is escaped.

        Raises:
            UnreadableError: it is not there.

        """
        got = self._memory.read(self.pid, address, min(_FIRST_READ, most))
        end = got.find(b"\0")
        if end < 0 and len(got) < most:
            got += self._rest(address + len(got), most - len(got))
            end = got.find(b"\0")
        return (got if end < 0 else got[:end]).decode("utf-8", "backslashreplace")

    def path(self, folder: int, address: int) -> str:
        """Return an absolute path, made from a text and the descriptor that it starts from.

        The text is tidied, and a detour through /proc is taken; other links are not followed.

        Raises:
            UnreadableError: the text is not there.

        """
        text = self.string(address)
        if not text.startswith("/"):
            base = self.folder(folder)
            text = f"{base}/{text}" if text else base
        return self._straight(tidy(text))

    def _straight(self, path: str) -> str:
        """Return a path without `/proc/self/cwd` and its like, which name another place."""
        for _ in range(DETOURS):
            found = _DETOUR.match(path)
            if found is None:
                break
            path = tidy(f"{self._link(found[1])}/{path[found.end() :].lstrip('/')}".rstrip("/"))
        return path

    def folder(self, fd: int) -> str:
        """Return the path behind a folder's descriptor, or of where it works for AT_FDCWD."""
        if fd == AT_FDCWD:
            return self._link("cwd")
        return self._link(f"fd/{fd}")

    def descriptor(self, fd: int) -> str:
        """Return the path behind a descriptor; `?` where nothing tells."""
        return self._link(f"fd/{fd}")

    def write(self, address: int, value: bytes) -> None:
        """Write into its memory.

        Raises:
            UnreadableError: it cannot be written.

        """
        self._memory.write(self.pid, address, value)

    def status(self, name: str) -> str:
        """Return one line of its /proc status, empty where there is none."""
        head = f"{name}:\t"
        with contextlib.suppress(OSError), open(f"/proc/{self.pid}/status", "rb") as file:  # noqa: PTH123 - no Path for speed
            for line in file.read(PATH_MAX).decode("utf-8", "replace").splitlines():
                if line.startswith(head):
                    return line[len(head) :].strip()
        return ""

    def _link(self, name: str) -> str:
        try:
            return os.readlink(f"/proc/{self.pid}/{name}")  # noqa: PTH115 - no Path for speed
        except OSError:
            return "?"

    def _rest(self, address: int, most: int) -> bytes:
        try:
            return self._memory.read(self.pid, address, most)
        except UnreadableError:
            return b""


def tidy(path: str) -> str:
    """Return a path without `.`, `..` and doubled slashes, by its text alone."""
    if ("/." not in path and "//" not in path) or not path.startswith("/"):
        return path
    parts: list[str] = []
    for part in PurePosixPath(path).parts:
        if part == "..":
            parts = parts[:-1] if len(parts) > 1 else parts
        else:
            parts.append(part)
    return "/" + "/".join(parts[1:])
