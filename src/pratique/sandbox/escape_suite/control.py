"""The control: the same program in a bare network namespace, asked by somebody who trusts it.

What comes out contained here was not proven to be real by this run; what comes out open was.
"""

import contextlib
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any, Self

from pratique.core.errors import WorkerError
from pratique.core.jail import JailReport
from pratique.core.limits import GiB
from pratique.core.trace import Event
from pratique.sandbox.escape_suite.enclosure import demand_enclosure
from pratique.sandbox.port import Job, Offer, Tier

PATIENCE_S = 4.5
"""How long beyond its deadline a careless asker is left waiting before the control ends it."""

_INSIDE = Path(__file__).parent.parent / "guest" / "escape" / "bare.py"
_MOST = 4 * GiB
_CPU_S = 60
_FDS = 8


class Control:
    """No sandbox at all, in the enclosure that it refuses to be started without."""

    tier = Tier.JAIL  # it stands in for the tier whose attempts it proves

    def offer(self) -> Offer:
        """Tell that it can always be had."""
        return Offer(self.tier, usable=True, says="a bare network namespace")

    def start(self, job: Job) -> "Unbound":
        """Start a program with nothing around it but limits that keep it from harm.

        Raises:
            OpenGroundError: this process is not in a network and user namespace of its own.

        """
        demand_enclosure(user=True)
        return Unbound(job)


class Unbound:
    """A program that nothing holds. It is handed an open file of those outside, by carelessness."""

    def __init__(self, job: Job) -> None:
        self._channel, theirs = socket.socketpair()
        self._said: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as it does
        careless = os.open("/etc/passwd", os.O_RDONLY)
        self._kept: list[bytes] = []
        self._fds: list[int] = []
        command = [sys.executable, "-I", "-B", str(_INSIDE), str(theirs.fileno()), job.program]
        self._process = subprocess.Popen(
            command,
            pass_fds=(theirs.fileno(), careless),
            stdin=subprocess.DEVNULL,
            stdout=self._said,
            stderr=self._said,
            env=dict(os.environ) | dict(job.environment),
            preexec_fn=_limit,  # noqa: PLW1509 - the enclosure has one thread besides the listeners
        )
        theirs.close()
        os.close(careless)
        self.report = JailReport(missing=(("jail", "there is none"),))

    def ask(self, request: Mapping[str, Any], deadline_s: float) -> Iterator[dict[str, Any]]:
        """Ask without care: no bound on time, size or number; who stalls it is ended from outside.

        Raises:
            WorkerError: the channel closed.

        """
        end = threading.Timer(deadline_s + PATIENCE_S, self._end)
        end.start()
        try:
            body = json.dumps(request).encode()
            self._channel.sendall(len(body).to_bytes(4, "big") + body)
            while not (frame := self._frame()).get("end"):
                yield frame
        except (BrokenPipeError, ConnectionResetError) as e:
            raise WorkerError("the inmate has gone", "crashed") from e
        finally:
            end.cancel()

    def _frame(self) -> dict[str, Any]:
        size = int.from_bytes(self._take(4), "big")
        body = self._take(size)
        self._kept.append(body)
        return dict(json.loads(body))

    def _take(self, size: int) -> bytes:
        found = bytearray()
        while len(found) < size:
            got, fds, _, _ = socket.recv_fds(self._channel, min(size - len(found), 1 << 20), _FDS)
            self._fds += fds
            if not got:
                raise WorkerError("the inmate has gone", "crashed")
            found += got
        return bytes(found)

    def _end(self) -> None:
        with contextlib.suppress(OSError):
            self._channel.shutdown(socket.SHUT_RDWR)

    def finish(self, deadline_s: float) -> str:
        """Wait until it ends by itself, however long that takes; a stranger ends it in the end."""
        end = threading.Timer(deadline_s + PATIENCE_S, self._process.kill)
        end.start()
        self._channel.shutdown(socket.SHUT_WR)
        self._process.wait()
        end.cancel()
        return ""

    def close(self) -> None:
        """End the process that was started, as who knows no better would; not what it started."""
        self._channel.close()
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        self._said.close()
        for fd in self._fds:
            os.close(fd)
        self._fds, self._kept = [], []

    def trace(self) -> tuple[tuple[Event, ...], bool]:
        """Return nothing: nobody watches."""
        return (), False

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *args: object) -> None:
        """Close it."""
        self.close()


def _limit() -> None:
    """Bound what attempts can do to this machine where nothing else does."""
    resource.setrlimit(resource.RLIMIT_AS, (_MOST, _MOST))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_MOST, _MOST))
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_S, _CPU_S))
