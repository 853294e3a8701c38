"""What tells that an inmate reached out: its kin, memory, descriptors and groups, seen outside."""

import contextlib
import os
import signal
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pratique.core.limits import KiB, MiB
from pratique.sandbox.escape_suite.enclosure import ALL_USERS

MEMORY_MOST = 256 * MiB
DISK_MOST = 32 * MiB
GONE_S = 1.5
_PAUSE_S, _LOOKS, _KILL_S = 0.02, 10, 25.0
_CGROUP = Path("/sys/fs/cgroup")


def kin(of: int | None = None) -> set[int]:
    """Return every process below one, by default this one, which adopts all that are orphaned."""
    parents: dict[int, list[int]] = {}
    for pid in (int(name) for name in os.listdir("/proc") if name.isdigit()):  # noqa: PTH208
        with contextlib.suppress(OSError, IndexError, ValueError):
            words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            parents.setdefault(int(words[1]), []).append(pid)
    found: set[int] = set()
    todo = [of or os.getpid()]
    while todo:
        children = [p for p in parents.get(todo.pop(), ()) if p not in found]
        found.update(children)
        todo += children
    return found


@dataclass(slots=True)
class Watch:
    """What this process held before an inmate was started; `over` compares once it was closed."""

    memory: int = 0
    fds: int = 0
    kin: set[int] = field(default_factory=set)
    groups: set[Path] = field(default_factory=set)
    mounts: str = ""

    def begin(self) -> None:
        """Look around before the start."""
        with contextlib.suppress(OSError):
            Path("/proc/self/clear_refs").write_text("5")  # the peak counts from now
        self.memory, self.kin = _peak(), kin()
        self.fds, self.mounts = descriptors(), _mounts()

    def started(self) -> None:
        """Learn in which control groups the inmate runs, while it does."""
        own = _groups(os.getpid())
        for pid in kin() - self.kin:
            self.groups |= _groups(pid) - own

    def heard(self, mark: str) -> Iterator[str]:
        """Say what came along while it ran: descriptors that were passed, files that grew."""
        if passed := sum(1 for aim in _aims() if f"/{mark}-send" in aim):
            yield f"{passed} descriptors arrived"
        sizes = sum(_sizes())
        if sizes > DISK_MOST:
            yield f"{sizes // MiB} MiB were written to open files"

    def roots(self) -> Iterator[int]:
        """Yield the processes of the inmate, without children of their own, that are root here."""
        new = kin() - self.kin
        for pid in new:
            with contextlib.suppress(OSError):
                told = Path(f"/proc/{pid}/status").read_text()
                if not kin(pid) and "\nUid:\t0\t" in told:
                    yield pid

    def over(self, *, thorough: bool = False) -> Iterator[str]:
        """Say what is left, and remove it; `thorough` also finds who keeps changing its number."""
        until = time.monotonic() + GONE_S
        while (left := self._reap()) and time.monotonic() < until:
            time.sleep(_PAUSE_S)
        for _ in range(_LOOKS if thorough else 0):
            left = left or self._reap()
            time.sleep(_PAUSE_S)
        if left:
            yield f"{len(left)} processes are left"
            self._kill()
        if (peak := _peak()) - self.memory > MEMORY_MOST:
            yield f"the supervisor came to hold {(peak - self.memory) // MiB} MiB more"
        if (now := descriptors()) > self.fds:
            yield f"{now - self.fds} descriptors are left"
        if any(group.exists() for group in self.groups):
            yield "a control group is left"
        if _mounts() != self.mounts:
            yield "a mount is left"

    def _reap(self) -> set[int]:
        """Return who is left of the inmate's; those that are dead already are buried."""
        left = set()
        for pid in kin() - self.kin:
            with contextlib.suppress(OSError):
                if os.waitpid(pid, os.WNOHANG) != (0, 0):
                    continue
            with contextlib.suppress(OSError):
                if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z":
                    left.add(pid)
        return left

    def _kill(self) -> None:
        """Kill until nobody was there for a while; who forks faster than that ends by itself."""
        until, calm = time.monotonic() + _KILL_S, 0
        while calm < _LOOKS and time.monotonic() < until:
            left = self._reap()
            calm = 0 if left else calm + 1
            for pid in left:
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(_PAUSE_S / 4)


def descriptors() -> int:
    """Return how many descriptors this process has open."""
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208


def _mounts() -> str:
    """Return what is mounted here; who is not root can mount in a namespace of their own only."""
    if Path("/proc/self/uid_map").read_text().split() != ALL_USERS or os.geteuid() != 0:
        return ""
    return Path("/proc/self/mountinfo").read_text()


def _aims() -> Iterator[str]:
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208 - as it is asked above
        with contextlib.suppress(OSError):
            yield os.readlink(f"/proc/self/fd/{name}")  # noqa: PTH115 - no path, but words


def _sizes() -> Iterator[int]:
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208
        with contextlib.suppress(OSError):
            told = os.stat(f"/proc/self/fd/{name}")  # noqa: PTH116
            if stat.S_ISREG(told.st_mode):
                yield told.st_size


def _peak() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * KiB
    return 0


def _groups(pid: int) -> set[Path]:
    found = set()
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            for place in (_CGROUP / controllers, _CGROUP / "unified", _CGROUP):
                if path != "/" and (place / path.lstrip("/")).is_dir():
                    found.add(place / path.lstrip("/"))
    return found
