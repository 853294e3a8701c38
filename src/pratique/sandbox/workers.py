"""The parent's side: start a zygote, take workers from it, ask them, and believe nothing they say.

    with Zygote.start("pratique.engine.worker") as zygote, zygote.worker() as worker:
        for frame in worker.ask({"do": "file"}, [fd], deadline_s=120): ...

After a `WorkerError` that worker is dead; the caller takes another one.
"""

import atexit
import contextlib
import importlib.util
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
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pratique.core.errors import JailError, WorkerError
from pratique.core.jail import JailReport
from pratique.core.limits import GiB
from pratique.sandbox import frames
from pratique.sandbox.asking import answers
from pratique.sandbox.frames import MAX_ANSWER, MAX_FRAME

__all__ = ["MAX_ANSWER", "MAX_FRAME", "Worker", "Zygote"]

WARM_S = 120.0
ANSWER_S = 30.0
DEATH_S = 30.0
GRACE_S = 2.0
_POLL_S = 0.005
_MAX_SAYS = 500

# `-I` takes no path from the environment, so the roots that this process uses are handed over; they
# go after the standard library and before installed packages, which may hold another version.
_BOOTSTRAP = """
import json, sys
roots, more, fd, program, settings = json.loads(sys.argv[1])
at = [i for i, p in enumerate(sys.path) if p.endswith("-packages")] or [len(sys.path)]
sys.path[at[0]:at[0]] = [r for r in roots if r not in sys.path]
sys.path += [p for p in more if p not in sys.path]
from pratique.sandbox.zygote import main
main(fd, program, settings)
"""


_Begun = tuple[socket.socket, subprocess.Popen[bytes]]
_LAUNCHED: dict[str, _Begun] = {}
"""Zygotes that were launched and not yet asked for, by what they were launched with."""


class Zygote:
    """A warm process that forks locked workers. Usable from several threads."""

    def __init__(self, control: socket.socket, process: subprocess.Popen[bytes]) -> None:
        self._control, self._process = control, process
        self._lock = threading.Lock()
        self._spare: Worker | None = None
        self.report = JailReport()

    @classmethod
    def start(
        cls,
        program: str,
        *,
        jail: bool = True,
        heap: int = 2 * GiB,
        scratch: int = 4 * GiB,
        given: bytes = b"",
    ) -> Self:
        """Start a zygote that runs the module `program`, and learn what holds its workers.

        `heap` bounds a worker's memory, `scratch` what it may write into one descriptor; `given`
        is handed to the program before any worker is locked. With `jail=False` workers have limits
        but no jail: a debugging aid.

        Raises:
            JailError: the program does not start, or a worker cannot be locked as far as it should.

        """
        settings = {"jail": jail, "heap": heap, "scratch": scratch}
        begun = None if given else _launched(program, settings)
        zygote = cls(*(begun or _begun(program, settings, given)))
        try:
            zygote._get_warm()
            zygote._spare = zygote._fork()
            zygote.report = zygote._spare.report
        except BaseException:
            zygote.close()
            raise
        return zygote

    @staticmethod
    def launch(
        program: str, *, jail: bool = True, heap: int = 2 * GiB, scratch: int = 4 * GiB
    ) -> None:
        """Begin what a later `start` with the same words goes on with, and do not wait.

        A zygote that nobody asks for ends with this process. Trouble is left for `start` to tell.
        """
        settings = {"jail": jail, "heap": heap, "scratch": scratch}
        key = json.dumps([program, settings])
        if key not in _LAUNCHED:
            with contextlib.suppress(JailError):
                _LAUNCHED[key] = _begun(program, settings)

    @property
    def pid(self) -> int:
        """Return the zygote's process id."""
        return self._process.pid

    def worker(self) -> "Worker":
        """Return a fresh worker that has told what holds it.

        Raises:
            JailError: the zygote has gone, or this worker is held by less than the first one was.

        """
        with self._lock:
            spare, self._spare = self._spare, None
        found = spare or self._fork()
        if found.report != self.report:
            found.close()
            raise JailError("a worker is held by other mechanisms than the first one")
        return found

    def close(self) -> None:
        """End the zygote and, with it, every worker; twice does no harm."""
        if self._spare is not None:
            self._spare.close()
            self._spare = None
        with self._lock:
            self._control.close()  # at which the zygote buries its workers and leaves
            try:
                self._process.wait(DEATH_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            if self._process.stderr is not None:
                self._process.stderr.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()

    def _get_warm(self) -> None:
        self._control.settimeout(WARM_S)
        try:
            got = frames.receive(self._control)
        except OSError:
            got = None
        told = got[0] if got else {}
        if "warm" not in told:
            self._process.kill()
            stderr = self._process.stderr
            last = stderr.read()[-_MAX_SAYS:].decode("utf-8", "replace") if stderr else ""
            why = told.get("error") or last.strip().rpartition("\n")[2] or "no answer"
            raise JailError(f"the zygote does not get warm: {why}")

    def _fork(self) -> "Worker":
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            told, fds = self._call({"do": "fork"}, [theirs.fileno()])
        except JailError:
            ours.close()
            raise
        finally:
            theirs.close()
        if "error" in told:
            ours.close()
            raise JailError(f"no worker can be forked: {told['error']}")
        worker = Worker(self, ours, int(told["pid"]), fds[0] if fds else None)
        try:
            worker.hello()
        except BaseException:
            worker.close()
            raise
        return worker

    def reap(self, pid: int) -> int | None:
        """Return the exit code of a dead worker, negative for a signal; None while it runs."""
        told, _ = self._call({"do": "reap", "pid": pid}, [])
        return int(told["exit"]) if "exit" in told else None

    def _call(self, request: Mapping[str, Any], fds: Sequence[int]) -> tuple[dict[str, Any], Any]:
        """Ask the zygote, which is ours and sees nothing hostile.

        Raises:
            JailError: it has gone.

        """
        with self._lock:
            try:
                frames.send(self._control, frames.encode(request), fds, time.monotonic() + ANSWER_S)
                got = frames.receive(self._control)
            except OSError as e:
                raise JailError(f"the zygote does not answer: {e}") from e
        if got is None:
            raise JailError("the zygote has died")
        return got


class Worker:
    """One locked process, for one artifact of one tenant. For one thread at a time."""

    def __init__(self, zygote: Zygote, channel: socket.socket, pid: int, pidfd: int | None) -> None:
        self._zygote, self._channel, self.pid, self._pidfd = zygote, channel, pid, pidfd
        self._frames = frames.FrameReader(channel)
        self._closed = False
        self._exit: int | None = None
        self.report = JailReport()

    def ask(
        self, request: Mapping[str, Any], fds: Sequence[int], deadline_s: float
    ) -> Iterator[dict[str, Any]]:
        """Send one request with descriptors; yield the frames of the answer as they come.

        The deadline is for the whole answer. A caller that stops half way ends the worker.

        Raises:
            WorkerError: `why` is "crashed", "deadline", "memory" or "protocol"; the worker is dead.

        """
        if self._closed:
            raise WorkerError("this worker is dead", "crashed")
        if len(fds) > frames.MAX_FDS:
            raise ValueError(f"{len(fds)} descriptors; {frames.MAX_FDS} is the most")
        done = False
        try:
            until = time.monotonic() + deadline_s
            yield from answers(self._channel, self._frames, (request, fds), until)
            done = True
        except TimeoutError as e:
            raise WorkerError(f"no full answer within {deadline_s:g} s", "deadline") from e
        except (frames.ClosedError, ConnectionError) as e:
            raise WorkerError(f"the worker {self._ending()}", "crashed") from e
        finally:
            if not done:
                self.close()

    def close(self) -> None:
        """Kill the worker and wait for its end; twice does no harm."""
        if self._closed:
            return
        self._closed = True
        self._channel.close()
        try:
            if self._exit is None:
                self._kill()
                self._bury(DEATH_S)
        finally:
            if self._pidfd is not None:
                os.close(self._pidfd)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()

    def hello(self) -> None:
        """Hear what holds the worker, before it has seen anything hostile."""
        try:
            told = frames.decode(self._frames.next(time.monotonic() + ANSWER_S))
        except (TimeoutError, frames.ClosedError) as e:
            raise JailError(f"a worker does not lock: {self._ending()}") from e
        if "error" in told:
            raise JailError(f"a worker does not lock: {told['error']}")
        missing = tuple((name, why) for name, why in told["missing"])
        self.report = JailReport(tuple(told["held"]), missing, told["tier"])

    def _ending(self) -> str:
        """Say how the worker ended by itself."""
        code = self._bury(GRACE_S)
        if code is None:
            return "closed its channel"
        if code >= 0:
            return f"ended with exit code {code}"
        try:
            return f"was killed by {signal.Signals(-code).name}"
        except ValueError:
            return f"was killed by signal {-code}"

    def _kill(self) -> None:
        """Kill exactly this process: nobody has reaped it, so its number is still its own."""
        with contextlib.suppress(ProcessLookupError):
            if self._pidfd is not None:
                signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
            else:
                os.kill(self.pid, signal.SIGKILL)

    def _bury(self, seconds: float) -> int | None:
        """Wait for the end and have it reaped; None when it still runs or the zygote has gone."""
        until = time.monotonic() + seconds
        if self._pidfd is not None:
            poll = select.poll()
            poll.register(self._pidfd, select.POLLIN)
            if not poll.poll(seconds * 1000):
                return None
        with contextlib.suppress(JailError):
            while (code := self._zygote.reap(self.pid)) is None and time.monotonic() < until:
                time.sleep(_POLL_S)
            self._exit = code
        return self._exit


def _begun(program: str, settings: Mapping[str, Any], given: bytes = b"") -> _Begun:
    """Start the process of a zygote; return its control socket and itself."""
    if not given:
        return _started(program, settings, ())
    with tempfile.TemporaryFile() as held:
        held.write(given)
        held.seek(0)
        return _started(program, {**settings, "given": held.fileno()}, (held.fileno(),))


def _started(program: str, settings: Mapping[str, Any], fds: tuple[int, ...]) -> _Begun:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        more = [p for p in sys.path if p.endswith("-packages") and Path(p).is_absolute()]
        told = json.dumps([_roots(program), more, theirs.fileno(), program, settings])
        process = subprocess.Popen(
            [sys.executable, "-I", "-c", _BOOTSTRAP, told],
            env={},
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            pass_fds=[theirs.fileno(), *fds],
            start_new_session=True,
        )
    except (OSError, JailError) as e:
        ours.close()
        raise JailError(f"the zygote does not start: {e}") from e
    finally:
        theirs.close()
    return ours, process


def _launched(program: str, settings: Mapping[str, Any]) -> _Begun | None:
    return _LAUNCHED.pop(json.dumps([program, settings]), None)


@atexit.register
def _drop_launched() -> None:
    while _LAUNCHED:
        control, process = _LAUNCHED.popitem()[1]
        control.close()
        process.kill()
        process.wait()


def _roots(program: str) -> list[str]:
    """Return the folders that hold `pratique` and the program, as this process found them."""
    roots = []
    for top in ("pratique", program.partition(".")[0]):
        spec = importlib.util.find_spec(top)
        places = [] if spec is None else [*(spec.submodule_search_locations or []), spec.origin]
        if not places or not places[0]:
            raise JailError(f"no module {top!r} to start a zygote from")
        roots.append(str(Path(places[0]).absolute().parent))
    return roots
