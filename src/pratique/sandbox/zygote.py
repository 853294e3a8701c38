"""The zygote: imports a program once, sees no hostile byte, and forks workers that are locked.

    parent --control--> zygote: warm()
       |                  `-- fork --> worker: lockdown(), then serve() per request
       `------------channel--------------'

It has one thread and an empty environment. It alone is its workers' parent: it reaps on request
only, so a process id stays theirs until the parent of all has asked how they died.
"""

import codecs
import contextlib
import gc
import importlib
import os
import select
import signal
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn, Protocol, cast

from pratique.core.errors import JailError
from pratique.core.jail import JailReport
from pratique.sandbox import frames, kernel
from pratique.sandbox.lockdown import Bounds, close_all_but, limit, lockdown, threads

MAX_SAYS = 500

Send = Callable[[Mapping[str, Any]], None]

# One thread per library: a lock held by a thread at fork would stay locked in every worker.
ONE_THREAD = ("OPENBLAS", "OMP", "MKL", "BLIS", "RAYON", "VECLIB_MAXIMUM", "NUMEXPR")

# Python imports a codec when it is first used, which a locked worker can no longer do.
CODECS = (
    *("ascii", "latin-1", "cp437", "cp1252", "idna", "punycode", "hex", "base64", "rot13"),
    *("utf-8", "utf-8-sig", "utf-7", "utf-16", "utf-16-le", "utf-16-be"),
    *("utf-32", "utf-32-le", "utf-32-be", "unicode_escape", "raw_unicode_escape"),
)

_END = frames.encode({"end": True})
_NO_MEMORY = frames.encode({"error": "the worker's memory ran out", "why": "memory"})


class Program(Protocol):
    """What a worker runs: a module with these functions; `given` only where something is."""

    def warm(self) -> None:
        """Import and compile all that needs files, threads or new code."""

    def given(self, body: bytes) -> None:
        """Take what the caller of `Zygote.start` gave, where there is something."""

    def serve(self, request: Mapping[str, Any], fds: Sequence[int], send: Send) -> None:
        """Answer one request with frames."""


def main(control_fd: int, program: str, settings: Mapping[str, Any]) -> NoReturn:
    """Warm up and fork workers until the parent goes away. Never returns."""
    control = socket.socket(fileno=control_fd)
    parent = _pidfd(os.getppid())
    try:
        loaded = _warm(program, settings)
    except Exception as e:  # noqa: BLE001 - told to the parent, which raises it
        _tell(control, {"error": _words(e)}, [])
        os._exit(1)
    _silence()
    _tell(control, {"warm": True}, [])
    workers: set[int] = set()
    while _wait(control, parent) and (got := frames.receive(control)):
        request, fds = got
        if request["do"] == "fork":
            _fork(control, loaded, (workers, settings), fds)
        else:
            _tell(control, _reap(workers, int(request["pid"])), [])
    for pid in workers:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    os._exit(0)


def _warm(program: str, settings: Mapping[str, Any]) -> Program:
    os.environ.update({f"{name}_NUM_THREADS": "1" for name in ONE_THREAD})
    gc.disable()  # nothing that imports make becomes garbage
    for name in CODECS:
        codecs.lookup(name)
    loaded = cast("Program", importlib.import_module(program))
    loaded.warm()
    if "given" in settings:
        with open(int(settings["given"]), "rb") as opened:  # noqa: PTH123 - a descriptor
            loaded.given(opened.read())
    if threads() != 1:
        raise JailError(f"{program}.warm() left {threads()} threads where one may be")
    gc.enable()
    gc.collect()
    gc.freeze()  # workers share these pages as long as nobody writes to them
    return loaded


def _silence() -> None:
    """Point 0, 1 and 2 at nothing: a worker must not write to the operator's terminal."""
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    os.close(null)


def _wait(control: socket.socket, parent: int | None) -> bool:
    """Wait for a request; False when the parent has died, even if a copy of its socket lives."""
    watched = [control.fileno(), *([parent] if parent is not None else [])]
    poll = select.poll()
    for fd in watched:
        poll.register(fd, select.POLLIN)
    return all(fd == control.fileno() for fd, _ in poll.poll())


def _fork(
    control: socket.socket,
    program: Program,
    kept: tuple[set[int], Mapping[str, Any]],
    fds: Sequence[int],
) -> None:
    """Fork a worker and tell the parent which, or why there is none: the zygote lives on."""
    workers, settings = kept
    try:
        (fd,) = fds  # none came along when this process may open no more files
        pid = os.fork()
    except (OSError, ValueError) as e:
        _tell(control, {"error": _words(e)}, [])
        for fd in fds:
            os.close(fd)
        return
    if pid == 0:
        try:
            worker(socket.socket(fileno=fd), program, settings)
        finally:
            os._exit(1)
    os.close(fd)
    workers.add(pid)
    pidfd = _pidfd(pid)
    _tell(control, {"pid": pid}, [] if pidfd is None else [pidfd])
    if pidfd is not None:
        os.close(pidfd)


def _reap(workers: set[int], pid: int) -> dict[str, Any]:
    """Return how a worker ended, or that it runs."""
    done, status = os.waitpid(pid, os.WNOHANG)
    if not done:
        return {"running": True}
    workers.remove(pid)
    return {"exit": os.waitstatus_to_exitcode(status)}


def _pidfd(pid: int) -> int | None:
    """Return a descriptor of a process; None where the kernel has none (before Linux 5.3)."""
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return None


def _tell(sock: socket.socket, frame: Mapping[str, Any], fds: Sequence[int]) -> None:
    body = frames.encode(frame)
    sent = socket.send_fds(sock, [body], fds) if fds else 0
    sock.sendall(body[sent:])


def _words(e: BaseException) -> str:
    return f"{type(e).__name__}: {e}"[:MAX_SAYS]


# --- the worker --------------------------------------------------------------------------------


def worker(channel: socket.socket, program: Program, settings: Mapping[str, Any]) -> None:
    """Lock down, say what holds, then answer requests until the parent goes away."""
    bounds = Bounds(int(settings["heap"]), int(settings["scratch"]))
    for caught in (signal.SIGINT, signal.SIGTERM):
        signal.signal(caught, signal.SIG_DFL)
    with contextlib.suppress(OSError):  # when the machine runs out of memory, workers go first
        Path("/proc/self/oom_score_adj").write_text("1000")
    try:
        report = lockdown(bounds, channel.fileno()) if settings["jail"] else _free(bounds, channel)
    except (OSError, JailError) as e:
        _tell(channel, {"error": _words(e)}, [])
        return
    missing = [list(pair) for pair in report.missing]
    _tell(channel, {"held": list(report.held), "missing": missing, "tier": report.tier}, [])
    while got := frames.receive(channel):
        request, fds = got
        _answer(channel, program, request, fds)
        for fd in fds:
            with contextlib.suppress(OSError):  # the program may have closed it
                os.close(fd)
    os._exit(0)


def _free(bounds: Bounds, channel: socket.socket) -> JailReport:
    """Set the limits only: for debugging a reader."""
    close_all_but(channel.fileno())
    limit(bounds)
    if sys.platform == "linux":
        kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    return JailReport(("rlimits",), (("jail", "switched off by the caller"),), "none")


def _answer(
    channel: socket.socket, program: Program, request: Mapping[str, Any], fds: Sequence[int]
) -> None:
    sent = 0

    def send(frame: Mapping[str, Any]) -> None:
        nonlocal sent
        body = frames.encode(frame)
        sent += len(body)
        if sent > frames.MAX_ANSWER:
            raise ValueError(f"an answer of more than {frames.MAX_ANSWER} bytes")
        channel.sendall(body)

    end = _END
    try:
        program.serve(request, fds, send)
    except MemoryError:
        end = _NO_MEMORY
    except Exception as e:  # noqa: BLE001 - the one place: it becomes a receipt that is not full
        end = frames.encode({"error": _words(e), "why": "crashed"})
    channel.sendall(end)
