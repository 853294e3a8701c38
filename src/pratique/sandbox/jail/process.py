"""One bubblewrap on this machine: started, watched through a pidfd, and ended with all its kin."""

import contextlib
import itertools
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pratique.core.errors import JailError
from pratique.core.limits import KiB
from pratique.sandbox.jail import command
from pratique.sandbox.jail.cgroups import Groups
from pratique.sandbox.port import Mount

START_S, DEATH_S, BURIAL_S = 30.0, 30.0, 2.0
KEPT = 16 * KiB
"""What is kept of the first and of the last words on its standard output and error."""

FIRST_UID, UIDS, UIDS_EACH = 0x7EA7_0000, 1 << 15, 64
"""The users that jails of root get: far from those of people, `UIDS_EACH` in turn for a process."""

LAUNCHER = str(Path(__file__).with_name("launcher.py"))

_count = itertools.count()


@dataclass(frozen=True, slots=True)
class Child:
    """Who runs inside, seen from here: the first process of its namespace, and a handle on it."""

    pid: int
    pidfd: int


class Process:
    """A running bubblewrap. `first` is process 1 inside: with it everything inside dies."""

    def __init__(self, outer: subprocess.Popen[bytes], status: int, groups: Groups) -> None:
        self._outer, self._status, self._groups = outer, status, groups
        self._told = b""
        self._words, self._lost = bytearray(), 0
        self._reader = threading.Thread(target=self._drain, daemon=True)
        self._reader.start()
        self.first: Child | None = None
        self._closed = False

    def wait_started(self) -> Child:
        """Return process 1 inside once it is there.

        Raises:
            JailError: bubblewrap could not make the jail; its own words say why.

        """
        told = self._told_by(time.monotonic() + START_S, "child-pid")
        if told is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._outer.wait(1)
            self._reader.join(1)
            says = self.words().strip().rpartition("\n")[2]
            raise JailError(f"bubblewrap does not start: {says or 'no answer'}")
        pid = int(told["child-pid"])
        self.first = Child(pid, os.pidfd_open(pid))
        return self.first

    def exit_code(self, until: float) -> int | None:
        """Return how the program inside ended, None when it has not by then (128 + a signal)."""
        told = self._told_by(until, "exit-code")
        return None if told is None else int(told["exit-code"])

    def words(self) -> str:
        """Return the first and the last of what it wrote to standard output and error."""
        text = bytes(self._words).decode("utf-8", "replace")
        return text if not self._lost else f"{text}\n[{self._lost} bytes in between not kept]"

    @property
    def written(self) -> int:
        """Return how many bytes it wrote to standard output and error."""
        return len(self._words) + self._lost

    def out_of_memory(self) -> bool:
        """Tell whether the kernel killed something inside for want of memory."""
        return self._groups.events() > 0

    def close(self) -> None:
        """Kill all that is inside, wait until it is gone, and remove its groups.

        Raises:
            JailError: it does not end.

        """
        if self._closed:
            return
        self._closed = True
        gone = True
        try:
            if self.first is not None:
                _kill(self.first.pidfd)
                gone = _gone(self.first.pidfd, DEATH_S)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._outer.wait(BURIAL_S)  # it buries process 1, and then leaves
            self._outer.kill()
            self._outer.wait(DEATH_S)
            if not gone:
                raise JailError(f"the inmate was killed and had not ended after {DEATH_S:g} s")
        finally:
            self._reader.join(DEATH_S)
            if self._outer.stdout is not None:
                self._outer.stdout.close()
            os.close(self._status)
            if self.first is not None:
                os.close(self.first.pidfd)
            self._groups.close()

    def _told_by(self, until: float, word: str) -> dict[str, Any] | None:
        """Return the status line of bubblewrap that has `word`, None if none comes in time."""
        while True:
            for line in self._told.splitlines():
                with contextlib.suppress(ValueError):
                    found = json.loads(line)
                    if word in found:
                        return dict(found)
            left = until - time.monotonic()
            if left <= 0 or not select.select([self._status], [], [], left)[0]:
                return None
            more = os.read(self._status, 4 * KiB)
            if not more:
                return None
            self._told += more

    def _drain(self) -> None:
        """Read what it writes, so that it never waits, and keep little of it."""
        stream = self._outer.stdout
        if stream is None:
            return
        with contextlib.suppress(OSError, ValueError):
            while more := os.read(stream.fileno(), 64 * KiB):
                self._words += more
                if len(self._words) > 2 * KEPT:
                    self._lost += len(self._words) - 2 * KEPT
                    del self._words[KEPT : len(self._words) - KEPT]


def start(
    bwrap: str,
    shown: command.Shown,
    inside: Sequence[str],
    channel: socket.socket,
    groups: Groups,
) -> Process:
    """Start `inside` in a jail that is shown `shown`, with `channel` as its only way out.

    As root it goes through the launcher; everybody else starts bubblewrap as they are.

    Raises:
        JailError: nothing could be started.

    """
    files = [_memory(path, body) for path, body in shown.files]
    status, theirs = os.pipe()
    try:
        argv = [bwrap, *command.arguments(shown, files, theirs), "--", *inside]
        if os.geteuid() == 0:
            order = _memory("order", _ordered(bwrap, shown, argv, groups))
            files.append(order)
            argv = [sys.executable, "-I", "-S", "-B", LAUNCHER, str(order)]
        outer = subprocess.Popen(
            argv,
            env={},
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=[channel.fileno(), theirs, *files],
            start_new_session=True,
        )
    except (OSError, ValueError) as e:
        os.close(status)
        groups.close()
        raise JailError(f"bubblewrap does not start: {e}") from e
    finally:
        for fd in (theirs, *files):
            os.close(fd)
    return Process(outer, status, groups)


def _ordered(bwrap: str, shown: command.Shown, argv: list[str], groups: Groups) -> bytes:
    """Return the order that has root's launcher start `argv` with every bind staged."""
    stage = [[str(b.host), not b.inside.startswith("/usr"), _hostile(b)] for b in shown.binds]
    words, number = list(argv), 0
    for at, word in enumerate(argv):
        if word == "--":
            break
        if word == "--ro-bind":
            words[at + 1] = f"{{{number}}}"
            number += 1
    order: Mapping[str, Any] = {
        "parent": os.getpid(),
        "uid": FIRST_UID + (os.getpid() * UIDS_EACH + next(_count) % UIDS_EACH) % UIDS,
        "cgroups": groups.doors(),
        "stage": stage,
        "argv": words,
        "program": bwrap,
    }
    return json.dumps(order).encode()


def _hostile(bind: Mount) -> bool:
    """Tell whether it shows a model, whose folder somebody else may change at any moment."""
    return bind.inside == "/model" or bind.inside.startswith("/model/")


def _memory(name: str, body: bytes) -> int:
    """Return a descriptor of a file in memory that holds `body`, at its start."""
    if hasattr(os, "memfd_create"):
        fd = os.memfd_create(Path(name).name)
    else:
        with tempfile.TemporaryFile() as file:
            fd = os.dup(file.fileno())
    os.write(fd, body)
    os.lseek(fd, 0, os.SEEK_SET)
    return fd


def _kill(pidfd: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        signal.pidfd_send_signal(pidfd, signal.SIGKILL)


def _gone(pidfd: int, seconds: float) -> bool:
    """Wait until a process has ended; process 1 ends only after all others of its namespace."""
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    return bool(poll.poll(seconds * 1000))
