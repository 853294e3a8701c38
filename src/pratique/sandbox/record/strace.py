"""The same calls told by strace, attached from outside: a second opinion where an operator asks.

It tells what the filter does not: results. It costs more than the recorder, needs leave to trace
(root, or the same user and no Yama), and ends with the processes that it watches.
"""

import os
import re
import select
import shutil
import subprocess
import threading
from typing import Self

from pratique.core.errors import JailError
from pratique.core.limits import KiB, MiB
from pratique.core.trace import Outcome
from pratique.sandbox.record import describe
from pratique.sandbox.record.timeline import Timeline

TRACED = (
    *("connect", "bind", "sendto", "sendmsg", "socket", "execve", "execveat", "fork", "vfork"),
    *("clone", "clone3", "unlink", "unlinkat", "rename", "renameat2", "ptrace", "kill"),
)
MAX_BYTES = 64 * MiB
MAX_LINE = 8 * KiB
MAX_HALVES = 1024
END_S = 5.0
ATTACH_S = 10.0
_TEXT = 200
_LINE = re.compile(rb"^(\d+) +(\w+)\((.*)\)\s+= (.*)$", re.DOTALL)
_HALF = re.compile(rb"^(\d+) +(\w+\(.*) <unfinished \.\.\.>$", re.DOTALL)
_REST = re.compile(rb"^(\d+) +<\.\.\. \w+ resumed>(.*)$", re.DOTALL)
_ADDRESS = re.compile(
    rb'htons\((\d+)\).{0,80}?(?:inet_addr\(|AF_INET6, )"([0-9a-fA-F.:]+)"', re.DOTALL
)
_QUOTED = re.compile(rb'"((?:[^"\\]|\\.)*)"')
_PATHS = ("execve", "remove", "rename")
_REFUSED = (b"-1 EPERM", b"-1 EACCES")


class Strace:
    """A running strace whose lines become events of a timeline."""

    def __init__(self, process: subprocess.Popen[bytes], lines: int, timeline: Timeline) -> None:
        self._process, self._lines, self._timeline = process, lines, timeline
        self._halves: dict[bytes, bytes] = {}
        self._thread = threading.Thread(target=self._read, name="strace", daemon=True)

    @classmethod
    def start(cls, pid: int, timeline: Timeline) -> Self:
        """Attach to a process and all that it starts from now on.

        Raises:
            JailError: there is no strace, or it may not trace.

        """
        program = shutil.which("strace")
        if program is None:
            raise JailError("no strace on this machine: install it, or do without")
        calls = ",".join(f"?{name}" for name in TRACED)
        argv = [program, "-f", "-s", str(_TEXT), "-e", f"trace={calls}", "-e", "signal=none"]
        lines, theirs = os.pipe()
        try:
            process = subprocess.Popen(
                [*argv, "-o", f"/dev/fd/{theirs}", "-p", str(pid)],
                env={},
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                pass_fds=[theirs],
                start_new_session=True,
            )
        except OSError as e:
            os.close(lines)
            raise JailError(f"strace does not start: {e}") from e
        finally:
            os.close(theirs)
        found = cls(process, lines, timeline)
        found._thread.start()
        if not found._wait_attached():
            found.close()
            raise JailError("strace may not trace the inmate")
        return found

    def close(self) -> None:
        """Detach; twice does no harm."""
        self._process.terminate()
        try:
            self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._thread.join(END_S)
        if self._process.stderr is not None:
            self._process.stderr.close()

    def _wait_attached(self) -> bool:
        """Tell whether it says so in time; it does so on its standard error, and first."""
        stderr = self._process.stderr
        if stderr is None or not select.select([stderr], [], [], ATTACH_S)[0]:
            return False
        return b" attached" in os.read(stderr.fileno(), MAX_LINE)

    def _read(self) -> None:
        taken = 0
        with os.fdopen(self._lines, "rb") as stream:
            while line := stream.readline(MAX_LINE):
                taken += len(line)
                if taken > MAX_BYTES:
                    self._timeline.skip("strace", source="strace")
                    self._process.kill()
                    break
                self._take(line.rstrip(b"\n"))

    def _take(self, line: bytes) -> None:
        if half := _HALF.match(line):
            if len(self._halves) < MAX_HALVES:
                self._halves[half[1]] = half[2]
            return
        if rest := _REST.match(line):
            line = rest[1] + b" " + self._halves.pop(rest[1], b"") + rest[2]
        if whole := _LINE.match(line):
            call, words, outcome = told(whole[2].decode("ascii"), whole[3], whole[4])
            self._timeline.add(call, 0, words, outcome, source="strace")


def told(name: str, args: bytes, result: bytes) -> tuple[str, dict[str, object], Outcome]:
    """Return a line of strace in the words of an event: what it tells, its result, its outcome."""
    call = "fork" if name == "clone3" else describe.bare(name)
    words: dict[str, object] = {"result": _shown(result)}
    if call == "kernel":
        words["name"] = name
    if found := _ADDRESS.search(args):
        words |= {"address": _shown(found[2]), "port": int(found[1])}
    elif call in _PATHS:
        paths = _QUOTED.findall(args)
        words |= dict(zip(("path", "to"), map(_shown, paths), strict=False))
    words.setdefault("args", _shown(args))
    outcome = Outcome.DENIED if result.startswith(_REFUSED) else Outcome.LET
    return call, words, outcome


def _shown(text: bytes) -> str:
    return text.decode("utf-8", "backslashreplace")
