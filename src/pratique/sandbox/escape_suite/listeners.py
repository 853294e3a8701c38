"""Listeners outside that hear who gets through: TCP, UDP, unix and abstract sockets."""

import contextlib
import os
import selectors
import socket
import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

_LOOPBACK, _LOOPBACK6 = "127.0.0.1", "::1"
_MOST, _HEARD_MOST = 512, 10_000
_WAIT_S, _SELECT_S = 0.5, 0.02


@dataclass(slots=True)
class Listeners:
    """Sockets of those outside, and what came in on them, as (which, bytes)."""

    mark: str
    folder: Path
    heard: list[tuple[str, bytes]] = field(default_factory=list)
    _sockets: dict[str, socket.socket] = field(default_factory=dict)
    _paths: list[Path] = field(default_factory=list)
    _thread: threading.Thread | None = None
    _over: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        """Open them all and begin to listen."""
        stream, datagram = socket.SOCK_STREAM, socket.SOCK_DGRAM
        self._open("tcp", socket.AF_INET, stream, (_LOOPBACK, 0))
        self._open("tcp6", socket.AF_INET6, stream, (_LOOPBACK6, 0))
        self._open("udp", socket.AF_INET, datagram, (_LOOPBACK, 0))
        self._open("udp6", socket.AF_INET6, datagram, (_LOOPBACK6, 0))
        self._open("unix", socket.AF_UNIX, stream, str(self.folder / "service.sock"))
        self._open("unix_run", socket.AF_UNIX, stream, str(writable_run() / f"{self.mark}.sock"))
        for path in self._paths:
            path.chmod(0o777)
        self._open("abstract", socket.AF_UNIX, stream, f"\0{self.mark}-stream")
        self._open("abstract_datagram", socket.AF_UNIX, datagram, f"\0{self.mark}-datagram")
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *args: object) -> None:
        """Close them."""
        self._over.set()
        if self._thread:
            self._thread.join()
        for one in self._sockets.values():
            one.close()
        for path in self._paths:
            path.unlink(missing_ok=True)

    def targets(self) -> dict[str, object]:
        """Return where they are."""
        found: dict[str, object] = {
            name: self._sockets[name].getsockname()[1] for name in ("tcp", "tcp6", "udp", "udp6")
        }
        found |= {name: self._sockets[name].getsockname() for name in ("unix", "unix_run")}
        return found | {
            "abstract": f"{self.mark}-stream",
            "abstract_datagram": f"{self.mark}-datagram",
        }

    def take(self) -> list[tuple[str, bytes]]:
        """Return what was heard since the last time."""
        _pause(self._over)
        taken, self.heard = self.heard, []
        return taken

    def _open(self, name: str, family: int, kind: int, where: tuple[str, int] | str) -> None:
        one = socket.socket(family, kind)
        self._sockets[name] = one
        one.bind(where)
        if isinstance(where, str) and not where.startswith("\0"):
            self._paths.append(Path(where))
        if kind == socket.SOCK_STREAM:
            one.listen(64)
        one.settimeout(0)

    def _listen(self) -> None:
        with selectors.DefaultSelector() as chosen:
            for name, one in self._sockets.items():
                chosen.register(one, selectors.EVENT_READ, name)
            while not self._over.is_set():
                for key, _ in chosen.select(_SELECT_S):
                    self._hear(str(key.data), self._sockets[str(key.data)])

    def _hear(self, name: str, one: socket.socket) -> None:
        if len(self.heard) > _HEARD_MOST:
            return
        with contextlib.suppress(OSError):
            if one.type == socket.SOCK_DGRAM:
                self.heard.append((name, one.recv(_MOST)))
                return
            came, _ = one.accept()
            with came:
                came.settimeout(_WAIT_S)
                data = b""
                with contextlib.suppress(OSError):
                    data = came.recv(_MOST)
                self.heard.append((name, data))


def _pause(over: threading.Event) -> None:
    """Let what is on its way arrive."""
    over.wait(0.05)


def writable_run() -> Path:
    """Return the folder in which services of this user have their sockets."""
    for place in ("/run", os.environ.get("XDG_RUNTIME_DIR", "")):
        if place and os.access(place, os.W_OK):
            return Path(place)
    return Path(tempfile.gettempdir())
