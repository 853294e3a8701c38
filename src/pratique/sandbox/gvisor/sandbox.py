"""Tier 2 behind the port: gVisor's own kernel between a program and this machine's.

What could be tried: the code runs with Debian's `runsc` of 2022 on its ptrace platform, in tests
only. What could not: a `runsc` with systrap, the default since June 2023 and the only one offered
here, was not to be had where this was written; nor was a user who is not root tried. So `offer`
believes nothing: it starts a program for real each time, and an older runsc is refused.

Limits: no record and no other date (both refused), no Landlock inside, and a model's files must be
readable for others: their owner inside is who owns them outside.
"""

import contextlib
import itertools
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from pratique.core.errors import JailError, WorkerError
from pratique.core.jail import JailReport
from pratique.core.limits import MiB
from pratique.sandbox import frames
from pratique.sandbox.asking import printable
from pratique.sandbox.gvisor import bundle
from pratique.sandbox.jail import command
from pratique.sandbox.jail.cgroups import Groups, groups
from pratique.sandbox.jail.interpreter import interpreter
from pratique.sandbox.jail.process import Process
from pratique.sandbox.jail.sandbox import JailInmate, order_of
from pratique.sandbox.lockdown import Steps
from pratique.sandbox.port import Job, Offer, Tier, TierError

__all__ = ["GVisorInmate", "GVisorSandbox"]

OLDEST = 20230601
"""The first day of the month in which systrap became the default; ptrace is not supported."""
PLATFORM = "systrap"
VARIABLE = "PRATIQUE_RUNSC"
MEND = (
    f"install runsc of 2023-06 or later (gvisor.dev) and put it on PATH, or name it in {VARIABLE}"
)
HELLO_S = 120.0
OWN_THREADS, OWN_MEMORY = 512, 512 * MiB
"""What gVisor's kernel and its file server use beside the program, in the same groups."""
DEATH_S = 10.0
LAUNCHER = str(Path(__file__).with_name("launcher.py"))
PREFIX = "pratique-"
IDLE = "pratique.sandbox.guest.idle"

# the channel comes as standard input, which every runsc passes on; the program gets none
_BEGIN = (
    "import os, sys; os.dup2(0, 3); os.dup2(os.open('/dev/null', 0), 0); "
    "sys.path.insert(0, {code!r}); from pratique.sandbox.guest.entry import main; main(3)"
)
_count = itertools.count(1)


class GVisorSandbox:
    """Tier 2. `runsc`, `oldest` and `platform` are for tests of this code: nothing offers them."""

    tier = Tier.GVISOR

    def __init__(self, runsc: str = "", *, oldest: int = OLDEST, platform: str = PLATFORM) -> None:
        self._runsc, self._oldest, self._platform = runsc, oldest, platform

    def offer(self) -> Offer:
        """Start a program for real, ask it for an echo, and tell what held it."""
        try:
            with self.start(Job(IDLE)) as inmate:
                said = list(inmate.ask({"echo": "pratique"}, 60))
                held = ", ".join(inmate.report.held)
        except TierError as e:
            return Offer(self.tier, usable=False, says=str(e), mend=e.hint())
        except (JailError, WorkerError, OSError) as e:
            return Offer(self.tier, usable=False, says=str(e), mend=MEND)
        if said != [{"echo": "pratique"}]:
            return Offer(self.tier, usable=False, says="its program gives a wrong answer")
        return Offer(self.tier, usable=True, says=held)

    def start(self, job: Job) -> "GVisorInmate":
        """Start a program under gVisor.

        Raises:
            JailError: it does not start, or what this tier stands on does not hold.
            TierError: there is no runsc, it is too old, or the job asks for what it cannot do.

        """
        _check(job)
        runsc, version = self._found()
        clear()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        name = f"{os.getpid()}-gv{next(_count)}"
        most = job.bounds.processes + OWN_THREADS, job.bounds.memory + OWN_MEMORY
        held = groups(name, replace(job.bounds, processes=most[0], memory=most[1]))
        folder = tempfile.mkdtemp(prefix=f"{PREFIX}{name}-")
        try:
            process = _started(self._command(runsc, folder, name), (folder, job), theirs, held)
        except BaseException:
            ours.close()
            held.close()
            shutil.rmtree(folder)
            raise
        finally:
            theirs.close()
        inmate = GVisorInmate(job, ours, process, Steps([*held.held], [*held.missing]))
        try:
            inmate.greet(f"gvisor-{version}-{self._platform}")
        except BaseException:
            inmate.close()
            raise
        return inmate

    def _found(self) -> tuple[str, int]:
        runsc = self._runsc or os.environ.get(VARIABLE) or shutil.which("runsc") or ""
        if not runsc:
            raise TierError("no runsc: gVisor is not installed", MEND)
        version = _version(runsc)
        if version < self._oldest:
            raise TierError(f"runsc of {version} is too old: systrap came in June 2023", MEND)
        return runsc, version

    def _command(self, runsc: str, folder: str, name: str) -> list[str]:
        """Return the command line of runsc. Our own groups hold it, so it makes none."""
        words = [runsc, f"--root={folder}/state", f"--platform={self._platform}", "--network=none"]
        words += [
            "--ignore-cgroups",
            "--host-uds=none",
            "--host-fifo=none",
            "--file-access=exclusive",
        ]
        words += ["--oci-seccomp", f"--log={folder}/log", "--net-raw=false"]
        words += [] if os.geteuid() == 0 else ["--rootless"]
        return [*words, "run", f"--bundle={folder}", f"pratique-{name}"]


class GVisorInmate(JailInmate):
    """A program under gVisor: asked as one in the jail is, and never recorded."""

    def greet(self, version: str) -> None:
        """Give the order and hear what holds inside.

        Raises:
            JailError: it does not start, or what this tier stands on does not hold.

        """
        until = time.monotonic() + HELLO_S
        try:
            frames.send(self._channel, frames.encode(order_of(self._job)), (), until)
            told = frames.decode(self._frames.next(until))
        except (OSError, frames.ClosedError, WorkerError) as e:
            raise JailError(f"gVisor does not start it: {self._last_words()}") from e
        if "error" in told:
            raise JailError(f"the inmate does not lock: {printable(told['error'])}")
        held = [*self._steps.held, version, "no-network", *map(printable, told["held"])]
        missing = [*self._steps.missing]
        missing += [(printable(name), printable(why)) for name, why in told["missing"]]
        self.report = JailReport(tuple(held), tuple(missing), "gvisor")
        if lost := {"rlimits", "seccomp"} - set(held):
            why = "; ".join(f"{n}: {w}" for n, w in missing if n in lost)
            raise JailError(f"under gVisor does not hold: {why}")
        self._until = time.monotonic() + self._job.bounds.deadline_s


class _Runsc(Process):
    """A running runsc; the kernel in user space and the file server die with it."""

    def __init__(self, outer: subprocess.Popen[bytes], held: Groups, folder: str) -> None:
        read, write = os.pipe()
        os.close(write)
        super().__init__(outer, read, held)
        self._folder = folder

    def exit_code(self, until: float) -> int | None:
        """Return how the program ended, None when it has not by then."""
        try:
            return self._outer.wait(max(0.0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            return None

    def close(self) -> None:
        """Kill it, wait for the end of all of it, and remove its groups and its bundle."""
        if self._closed:
            return
        try:
            self._outer.kill()
            self._outer.wait(DEATH_S)
        finally:
            super().close()
            shutil.rmtree(self._folder, ignore_errors=True)


def clear() -> None:
    """Remove the folders of processes that are no more: a killed one could not."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*-gv*"):
        owner = folder.name.removeprefix(PREFIX).partition("-")[0]
        if owner.isdigit() and not Path("/proc", owner).exists():
            shutil.rmtree(folder, ignore_errors=True)


def _check(job: Job) -> None:
    if job.record:
        raise TierError(
            "gVisor's kernel has no user notification of system calls: nothing can be recorded",
            "detonate in tier 1 or 3",
        )
    if job.condition.clock_s:
        raise TierError(
            "gVisor keeps a clock of its own, which cannot be set to another date",
            "run conditions with another date in tier 1 or 3",
        )


def _started(
    argv: list[str], wanted: tuple[str, Job], channel: socket.socket, held: Groups
) -> Process:
    folder, job = wanted
    own = interpreter(job.python)
    shown = command.shown(job, own, programs=False)
    inside = [str(own.program), "-I", "-B", "-c", _BEGIN.format(code=command.CODE)]
    bundle.write(Path(folder), shown, inside, job.bounds)
    doors, parent = held.doors(), os.getpid()
    told = json.dumps({"parent": parent, "cgroups": doors, "bundle": folder, "argv": argv})
    outer = subprocess.Popen(
        [sys.executable, "-I", "-S", "-B", LAUNCHER, told],
        env={},
        cwd="/",
        stdin=channel.fileno(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    return _Runsc(outer, held, folder)


def _version(runsc: str) -> int:
    """Return the day of a runsc's release as a number, such as 20230605; 0 when it tells none.

    Raises:
        TierError: it does not run.

    """
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        asked = subprocess.run(
            [runsc, "--version"], env={}, capture_output=True, check=True, timeout=30
        )
        found = re.search(rb"(20[0-9]{6})", asked.stdout)
        return int(found[1]) if found else 0
    raise TierError(f"{runsc!r} does not run", MEND)
