"""Control groups of one inmate: how many processes, how much memory, and the end of them all.

Version 1 hierarchies and version 2 are served; either needs root. What is not to be had is told.
A group is named after the process that made it, so a later one can clear what a killed one left.
"""

import contextlib
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pratique.sandbox.port import Bounds

ROOT = Path("/sys/fs/cgroup")
PREFIX = "pratique-"
GONE_S = 5.0
_POLL_S = 0.005


@dataclass(slots=True)
class Groups:
    """The groups that hold one inmate; `missing` are (name, why)."""

    folders: list[Path] = field(default_factory=list)
    held: list[str] = field(default_factory=list)
    missing: list[tuple[str, str]] = field(default_factory=list)

    def doors(self) -> list[str]:
        """Return the files that a process writes itself into."""
        return [str(folder / "cgroup.procs") for folder in self.folders]

    def events(self) -> int:
        """Return how often memory ran out, as far as the kernel tells."""
        total = 0
        for folder in self.folders:
            for name in ("memory.events", "memory.oom_control"):
                with contextlib.suppress(OSError, ValueError):
                    words = (folder / name).read_text().split()
                    pairs = dict(zip(words[::2], words[1::2], strict=True))
                    total += int(pairs.get("oom_kill", "0"))
        return total

    def close(self) -> None:
        """Remove the groups, which must be empty by now or soon."""
        until = time.monotonic() + GONE_S
        while self.folders:
            try:
                self.folders[-1].rmdir()
            except FileNotFoundError:
                pass
            except OSError:
                if time.monotonic() > until:
                    raise
                time.sleep(_POLL_S)
                continue
            self.folders.pop()


def groups(name: str, bounds: Bounds) -> Groups:
    """Make the groups of one inmate with its bounds; what cannot be had is in `missing`."""
    found = Groups()
    if os.geteuid() != 0:
        found.missing += [(f"{what}-cgroup", "needs root") for what in ("pids", "memory")]
        return found
    clear()
    wanted = {"pids": bounds.processes, "memory": bounds.memory}
    for what, most in wanted.items():
        try:
            found.folders += [f for f in [_group(what, name, most)] if f not in found.folders]
            found.held.append(f"{what}-cgroup")
        except OSError as e:
            found.missing.append((f"{what}-cgroup", f"{e.strerror}: {e.filename}"))
    return found


def clear() -> None:
    """Remove the empty groups of processes that are no more; one in use stays."""
    for folder in _left():
        owner = folder.name.removeprefix(PREFIX).partition("-")[0]
        if not Path("/proc", owner).exists():
            with contextlib.suppress(OSError):  # somebody else was quicker, or it is not empty
                folder.rmdir()


def _left() -> Iterator[Path]:
    for place in {_parent("pids"), _parent("memory")}:
        with contextlib.suppress(OSError):
            yield from place.glob(f"{PREFIX}*")


def _group(what: str, name: str, most: int) -> Path:
    parent = _parent(what)
    folder = parent / f"{PREFIX}{name}"
    if (parent / "cgroup.subtree_control").exists():
        enabled = (parent / "cgroup.subtree_control").read_text().split()
        if what not in enabled:
            (parent / "cgroup.subtree_control").write_text(f"+{what}")
    folder.mkdir(exist_ok=True)
    try:
        _bound(folder, what, most)
    except OSError:
        folder.rmdir()
        raise
    return folder


def _bound(folder: Path, what: str, most: int) -> None:
    if what == "pids":
        (folder / "pids.max").write_text(str(most))
        return
    old = folder / "memory.limit_in_bytes"
    if old.exists():
        old.write_text(str(most))
        return
    (folder / "memory.max").write_text(str(most))
    with contextlib.suppress(OSError):  # a machine without swap has no such file
        (folder / "memory.swap.max").write_text("0")


def _parent(what: str) -> Path:
    """Return where a group of this controller is made: below this process's own in version 1."""
    if not (ROOT / what).is_dir():
        return ROOT
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        if what in controllers.split(","):
            own = ROOT / what / path.lstrip("/")
            return own if own.is_dir() else ROOT / what
    return ROOT / what
