"""All targets of one run together: what attempts are told of them, and what is seen to be hit."""

import contextlib
import ctypes
import hashlib
import os
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from pratique.sandbox.escape_suite.canaries import WEIGHTS, Canaries
from pratique.sandbox.escape_suite.listeners import Listeners
from pratique.sandbox.escape_suite.shared import Shared, listening, missed
from pratique.sandbox.escape_suite.victim import Victim
from pratique.sandbox.port import Bounds

Part = TypeVar("Part")

VARIABLE = "PRATIQUE_ESCAPE_CANARY"
SHOWN = "/model"
HOLD_S = 0.3
_NAMESPACES = ("net", "mnt", "pid", "ipc", "uts", "user", "cgroup")
_FREE_PORT = 47_613


@dataclass(slots=True)
class Targets:
    """What is outside, planted before and removed after. `names` are those of all attempts."""

    names: Sequence[str]
    mark: str = field(default_factory=lambda: "esc" + secrets.token_hex(6))
    secret: str = field(default_factory=lambda: secrets.token_hex(16))
    _stack: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)
    _canaries: Canaries | None = None
    _listeners: Listeners | None = None
    _victim: Victim | None = None
    _shared: Shared | None = None

    def __enter__(self) -> Self:
        """Plant all of it."""
        spare = [name for name in self.names if "model" in name]
        try:
            self._canaries = self._stack.enter_context(Canaries(self.mark, self.secret, spare))
            self._listeners = self._stack.enter_context(Listeners(self.mark, self._canaries.folder))
            self._shared = self._stack.enter_context(Shared(self.mark, self.secret))
            self._victim = Victim.start(self.secret, self._canaries.folder / "secret", self.mark)
            self._stack.callback(self._victim.close)
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Remove all of it."""
        self._stack.close()

    @property
    def canaries(self) -> Canaries:
        """Return the files."""
        return _there(self._canaries)

    def words(self, bounds: Bounds, model: str) -> dict[str, Any]:
        """Return what an attempt is told of them."""
        return {
            **_there(self._listeners).targets(),
            **self.canaries.targets(model),
            **_there(self._shared).targets(),
            **_there(self._victim).targets(),
            "supervisor": os.getpid(),
            "handle": handle(self.canaries.folder / "secret"),
            "processes": bounds.processes,
            "memory": bounds.memory,
            "tmp_bytes": bounds.tmp,
            "tmp": "/tmp",  # noqa: S108 - the inmate's own
            "hold_s": HOLD_S,
            "port_inside": _FREE_PORT,
            "abstract_inside": f"{self.mark}-inside",
        }

    def secrets(self) -> dict[str, tuple[str, str]]:
        """Return, by digest, what an inmate must not have: (what it is, whose attempt it tells)."""
        victim = _there(self._victim)
        pid = victim.process.pid
        found = {
            "the canary": self.secret.encode(),
            "the canary of the environment": os.environ[VARIABLE].encode(),
            "the environment's canary, by command line": Path(f"/proc/{pid}/cmdline").read_bytes(),
            "a process outside": b"started " + _started(pid),
            "the host's name": b"host " + os.uname().nodename.encode(),
            "what others read": b"heard of a reader",
            "what others change": b"heard of a change",
            **dict(self.canaries.host_secrets()),
        }
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        for kind in _NAMESPACES:
            inode = Path(f"/proc/self/ns/{kind}").stat().st_ino
            found[f"the {kind} namespace"] = f"{kind} namespace {inode} {boot}".encode()
        told = {digest(data): (what, "") for what, data in found.items()}
        for name in self.names:
            told[digest(b"stayed " + name.encode())] = ("it was there in the next run", name)
        return told

    def holding(self, name: str) -> list[str]:
        """Say what those outside miss or find while the attempt `name` holds on to something."""
        words = {
            "port_inside": _FREE_PORT,
            "abstract_inside": f"{self.mark}-inside",
            "unix_inside": str(self.canaries.folder / "open" / "inside.sock"),
        }
        found = [*missed(name, self.canaries.model / WEIGHTS), *_there(self._shared).new(name)]
        if listening(name, words):
            found.append("it is reached from outside")
        return found

    def harm(self) -> dict[str, str]:
        """Return, by attempt, what was hit since the last time; "" is for one that is not known."""
        done = {self._whose(data): f"arrived on {which}" for which, data in self._heard()}
        done |= _there(self._victim).harm()
        done |= self.canaries.harm()
        return done | _there(self._shared).seen()

    def _heard(self) -> Iterator[tuple[str, bytes]]:
        yield from _there(self._listeners).take()

    def _whose(self, data: bytes) -> str:
        named = [name for name in self.names if name.encode() in data]
        return max(named, key=len, default="")


def digest(data: bytes) -> str:
    """Return what a guest tells in place of what it read; see guest/escape/attempt.py."""
    return hashlib.sha256(data.strip()).hexdigest()


def handle(path: Path) -> str:
    """Return a file handle of a file, as hexadecimal; of nothing where there is none to be had."""
    into = ctypes.create_string_buffer((128).to_bytes(4, "little") + bytes(132))
    mount = ctypes.c_int()
    got = ctypes.CDLL(None).name_to_handle_at(
        -100, str(path).encode(), into, ctypes.byref(mount), 0
    )
    return into.raw.hex() if got == 0 else bytes(136).hex()


def _started(pid: int) -> bytes:
    return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[19]


def _there(one: Part | None) -> Part:
    if one is None:
        raise RuntimeError("the targets are not planted")
    return one
