"""Sandboxes for tests: a job that runs harness.programs.inmate, and what is left of one."""

import contextlib
import dataclasses
import os
import time
from functools import cache
from pathlib import Path
from typing import Any, Self

import pytest

from pratique.sandbox.jail.sandbox import JailSandbox
from pratique.sandbox.port import Bounds, Inmate, Job

TESTS = Path(__file__).parent.parent
PROGRAM = "harness.programs.inmate"
SMALL = Bounds(memory=1 << 30, tmp=16 << 20, processes=64, cpu_s=60, deadline_s=30)


def job(**changes: Any) -> Job:  # noqa: ANN401 - the fields of a job
    """Return a job of the misbehaving program."""
    return dataclasses.replace(Job(PROGRAM, paths=(TESTS,), bounds=SMALL), **changes)


def jail() -> JailSandbox:
    """Return the jail, or skip the test with the reason."""
    offered = _offer()
    if offered:
        pytest.skip(f"SKIPPED: no jail on this machine: {offered}")
    return JailSandbox()


@cache
def _offer() -> str:
    found = JailSandbox().offer()
    return "" if found.usable else found.says


def told(inmate: Inmate, do: str, seconds: float = 20, **request: object) -> dict[str, Any]:
    """Return the one frame that a deed answers with."""
    (frame,) = inmate.ask({"do": do, **request}, seconds)
    return frame


class Kin:
    """The processes of one inmate, known by their process namespace.

    It is held open: the number of a namespace that is gone is soon given to another one.
    """

    def __init__(self, pid: int) -> None:
        self._held = os.open(f"/proc/{pid}/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
        self._is = os.fstat(self._held).st_ino

    def alive(self) -> set[int]:
        """Return the processes that live."""
        found = set()
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with contextlib.suppress(OSError):
                    state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
                    # a zombie only waits for a parent that is not ours
                    if (entry / "ns" / "pid").stat().st_ino == self._is and state != "Z":
                        found.add(int(entry.name))
        return found

    def gone(self, seconds: float = 10) -> bool:
        """Tell whether all are gone, now or soon."""
        until = time.monotonic() + seconds
        while self.alive() and time.monotonic() < until:
            time.sleep(0.02)
        return not self.alive()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._held)


def descriptors() -> int:
    """Return how many descriptors this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))


def mounts() -> int:
    """Return how many mounts this process sees."""
    return len(Path("/proc/self/mounts").read_text().splitlines())


def cgroups(owner: int) -> list[Path]:
    """Return the control groups that a process made for inmates."""
    return list(Path("/sys/fs/cgroup").glob(f"**/pratique-{owner}-*"))
