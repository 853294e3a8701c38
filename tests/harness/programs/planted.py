"""A reader with a planted bug: marker bytes in the file make it do what exploit code would."""

import os
import socket
from collections.abc import Callable, Mapping, Sequence
from typing import Any

MARKER = b"PLANTED-BUG"


def warm() -> None:
    """Need nothing."""


def serve(
    request: Mapping[str, Any], fds: Sequence[int], send: Callable[[Mapping[str, Any]], None]
) -> None:
    """Read the file; on the marker try to open a file, connect out and start a child."""
    if MARKER not in os.pread(fds[0], 4096, 0):
        send({"read": True})
        return
    for deed in (_file, _socket, _child):
        try:
            deed(request["canary"], int(request["port"]))
        except OSError as e:
            send({"deed": deed.__name__, "stopped": e.errno})
        else:
            send({"deed": deed.__name__, "stopped": None})


def _file(canary: str, _: int) -> None:
    os.close(os.open(canary, os.O_CREAT | os.O_WRONLY, 0o600))


def _socket(_: str, port: int) -> None:
    socket.create_connection(("127.0.0.1", port), timeout=2).close()


def _child(canary: str, _: int) -> None:
    pid = os.posix_spawn("/bin/sh", ["sh", "-c", f"echo child > {canary}"], {})
    os.waitpid(pid, 0)
