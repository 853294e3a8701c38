"""A worker that goes wrong in the way it is asked to."""

import contextlib
import ctypes
import os
import socket
import struct
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Send = Callable[[Mapping[str, Any]], None]


def warm() -> None:
    """Need nothing."""


def serve(request: Mapping[str, Any], fds: Sequence[int], send: Send) -> None:
    """Do what `do` says."""
    DEEDS[request["do"]](request, fds, send)


def raw(body: bytes) -> None:
    """Send past the framing, through the one descriptor that is a socket: the channel."""
    for fd in range(3, 64):
        channel = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, 0, fd)
        with contextlib.suppress(OSError):
            channel.sendall(body)
        channel.detach()


def framed(body: bytes) -> None:
    raw(struct.pack(">I", len(body)) + body)


def echo(request: Mapping[str, Any], fds: Sequence[int], send: Send) -> None:
    send({"echo": request, "read": [os.pread(fd, 16, 0).hex() for fd in fds]})


def write(_: Mapping[str, Any], fds: Sequence[int], send: Send) -> None:
    os.ftruncate(fds[0], 0)
    send({"wrote": os.pwrite(fds[0], b"unpacked", 0)})


def leak(_: Mapping[str, Any], __: Sequence[int], send: Send) -> None:
    """Tell which descriptors are open, besides 0, 1 and 2."""
    held = []
    for fd in range(3, 64):
        with contextlib.suppress(OSError):
            os.close(os.dup(fd))
            held.append(fd)
    send({"open": held})


def environment(_: Mapping[str, Any], __: Sequence[int], send: Send) -> None:
    send({"names": sorted(os.environ)})


def fail(_: Mapping[str, Any], __: Sequence[int], ___: Send) -> None:
    raise ValueError("a reader's bug \x1b[31m")


def abort(_: Mapping[str, Any], __: Sequence[int], ___: Send) -> None:
    os.abort()


def segfault(_: Mapping[str, Any], __: Sequence[int], ___: Send) -> None:
    ctypes.string_at(0)


def leave(_: Mapping[str, Any], __: Sequence[int], ___: Send) -> None:
    os._exit(7)


def hang_up(_: Mapping[str, Any], __: Sequence[int], ___: Send) -> None:
    for fd in range(3, 64):
        with contextlib.suppress(OSError):
            os.close(fd)
    time.sleep(60)


def spin(_: Mapping[str, Any], __: Sequence[int], ___: Send) -> None:
    while True:
        pass


def chatter(_: Mapping[str, Any], __: Sequence[int], send: Send) -> None:
    """Always make progress, never end."""
    while True:
        send({"progress": 1})
        time.sleep(0.01)


def drip(_: Mapping[str, Any], __: Sequence[int], ___: Send) -> None:
    raw(struct.pack(">I", 1 << 20))
    while True:
        raw(b" ")
        time.sleep(0.01)


def flood(_: Mapping[str, Any], __: Sequence[int], ___: Send) -> None:
    body = b'{"a":"' + b"x" * (8 << 20) + b'"}'
    while True:
        framed(body)


def many(_: Mapping[str, Any], __: Sequence[int], ___: Send) -> None:
    some = b"\0\0\0\2{}" * 10_000
    while True:
        raw(some)


def allocate(_: Mapping[str, Any], __: Sequence[int], ___: Send) -> None:
    held = []
    while True:
        held.append(bytearray(8 << 20))


def garbage(_: Mapping[str, Any], __: Sequence[int], ___: Send) -> None:
    framed(b"\x80\x04cos\nsystem\n")


def oversize(_: Mapping[str, Any], __: Sequence[int], ___: Send) -> None:
    raw(b"\xff\xff\xff\xff")


def array(_: Mapping[str, Any], __: Sequence[int], ___: Send) -> None:
    framed(b"[1, 2]")


def deep(_: Mapping[str, Any], __: Sequence[int], ___: Send) -> None:
    framed(b'{"a":' * 200_000)


def nested(_: Mapping[str, Any], __: Sequence[int], ___: Send) -> None:
    framed(b'{"a":' + b"[" * 100 + b"]" * 100 + b"}")


def wide(_: Mapping[str, Any], __: Sequence[int], ___: Send) -> None:
    framed(b'{"a":[' + b"[]," * 4_000_000 + b"1]}")


def constant(_: Mapping[str, Any], __: Sequence[int], ___: Send) -> None:
    framed(b'{"a": NaN}')


def digits(_: Mapping[str, Any], __: Sequence[int], ___: Send) -> None:
    framed(b'{"a": ' + b"9" * 1_000_000 + b"}")


def endless_float(_: Mapping[str, Any], __: Sequence[int], ___: Send) -> None:
    framed(b'{"a": 1e999}')


def afterword(_: Mapping[str, Any], __: Sequence[int], ___: Send) -> None:
    """Leave a frame for the next request."""
    end, forged = b'{"end":true}', b'{"finding":"forged"}'
    raw(struct.pack(">I", len(end)) + end + struct.pack(">I", len(forged)) + forged)


def pass_back(_: Mapping[str, Any], fds: Sequence[int], ___: Send) -> None:
    """Send a descriptor to the parent, which must not get one."""
    for fd in range(3, 64):
        channel = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, 0, fd)
        with contextlib.suppress(OSError):
            socket.send_fds(channel, [b"\0\0\0\2{}"], [fds[0]] * 8)
        channel.detach()


DEEDS: dict[str, Callable[[Mapping[str, Any], Sequence[int], Send], None]] = {
    f.__name__: f
    for f in (
        *(echo, write, leak, fail, abort, segfault, leave, hang_up, spin, chatter, drip, flood),
        *(many, allocate, garbage, oversize, array, deep, nested, wide, constant, digits),
        *(endless_float, afterword, pass_back, environment),
    )
}
