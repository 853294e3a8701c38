"""The first code inside: takes its order, locks itself, says what holds, then serves its program.

    order -> home files, limits, clock, program, Landlock, seccomp -> hello -> request -> frames ...

Nothing hostile has been seen before the hello. From then on whatever this process says is hearsay.
"""

import base64
import contextlib
import errno
import gc
import importlib
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pratique.core.errors import JailError
from pratique.sandbox import deny, frames, kernel, landlock
from pratique.sandbox.lockdown import Steps, close_all_but, refused, set_limits
from pratique.sandbox.syscalls import Machine, this_machine

FILES = 4096
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty")
_MAX_SAYS = 500
_HOME_FILE = 0o600


def main(fd: int) -> None:
    """Serve the program that the first frame on `fd` orders until the other end has gone.

    Returns, so that exit handlers run and threads are waited for, when a request `{"finish": true}`
    asks for it.
    """
    channel = socket.socket(fileno=fd)
    got = frames.receive(channel)
    if got is None:
        return
    try:
        program, steps, more = _settled(got[0], channel)
    except Exception as e:  # noqa: BLE001 - told to the supervisor, which raises it
        channel.sendall(frames.encode({"error": f"{type(e).__name__}: {e}"[:_MAX_SAYS]}))
        os._exit(1)
    voice = _Voice(channel)
    if more.listener >= 0:
        from pratique.sandbox.guest import recording  # noqa: PLC0415 - a server does without

        recording.audit(lambda event: voice.send({"audit": event}))
    _hello(channel, steps, more)
    _serve(channel, program, voice)


@dataclass(slots=True)
class _Handed:
    """What the supervisor is handed: the listener (-1 is none), and where the clock's offset is."""

    listener: int = -1
    clock: tuple[int, str] | None = None


def _settled(order: Mapping[str, Any], channel: socket.socket) -> tuple[Any, Steps, _Handed]:
    """Do all that needs files and leave; return the program, what holds, and what is handed out."""
    steps, handed = Steps(), _Handed()
    close_all_but(channel.fileno())
    for path, body in order["home"]:
        _write(Path(os.environ["HOME"], path), base64.b64decode(body))
    sys.path[:0] = order["first"]
    sys.path += order["paths"]
    steps.take("rlimits", lambda: _limit(order["bounds"]))
    program = importlib.import_module(order["program"])
    if order["clock_s"]:
        steps.take("clock", lambda: _shift(order["clock_s"], handed))
    warm = getattr(program, "warm", None)
    if warm is not None:
        warm()
    gc.collect()
    handed.listener = _lock(order, steps, channel.fileno())
    return program, steps, handed


def _write(path: Path, body: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.write_bytes(body)
    path.chmod(_HOME_FILE)


def _shift(seconds: int, handed: _Handed) -> None:
    from pratique.sandbox.guest.record_clock import shift_clock  # noqa: PLC0415 - rarely wanted

    patch = shift_clock(seconds)
    handed.clock = patch.address, patch.mark.hex()


def _limit(bounds: Mapping[str, int]) -> None:
    """Bound this process and its children; RLIMIT_DATA counts the heap and no mapped model."""
    wanted = {
        "DATA": bounds["memory"],
        "FSIZE": bounds["tmp"],
        "CPU": bounds["cpu_s"],
        "NPROC": bounds["processes"],
        "NOFILE": FILES,
        **dict.fromkeys(("CORE", "MEMLOCK", "MSGQUEUE", "RTPRIO"), 0),
    }
    set_limits(wanted)


def _lock(order: Mapping[str, Any], steps: Steps, channel: int) -> int:
    """Restrict paths, then calls; return the listener of a recording, -1 where none is made."""
    machine = this_machine()
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    writable = [os.environ["HOME"], *order["writable"]]
    recorded = bool(order["record"])
    steps.take("landlock", lambda: _landlock(machine, writable, network=recorded))
    listener = -1
    if recorded:
        from pratique.sandbox.guest import recording  # noqa: PLC0415 - a server does without

        listener = recording.install(channel)
    else:
        steps.take("seccomp", lambda: _seccomp(machine))
    return listener


def _landlock(machine: Machine, writable: list[str], *, network: bool) -> str:
    held = landlock.restrict(machine, writable, DEVICES, network=network)
    refused("writing beside the home", lambda: os.mkdir("/run", 0o700))  # noqa: PTH102 - one call
    return held


def _seccomp(machine: Machine) -> None:
    kernel.install_filter(machine.numbers["seccomp"], deny.program(machine))
    refused("a socket", socket.socket, errno.EPERM)
    refused("a child process", os.fork, errno.EPERM)
    refused("a program", lambda: os.execv("/", ["/"]), errno.EPERM)  # noqa: S606 - must fail


def _hello(channel: socket.socket, steps: Steps, handed: _Handed) -> None:
    """Say what holds; a listener goes along and is closed here: nobody inside may answer it."""
    missing = [list(pair) for pair in steps.missing]
    body = frames.encode({"held": steps.held, "missing": missing, "clock": handed.clock})
    if handed.listener < 0:
        channel.sendall(body)
        return
    sent = socket.send_fds(channel, [body], [handed.listener])
    channel.sendall(body[sent:])
    os.close(handed.listener)


class _Voice:
    """Sends frames from any thread of the first process; a forked child has nothing to say."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel, self._lock = channel, threading.Lock()
        self._process, self._sent, self._open = os.getpid(), 0, False
        self._speaking = 0

    def begin(self) -> None:
        """Begin a new answer: from now on somebody listens."""
        self._sent, self._open = 0, True

    def end(self, frame: Mapping[str, Any]) -> None:
        """Send the frame that ends an answer; nothing is sent after it."""
        with self._lock, contextlib.suppress(OSError):
            self._open = False
            self._channel.sendall(frames.encode(frame))

    def send(self, frame: Mapping[str, Any]) -> None:
        """Send one frame.

        Raises:
            ValueError: the answer became too long.

        """
        if os.getpid() != self._process or self._speaking == threading.get_ident():
            return  # a finaliser that runs in the midst of a send is not heard, nor waited for
        body = frames.encode(frame)
        with self._lock:
            self._speaking = threading.get_ident()
            try:
                self._say(body)
            finally:
                self._speaking = 0

    def _say(self, body: bytes) -> None:
        if not self._open:
            return
        self._sent += len(body)
        if self._sent > frames.MAX_ANSWER:
            raise ValueError(f"an answer of more than {frames.MAX_ANSWER} bytes")
        self._channel.sendall(body)


def _serve(channel: socket.socket, program: Any, voice: _Voice) -> None:  # noqa: ANN401 - a module
    for caught in (signal.SIGINT, signal.SIGTERM):
        signal.signal(caught, signal.SIG_DFL)
    while got := frames.receive(channel):
        request, fds = got
        for fd in fds:
            os.close(fd)
        voice.begin()
        if request.get("finish") is True:
            return
        if request.get("prove") is True:
            voice.send(_proof())
            voice.end({"end": True})
            continue
        voice.end(_answered(program, request, voice))
    os._exit(0)


def _proof() -> dict[str, Any]:
    """Try what a recorder must refuse; by now it answers."""
    numbers = this_machine().numbers
    tries: dict[str, Callable[[], object]] = {
        "io_uring": lambda: kernel.syscall(numbers["io_uring_setup"], 0, None),
        "ptrace": lambda: kernel.syscall(numbers["ptrace"], 0, 0, None, None),
        "a netlink socket": lambda: socket.socket(16, socket.SOCK_RAW),
    }
    try:
        for what, attempt in tries.items():
            refused(what, attempt, errno.EPERM)
    except JailError as e:
        return {"refused": False, "says": str(e)}
    return {"refused": True}


def _answered(program: Any, request: Mapping[str, Any], voice: _Voice) -> dict[str, Any]:  # noqa: ANN401
    """Have one request answered; return the frame that ends the answer."""
    try:
        program.serve(request, voice.send)
    except MemoryError:
        return {"error": "the worker's memory ran out", "why": "memory"}
    except Exception as e:  # noqa: BLE001 - becomes a run that failed
        return {"error": f"{type(e).__name__}: {e}"[:_MAX_SAYS], "why": "crashed"}
    return {"end": True}
