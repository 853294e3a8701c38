"""What a whole command costs: wall, CPU of every descendant, peak of memory over all of them."""

import ctypes
import json
import os
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36
SAMPLE_SECONDS = 0.1
KEEP = 1 << 16
TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of one run. `peak` is bytes: the greatest sum of PSS over all its processes."""

    wall: float
    cpu: float
    peak: int
    code: int
    out: str = ""

    def fold(self, other: "Cost") -> "Cost":
        """Return the better times and the worse peak of two runs of one command."""
        times = min(self.wall, other.wall), min(self.cpu, other.cpu)
        return Cost(*times, max(self.peak, other.peak), max(self.code, other.code), other.out)


def adopt_orphans() -> None:
    """Become the reaper of grandchildren, so that a worker forked by a worker is counted too."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")


def descendants(top: int) -> list[int]:
    """Return the live descendants of a process, itself first."""
    out, left = [], [top]
    while left:
        pid = left.pop()
        out.append(pid)
        with suppress(OSError):  # the process ends while it is looked at
            for tasks in Path(f"/proc/{pid}/task").glob("*/children"):
                with suppress(OSError):  # or one thread of it
                    left += [int(word) for word in tasks.read_text().split()]
    return out


def memory(pids: Sequence[int]) -> int:
    """Return the sum of the processes' proportional shares of resident memory, in bytes.

    Shared pages are divided among those who share them, so a forked worker is not counted twice.
    """
    total = 0
    for pid in pids:
        try:
            told = Path(f"/proc/{pid}/smaps_rollup").read_text()
        except OSError:
            continue
        for line in told.splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1]) * 1024
    return total


def spent(pid: int) -> float:
    """Return the CPU seconds of a live process so far, without its children."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICK


class Watch:
    """What samples saw: the greatest sum of memory, and each process's last CPU time."""

    def __init__(self) -> None:
        self.peak = 0
        self._seen: dict[int, float] = {}

    def look(self) -> bool:
        """Take a sample; tell whether any descendant of ours lives."""
        alive = descendants(os.getpid())[1:]
        self.peak = max(self.peak, memory(alive))
        self._seen.update((pid, max(spent(pid), self._seen.get(pid, 0.0))) for pid in alive)
        return bool(alive)

    @property
    def cpu(self) -> float:
        """Return the CPU seconds seen: less than the truth by at most a sample of each process."""
        return sum(self._seen.values())


def reap(first: int) -> tuple[int, float, int]:
    """Wait for a process and every orphan; return its exit code, CPU seconds and peak.

    CPU is what the kernel told when processes were reaped. A process whose parent refused to wait
    for it is missing there, so the samples' sum is taken when it is greater.
    """
    code, cpu, watch, handle = 0, 0.0, Watch(), os.pidfd_open(first)
    poll = select.poll()
    poll.register(handle, select.POLLIN)
    try:
        while True:
            poll.poll(SAMPLE_SECONDS * 1000)
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return code, max(cpu, watch.cpu), watch.peak
            if not pid:
                watch.look()
            else:
                cpu += usage.ru_utime + usage.ru_stime
                code = os.waitstatus_to_exitcode(status) if pid == first else code
    finally:
        os.close(handle)


def measure(
    words: Sequence[str], environment: Mapping[str, str] | None = None, *, quick: bool = False
) -> Cost:
    """Run a command to its end. A `quick` one is not sampled for memory: only times are told."""
    adopt_orphans()
    with tempfile.TemporaryFile() as out:
        start = time.perf_counter()
        made = subprocess.Popen(
            list(words),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env=dict(environment) if environment is not None else None,
        )
        if quick:
            _, status, usage = os.wait4(made.pid, 0)
            code, peak = os.waitstatus_to_exitcode(status), 0
            cpu = usage.ru_utime + usage.ru_stime
        else:
            code, cpu, peak = reap(made.pid)
        wall = time.perf_counter() - start
        made.returncode = code  # it is reaped already: Popen must not look for it again
        out.seek(max(0, out.seek(0, os.SEEK_END) - KEEP))
        told = out.read().decode(errors="replace")
    return Cost(wall, cpu, peak, code, told)


def main() -> int:
    """Print what a command costs, as JSON: `python -m bench.meter COMMAND...`."""
    print(json.dumps(asdict(measure(sys.argv[1:]))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
