"""What those outside have in common memory, queues, locks and keyrings, and whether it was met."""

import contextlib
import ctypes
import errno
import fcntl
import os
import secrets
import socket
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from pratique.core.errors import JailError
from pratique.sandbox import kernel
from pratique.sandbox.syscalls import this_machine

_CREAT, _RMID, _SETVAL, _GETVAL = 0o1000, 0, 16, 12
_SHM = Path("/dev/shm")  # noqa: S108 - what is tried
_USER_KEYRING = -4
_PIPE = 65536
_F_GETPIPE_SZ = 1032


@dataclass(slots=True)
class Shared:
    """Segments, semaphores, queues, files and keys that hold `secret`, under names of `mark`."""

    mark: str
    secret: str
    key: int = field(default_factory=lambda: secrets.randbelow(1 << 30) + 1)
    new_key: int = field(default_factory=lambda: secrets.randbelow(1 << 30) + 1)
    ids: dict[str, int] = field(default_factory=dict)

    def __enter__(self) -> Self:
        """Make what this machine has of them."""
        libc = kernel.libc()
        libc.shmat.restype = ctypes.c_void_p
        text = self.secret.encode()
        with contextlib.suppress(OSError):
            self.ids["shm"] = _call("shmget", self.key, len(text), _CREAT | 0o666)
            at = libc.shmat(self.ids["shm"], None, 0)
            ctypes.memmove(at, text, len(text))
            libc.shmdt(ctypes.c_void_p(at))
        with contextlib.suppress(OSError):
            self.ids["sem"] = _call("semget", self.key, 1, _CREAT | 0o666)
            _call("semctl", self.ids["sem"], 0, _SETVAL, 3)
        with contextlib.suppress(OSError):
            self.ids["msg"] = _call("msgget", self.key, _CREAT | 0o666)
            _call("msgsnd", self.ids["msg"], struct.pack("=q", 1) + text, len(text), 0o4000)
        with contextlib.suppress(OSError):
            self._queue(f"{self.mark}-queue", text)
        with contextlib.suppress(OSError):
            _call("add_key", b"user", f"{self.mark}-own".encode(), text, len(text), _USER_KEYRING)
        with contextlib.suppress(OSError):
            (_SHM / f"{self.mark}-own").write_bytes(text)
            (_SHM / f"{self.mark}-own").chmod(0o644)
        return self

    def _queue(self, name: str, text: bytes) -> None:
        sizes = struct.pack("=8q", 0, 4, 256, 0, 0, 0, 0, 0)
        fd = _call("mq_open", name.encode(), os.O_CREAT | os.O_RDWR, 0o644, sizes)
        kernel.libc().mq_send(fd, text, ctypes.c_size_t(len(text)), 1)
        os.close(fd)

    def __exit__(self, *args: object) -> None:
        """Remove them, and what attempts left."""
        undo: list[Callable[[], object]] = [
            lambda: _call("mq_unlink", f"{self.mark}-queue".encode()),
            lambda: _call("mq_unlink", f"{self.mark}-new".encode()),
            (_SHM / f"{self.mark}-own").unlink,
            lambda: self._remove("shmctl", _call("shmget", self.key, 0, 0)),
            lambda: self._remove("msgctl", _call("msgget", self.key, 0)),
            lambda: self._remove("semctl", _call("semget", self.key, 0, 0)),
        ]
        for step in undo:
            with contextlib.suppress(OSError, KeyError):
                step()

    def targets(self) -> dict[str, Any]:
        """Return by which names they are to be had."""
        return {
            "segment_key": self.key,
            "segment": self.ids.get("shm", 0),
            "new_key": self.new_key,
            "shm_name": f"{self.mark}-own",
            "queue_name": f"{self.mark}-queue",
            "new_queue_name": f"{self.mark}-new",
            "key_name": f"{self.mark}-own",
        }

    def seen(self) -> dict[str, str]:
        """Return, by attempt, what an inmate changed."""
        with contextlib.suppress(OSError):
            if "sem" in self.ids and _call("semctl", self.ids["sem"], 0, _GETVAL, 0) != 3:  # noqa: PLR2004 - as set above
                _call("semctl", self.ids["sem"], 0, _SETVAL, 3)
                return {"lower-semaphore": "a semaphore outside was lowered"}
        return {}

    def new(self, name: str) -> Iterator[str]:
        """Say what of an inmate's own making is there outside while it holds it."""
        kinds = {
            "make-shared-segment": ("shmget", "shmctl", (0, 0)),
            "make-semaphore": ("semget", "semctl", (0, 0)),
            "make-message-queue": ("msgget", "msgctl", (0,)),
        }
        with contextlib.suppress(OSError):
            if name in kinds:
                get, control, args = kinds[name]
                self._remove(control, _call(get, self.new_key, *args))
                yield "it is there outside, by its key"
            if name == "make-posix-queue":
                os.close(_call("mq_open", f"{self.mark}-new".encode(), os.O_RDONLY, 0, None))
                yield "it is there outside, by its name"
            if name == "make-posix-shared-memory" and (_SHM / f"{self.mark}-{name}").exists():
                yield "it is there outside, in /dev/shm"

    @staticmethod
    def _remove(control: str, held: int) -> None:
        args = (held, 0, _RMID, 0) if control == "semctl" else (held, _RMID, 0)
        kernel.libc()[control](*args)


def _call(name: str, *args: int | bytes | None) -> int:
    if name == "msgctl":
        return int(kernel.libc().msgctl(*args))
    return kernel.syscall(this_machine().numbers[name], *args)


# --- while an inmate holds on to something -------------------------------------------------------


def missed(name: str, weights: Path) -> Iterator[str]:
    """Say what those outside can no longer do while the attempt `name` holds what it took."""
    checks: dict[str, Callable[[], object]] = {
        "lock-shared-file": lambda: _lock(weights),
        "lock-shared-file-by-range": lambda: _lock_range(weights),
        "lease-a-file-of-the-model": lambda: _open_for_writing(weights),
        "use-up-watches": _watch,
        "use-up-message-queues": _make_queue,
        "use-up-terminals": _terminal,
        "use-up-pipes": _pipe,
        "watch-shared-file": weights.read_bytes,
        "watch-shared-folder-by-signal": lambda: os.listdir(weights.parent),  # noqa: PTH208
    }
    try:
        if name in checks:
            checks[name]()
    except (OSError, JailError) as e:
        yield f"outside: {e}"


def _lock(weights: Path) -> None:
    with weights.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)


def _lock_range(weights: Path) -> None:
    with weights.open("r+b") as file:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, 7)


def _open_for_writing(weights: Path) -> None:
    os.close(os.open(weights, os.O_WRONLY | os.O_NONBLOCK))


def _watch() -> None:
    os.close(_call("inotify_init1", 0))


def _make_queue() -> None:
    name = secrets.token_hex(8).encode()
    os.close(_call("mq_open", name, os.O_CREAT | os.O_RDWR, 0o600, None))
    _call("mq_unlink", name)


def _terminal() -> None:
    for fd in os.openpty():
        os.close(fd)


def _pipe() -> None:
    ends = os.pipe()
    size = fcntl.fcntl(ends[0], _F_GETPIPE_SZ)
    for fd in ends:
        os.close(fd)
    if size < _PIPE:
        raise OSError(errno.EMFILE, f"a new pipe has {size} bytes")


def listening(name: str, targets: dict[str, Any]) -> bool:
    """Tell whether what the attempt `name` listens on is reached from outside."""
    where: dict[str, tuple[int, Any]] = {
        "listen-for-outside": (socket.AF_INET, ("127.0.0.1", targets["port_inside"])),
        "listen-on-abstract-socket": (socket.AF_UNIX, "\0" + targets["abstract_inside"]),
        "listen-in-shared-folder": (socket.AF_UNIX, targets["unix_inside"]),
    }
    if name not in where:
        return False
    family, address = where[name]
    with socket.socket(family) as one:
        one.settimeout(0.5)
        return one.connect_ex(address) == 0
