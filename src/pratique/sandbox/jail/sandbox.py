"""Tier 1 behind the port: the jail that detonation and serving stand on."""

import base64
import contextlib
import functools
import itertools
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from typing import Any, Self

from pratique.core.errors import JailError, WorkerError
from pratique.core.jail import JailReport
from pratique.core.limits import MiB
from pratique.core.trace import Event
from pratique.sandbox import frames
from pratique.sandbox.asking import answers, ended, printable
from pratique.sandbox.jail import command, proof
from pratique.sandbox.jail.cgroups import groups
from pratique.sandbox.jail.interpreter import interpreter
from pratique.sandbox.jail.process import Child, Process, start
from pratique.sandbox.jail.recording import Recording
from pratique.sandbox.lockdown import Steps
from pratique.sandbox.port import Job, Offer, Tier, TierError

__all__ = ["JailInmate", "JailSandbox"]

HELLO_S = 120.0
GRACE_S = 2.0
FLOOD = 16 * MiB
"""More words than this on standard output and error are no loader's warnings."""
MEND = "apt install bubblewrap, and let this user make user namespaces (user_namespaces(7))"
NEEDED = frozenset({"user-namespace", "pid-namespace", "net-namespace", "ipc-namespace"})
NEEDED |= {"mnt-namespace", "no-capabilities", "no-new-privs", "seccomp-mode", "rlimits"}
"""Without one of these nothing hostile is started."""

_BEGIN = "import sys; sys.path.insert(0, {code!r}); from pratique.sandbox.guest.entry import main; "
_count = itertools.count()


class JailSandbox:
    """Tier 1: bubblewrap, a user of its own, Landlock, seccomp, groups and limits."""

    tier = Tier.JAIL

    def offer(self) -> Offer:
        """Start an inmate for real, ask it for nothing, and tell what held it."""
        try:
            with self.start(Job("pratique.sandbox.guest.idle")) as inmate:
                held = ", ".join(inmate.report.held)
        except (JailError, TierError, WorkerError) as e:
            return Offer(self.tier, usable=False, says=str(e), mend=MEND)
        return Offer(self.tier, usable=True, says=held)

    def start(self, job: Job) -> "JailInmate":
        """Start a program in the jail.

        Raises:
            JailError: a mechanism that this tier stands on did not hold.
            TierError: there is no bubblewrap here.

        """
        bwrap = shutil.which("bwrap")
        if bwrap is None:
            raise TierError("the jail needs bubblewrap, which is not installed", MEND)
        own = interpreter(job.python)
        shown = command.shown(job, own, programs=job.record)
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        name = f"{os.getpid()}-{next(_count)}"
        begin = _BEGIN.format(code=command.CODE) + f"main({theirs.fileno()})"
        inside = [str(own.program), "-I", "-B", "-c", begin]
        held = groups(name, job.bounds)
        try:
            process = start(bwrap, shown, inside, theirs, held)
        except JailError:
            ours.close()
            raise
        finally:
            theirs.close()
        inmate = JailInmate(job, ours, process, Steps(list(held.held), list(held.missing)))
        try:
            inmate.hello(_version(bwrap), "pratique-" + name if held.held else "")
        except BaseException:
            inmate.close()
            raise
        return inmate


class JailInmate:
    """A program in the jail. Everything that it says is hearsay but what `report` tells."""

    def __init__(self, job: Job, channel: socket.socket, process: Process, steps: Steps) -> None:
        self._job, self._channel, self._process, self._steps = job, channel, process, steps
        self._frames = frames.FrameReader(channel)
        self._recording: Recording | None = None
        self._until = time.monotonic() + job.bounds.deadline_s
        self._closed = False
        self.report = JailReport()

    @property
    def pid(self) -> int:
        """Return the process id, as this machine sees it, of process 1 inside."""
        return self._first.pid

    @property
    def _first(self) -> Child:
        if self._process.first is None:
            raise JailError("the inmate has not started")
        return self._process.first

    def hello(self, version: str, cgroup: str) -> None:
        """Give the order, hear what holds, and look for oneself, before it meets anything hostile.

        Raises:
            JailError: it does not start, or what this tier stands on does not hold.

        """
        self._steps.held.append(f"bubblewrap-{version}")
        first = self._process.wait_started()
        until = time.monotonic() + HELLO_S
        try:
            frames.send(self._channel, frames.encode(order_of(self._job)), (), until)
            self._channel.settimeout(HELLO_S)
            got = frames.receive(self._channel)
        except OSError as e:
            raise JailError(f"the inmate does not answer: {self._last_words()}") from e
        if got is None or "error" in got[0]:
            why = printable(got[0]["error"]) if got else self._last_words()
            raise JailError(f"the inmate does not lock: {why}")
        told, fds = got
        self._steps.held += [str(name) for name in told["held"]]
        self._steps.missing += [(str(name), str(why)) for name, why in told["missing"]]
        if self._job.record:
            self._recording = Recording.start(fds, told, first.pid, self._job)
            if self._job.strace:
                self._recording.trace_by_strace(proof.program_of(first.pid))
            self._steps.held += self._recording.held
            self._steps.missing += self._recording.missing
            self._steps.take("seccomp-recorder", self._refuses)
            self._recording.begin()
        proof.prove(proof.program_of(first.pid), self._steps, cgroup)
        self.report = JailReport(tuple(self._steps.held), tuple(self._steps.missing), "jail")
        if lost := _needed(self._job) - set(self.report.held):
            why = "; ".join(f"{n}: {w}" for n, w in self.report.missing if n in lost)
            raise JailError(f"the jail does not hold: {why}")
        self._until = time.monotonic() + self._job.bounds.deadline_s

    def _refuses(self) -> None:
        """Have it try what the recorder must refuse, before it meets anything hostile."""
        for frame in self.ask({"prove": True}, HELLO_S):
            if frame.get("refused") is not True:
                raise JailError(printable(frame.get("says")))

    def ask(self, request: Mapping[str, Any], deadline_s: float) -> Iterator[dict[str, Any]]:
        """Send one request and yield the frames of its answer; what it says of itself is recorded.

        Raises:
            WorkerError: `why` is "crashed", "deadline", "memory" or "protocol"; the inmate is dead.

        """
        if self._closed:
            raise WorkerError("this inmate is dead", "crashed")
        until = min(time.monotonic() + deadline_s, self._until)
        done = False
        try:
            for frame in answers(self._channel, self._frames, (request, ()), until):
                if self._recording is None or not self._recording.heard(frame):
                    yield frame
            done = True
        except TimeoutError as e:
            raise WorkerError(f"no full answer within {deadline_s:g} s", "deadline") from e
        except (frames.ClosedError, ConnectionError) as e:
            says = self._ending()
            why = "memory" if self._process.out_of_memory() else "crashed"
            raise WorkerError(f"the inmate {says}", why) from e
        finally:
            if not done:
                self.close()

    def finish(self, deadline_s: float) -> str:
        """Let it end by itself, exit handlers included; say how it did, "" for in order."""
        if self._closed:
            return "is dead"
        until = min(time.monotonic() + deadline_s, self._until)
        try:
            frames.send(self._channel, frames.encode({"finish": True}), (), until)
            self._hear_out(until)
        except (TimeoutError, OSError):
            return f"still ran after {deadline_s:g} s"
        except WorkerError as e:
            return str(e)
        code = self._process.exit_code(until)
        if code is None:
            return f"still ran after {deadline_s:g} s"
        return ended(code) if code else ""

    def _hear_out(self, until: float) -> None:
        """Take what is still said until the channel closes: a recording may want it."""
        taken = 0
        with contextlib.suppress(frames.ClosedError):
            while taken < frames.MAX_ANSWER:
                body = self._frames.next(until)
                taken += len(body)
                frame = frames.decode(body)
                if self._recording is not None:
                    self._recording.heard(frame)
        if taken >= frames.MAX_ANSWER:
            raise WorkerError("did not end but talked", "protocol")

    def close(self) -> None:
        """Kill all that is inside and leave nothing behind; twice does no harm."""
        if self._closed:
            return
        self._closed = True
        self._channel.close()
        try:
            self._process.close()
        finally:
            if self._recording is not None:
                self._recording.stop()

    def words(self) -> str:
        """Return the first and the last of what it wrote to its standard output and error."""
        return self._process.words()

    def trace(self) -> tuple[tuple[Event, ...], bool]:
        """Return what was recorded, and whether some was lost; empty if nothing was to be.

        A flood of its standard output and error is told as one event, `flood`, at the end.
        """
        if self._recording is None:
            return (), False
        events, cut = self._recording.trace()
        if (size := self._process.written) > FLOOD:
            at, phase = (events[-1].at_ms, events[-1].phase) if events else (0, "start")
            events = (*events, Event(at, "flood", 1, phase, (("size", str(size)),)))
        return events, cut

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *args: object) -> None:
        """Close it."""
        self.close()

    def _ending(self) -> str:
        code = self._process.exit_code(time.monotonic() + GRACE_S)
        return "closed its channel" if code is None else ended(code)

    def _last_words(self) -> str:
        says = self._ending()
        return f"{says}: {printable(self.words().strip()[-200:])}"


def _needed(job: Job) -> frozenset[str]:
    return NEEDED | ({"seccomp-recorder"} if job.record else {"seccomp"})


def order_of(job: Job) -> dict[str, Any]:
    """Return the first frame of an inmate: what `guest.entry` is told."""
    home = [[path, base64.b64encode(body).decode()] for path, body in job.home]
    bounds = job.bounds
    return {
        "program": job.program,
        "first": [],
        "paths": [str(path) for path in job.paths],
        "home": home,
        "writable": ["/tmp", "/dev/shm"],  # noqa: S108 - the inmate's own
        "record": job.record,
        "clock_s": job.condition.clock_s,
        "bounds": {
            "memory": bounds.memory,
            "tmp": bounds.tmp,
            "cpu_s": bounds.cpu_s,
            "processes": bounds.processes,
        },
    }


@functools.cache
def _version(bwrap: str) -> str:
    asked = subprocess.run([bwrap, "--version"], env={}, capture_output=True, check=False)
    found = re.search(rb"[0-9][0-9.]*", asked.stdout)
    return found[0].decode() if found else "unknown"
