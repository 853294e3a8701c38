"""Frames on a socket: four bytes of length, big-endian, then a JSON object. Nothing is trusted."""

import json
import math
import socket
import struct
import time
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from pratique.core.errors import WorkerError
from pratique.core.limits import KiB, MiB

MAX_FRAME = 16 * MiB
MAX_ANSWER = 256 * MiB
MAX_FRAMES = 1_000_000
MAX_VALUES = 2_000_000
"""Commas and brackets in one frame: 16 MiB of `[[],[],...` would be 400 MB of Python lists."""
MAX_DEPTH = 64
MAX_FDS = 8

_LENGTH = struct.Struct(">I")
_CHUNK = 256 * KiB
_CLOEXEC = getattr(socket, "MSG_CMSG_CLOEXEC", 0)  # Linux


class ClosedError(Exception):
    """The other end closed the socket; `clean` tells that no frame was cut."""

    def __init__(self, *, clean: bool) -> None:
        super().__init__("the other end closed the socket")
        self.clean = clean


def encode(frame: Mapping[str, Any]) -> bytes:
    """Return a frame as it is sent.

    Raises:
        ValueError: it is larger than `MAX_FRAME`, or holds a number that JSON has not (NaN).

    """
    body = json.dumps(frame, allow_nan=False, separators=(",", ":")).encode()
    if len(body) > MAX_FRAME:
        raise ValueError(f"a frame of {len(body)} bytes; {MAX_FRAME} is the most")
    return _LENGTH.pack(len(body)) + body


def decode(body: bytes) -> dict[str, Any]:
    """Return the object that a frame holds.

    Raises:
        WorkerError: it is no JSON object, or one that would cost too much; `why` is "protocol".

    """
    opened = body.count(b"[") + body.count(b"{")
    values = body.count(b",") + opened
    if values > MAX_VALUES:
        raise WorkerError(f"a frame with more than {MAX_VALUES} values", "protocol")
    try:
        found = json.loads(body, parse_constant=_no_constant, parse_float=_finite)
    except (ValueError, RecursionError) as e:
        raise WorkerError(f"a frame is not JSON: {type(e).__name__}", "protocol") from e
    if not isinstance(found, dict):
        raise WorkerError("a frame is not a JSON object", "protocol")
    if opened > MAX_DEPTH:
        _shallow(found)
    return found


def _shallow(found: dict[str, Any]) -> None:
    level: list[Any] = [found]
    for _ in range(MAX_DEPTH):
        inside = (c.values() if isinstance(c, dict) else c for c in level)
        level = [v for values in inside for v in values if isinstance(v, dict | list)]
        if not level:
            return
    raise WorkerError(f"a frame nested deeper than {MAX_DEPTH}", "protocol")


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError("a number too large")
    return number


def send(sock: socket.socket, body: bytes, fds: Sequence[int], until: float) -> None:
    """Send an encoded frame with descriptors.

    Raises:
        TimeoutError: the time `until` (monotonic) passed.
        OSError: the other end is gone.

    """
    sock.settimeout(_left(until))
    sent = socket.send_fds(sock, [body[:_CHUNK]], fds) if fds else 0
    rest = memoryview(body)[sent:]
    while rest:
        sock.settimeout(_left(until))
        rest = rest[sock.send(rest[:_CHUNK]) :]


class FrameReader:
    """Reads frames of one socket. Plain `recv`: the kernel drops descriptors that came along."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock, self._held = sock, bytearray()

    def idle(self) -> bool:
        """Tell whether nothing is waiting to be read: true between two answers."""
        self._sock.settimeout(0)
        try:
            return not self._held and not self._sock.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return not self._held

    def next(self, until: float) -> bytes:
        """Return the next frame's bytes.

        Raises:
            TimeoutError: the time `until` (monotonic) passed.
            ClosedError: the other end is gone.
            WorkerError: the frame is too large; `why` is "protocol".

        """
        (size,) = _LENGTH.unpack(self._take(_LENGTH.size, until))
        if size > MAX_FRAME:
            raise WorkerError(f"a frame of {size} bytes; {MAX_FRAME} is the most", "protocol")
        return self._take(size, until)

    def _take(self, count: int, until: float) -> bytes:
        while len(self._held) < count:
            self._sock.settimeout(_left(until))
            try:
                got = self._sock.recv(_CHUNK)
            except ConnectionError:
                got = b""
            if not got:
                raise ClosedError(clean=not self._held)
            self._held += got
        taken = bytes(self._held[:count])
        del self._held[:count]
        return taken


def receive(sock: socket.socket) -> tuple[dict[str, Any], list[int]] | None:
    """Return the next frame and its descriptors from a trusted sender; None when it has gone.

    Only the first part of a frame may carry descriptors, and exactly one frame is read.
    """
    head, fds, _, _ = socket.recv_fds(sock, _LENGTH.size, MAX_FDS, _CLOEXEC)
    while head and len(head) < _LENGTH.size:
        more = sock.recv(_LENGTH.size - len(head))
        head = head + more if more else b""
    if not head:
        return None
    (size,) = _LENGTH.unpack(head)
    body = bytearray()
    while len(body) < size:
        more = sock.recv(min(_CHUNK, size - len(body)))
        if not more:
            return None
        body += more
    return json.loads(body), fds


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError("the deadline passed")
    return left
