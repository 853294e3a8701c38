"""The decoy network, seen from the supervisor: start it, have it expect a port, hear it."""

import contextlib
import importlib.util
import json
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, Self

from pratique.core.errors import JailError
from pratique.core.limits import KiB
from pratique.sandbox.record.timeline import Timeline

START_S = 20.0
EXPECT_S = 1.0
END_S = 5.0
MAX_LINE = 16 * KiB
MAX_NAMES = 1_000
_CALLS = ("dns", "received")
_WORDS = ("name", "type", "address", "port", "preview", "size")
_CHUNK = 64 * KiB

# `-I` takes no path from the environment, so the folder of this package is handed over.
_BOOTSTRAP = """
import json, sys
root, *rest = json.loads(sys.argv[1])
sys.path.insert(0, root)
from pratique.sandbox.record.sink import main
main(*rest)
"""


class Network:
    """Decoys inside one inmate's empty network namespace, served by a helper process.

    The helper ends when it is closed, when this process dies, and when the inmate's process does.
    It reads hostile bytes, so what it says is bounded and checked here too.
    """

    def __init__(self, control: socket.socket, process: subprocess.Popen[bytes]) -> None:
        self._control, self._process = control, process
        self._timeline: Timeline | None = None
        self._names: dict[str, str] = {}
        self._listening = threading.Semaphore(0)
        self._asking = threading.Lock()
        self._broken = False
        self._rest = b""
        self.held: tuple[str, ...] = ()
        self.missing: tuple[tuple[str, str], ...] = ()
        self._thread = threading.Thread(target=self._hear, name="decoys", daemon=True)

    @classmethod
    def start(cls, pid: int, *, canary: str) -> Self:
        """Put decoys into the network namespace of process `pid`, a number of this namespace.

        `canary` is the secret that the decoy metadata service hands out: it must be seen nowhere.
        Works for root, and for a user who owns the user namespace that the network belongs to.

        Raises:
            JailError: they cannot be put there; nothing is left of them.

        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        told = json.dumps([_root(), theirs.fileno(), pid, os.getpid(), canary])
        try:
            process = subprocess.Popen(
                [sys.executable, "-I", "-B", "-c", _BOOTSTRAP, told],
                env={},
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        except OSError as e:
            ours.close()
            raise JailError(f"the decoy network does not start: {e}") from e
        finally:
            theirs.close()
        network = cls(ours, process)
        try:
            network._ready()
        except BaseException:
            network.close()
            raise
        return network

    def join(self, timeline: Timeline) -> None:
        """Send what the decoys see to a timeline, and begin to listen to them."""
        self._timeline = timeline
        self._thread.start()

    def expect(self, port: int) -> None:
        """Have the decoys listen on a port; waits until they do, at most `EXPECT_S` seconds.

        Also, what they saw before is known here afterwards. Never raises: a decoy less is no harm.
        """
        if self._broken or not 0 <= port <= 0xFFFF:  # noqa: PLR2004 - a port
            return
        with self._asking:
            try:
                self._control.sendall(b"listen %d\n" % port)
            except OSError:
                self._broken = True
                return
            self._broken = not self._listening.acquire(timeout=EXPECT_S)

    def name(self, address: str) -> str:
        """Return the name that was resolved to an address, empty where there is none."""
        return self._names.get(address, "")

    def close(self) -> None:
        """End the decoys; twice does no harm."""
        with contextlib.suppress(OSError):
            self._control.shutdown(socket.SHUT_WR)  # at which they tell the rest and leave
        try:
            self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._thread.ident is not None:
            self._thread.join(END_S)
        self._control.close()

    def _ready(self) -> None:
        until = time.monotonic() + START_S
        while b"\n" not in self._rest and len(self._rest) < MAX_LINE:
            self._control.settimeout(max(0.001, until - time.monotonic()))
            try:
                got = self._control.recv(_CHUNK)
            except OSError as e:
                raise JailError(f"the decoy network does not answer: {e}") from e
            if not got:
                raise JailError("the decoy network died at its start")
            self._rest += got
        line, _, self._rest = self._rest.partition(b"\n")
        told = _object(line)
        if "error" in told:
            raise JailError(f"the decoy network does not start: {told['error']}")
        self.held = tuple(told.get("held", ()))
        self.missing = tuple((name, why) for name, why in told.get("missing", ()))
        self._control.settimeout(None)

    def _hear(self) -> None:
        """Take the helper's lines until it ends; one that is too long ends it."""
        while len(self._rest) <= MAX_LINE:
            *lines, self._rest = self._rest.split(b"\n")
            for line in lines:
                self._line(_object(line))
            try:
                got = self._control.recv(_CHUNK)
            except OSError:
                got = b""
            if not got:
                break
            self._rest += got
        self._broken = True
        self._listening.release()

    def _line(self, told: dict[str, Any]) -> None:
        if "listening" in told:
            self._listening.release()
            return
        call, words = told.get("call"), told.get("words")
        if call not in _CALLS or not isinstance(words, dict) or self._timeline is None:
            return
        found = {w: t for w, t in words.items() if w in _WORDS and isinstance(t, str)}
        if call == "dns" and "address" in found and len(self._names) < MAX_NAMES:
            self._names[found["address"]] = found.get("name", "")
        if self._timeline.full(call, "sink"):
            self._timeline.skip(call, source="sink")
        else:
            self._timeline.add(call, 0, found, source="sink")


def _object(line: bytes) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _root() -> str:
    """Return the folder that holds this package, as this process found it."""
    spec = importlib.util.find_spec("pratique")
    places = list(spec.submodule_search_locations or []) if spec is not None else []
    if not places:
        raise JailError("no package to start the decoy network from")
    return str(Path(places[0]).absolute().parent)
