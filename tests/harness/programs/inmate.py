"""An inmate of a sandbox that goes wrong in the way it is asked to. Standard library only."""

import atexit
import contextlib
import ctypes
import os
import signal
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

Send = Callable[[Mapping[str, Any]], None]


def serve(request: Mapping[str, Any], send: Send) -> None:
    """Do what `do` says."""
    DEEDS[request["do"]](request, send)


def echo(request: Mapping[str, Any], send: Send) -> None:
    send({"echo": request.get("body", "")})


def grow(request: Mapping[str, Any], send: Send) -> None:
    """Answer with as many characters as asked."""
    send({"body": "x" * int(request["size"])})


def tell(_: Mapping[str, Any], send: Send) -> None:
    """Tell who and where this is."""
    send(
        {
            "uid": os.getuid(),
            "pid": os.getpid(),
            "host": os.uname().nodename,
            "home": str(Path.home()),
            "user": os.environ.get("USER", ""),
            "time": time.time(),
            "environment": dict(os.environ),
            "root": sorted(str(p) for p in Path("/").iterdir()),
        }
    )


def read(request: Mapping[str, Any], send: Send) -> None:
    try:
        send({"text": Path(request["path"]).read_text()[:1000]})
    except OSError as e:
        send({"refused": e.strerror})


def write(request: Mapping[str, Any], send: Send) -> None:
    """Write `size` bytes to `path`, and tell how many there were room for."""
    done, block = 0, bytes(1 << 20)
    try:
        with Path(request["path"]).open("wb") as file:
            while done < int(request["size"]):
                done += file.write(block)
    except OSError as e:
        send({"written": done, "refused": e.strerror})
        return
    send({"written": done})


def sleep(*_: object) -> None:
    """Sleep for good, in pieces: a recorder answers long sleeps at once."""
    while True:
        time.sleep(0.5)


def spin(*_: object) -> None:
    while True:
        pass


def leave(request: Mapping[str, Any], _: Send) -> None:
    os._exit(int(request["code"]))


def crash(*_: object) -> None:
    ctypes.string_at(0)


def fail(*_: object) -> None:
    raise RuntimeError("as asked")


def eat(request: Mapping[str, Any], send: Send) -> None:
    """Take memory piece by piece and touch it; with `forks` each piece stays in a child."""
    size, held = int(request["size"]), []
    for _ in range(size >> 26):
        held.append(bytearray(b"x" * (1 << 26)))
        if request.get("forks") and os.fork() == 0:
            sleep()
    send({"eaten": len(held)})


def flood(request: Mapping[str, Any], send: Send) -> None:
    """Write to standard output and error."""
    for _ in range(int(request["size"]) >> 16):
        os.write(1, b"a log line is here\n" * 3449)
        os.write(2, b"x" * 100)
    send({"flooded": True})


def bomb(_: Mapping[str, Any], send: Send) -> None:
    """Fork until it is refused; the children stay."""
    born = 0
    try:
        while born < 10_000:
            if os.fork() == 0:
                sleep()
            born += 1
    except OSError as e:
        send({"born": born, "refused": e.strerror})
        return
    send({"born": born})


def outlive(_: Mapping[str, Any], send: Send) -> None:
    """Leave a grandchild behind that has a session of its own and shuts its ears."""
    child = os.fork()
    if child == 0:
        os.setsid()
        if os.fork():
            os._exit(0)
        for number in range(1, 32):
            with contextlib.suppress(OSError, ValueError):
                signal.signal(number, signal.SIG_IGN)
        while True:
            time.sleep(0.5)
    os.waitpid(child, 0)
    send({"left": True})


def late(_: Mapping[str, Any], send: Send) -> None:
    """Register what runs when the interpreter ends, and a thread that it waits for."""
    atexit.register(lambda: Path("/tmp/at-exit").write_text("ran"))

    def work() -> None:
        time.sleep(0.3)
        Path("/tmp/thread").write_text("ran")

    threading.Thread(target=work).start()
    send({"registered": True})


def linger(_: Mapping[str, Any], send: Send) -> None:
    """Register an exit handler that never comes to an end."""
    atexit.register(sleep)
    send({"registered": True})


def connect(request: Mapping[str, Any], send: Send) -> None:
    with socket.socket() as sock:
        sock.settimeout(5)
        try:
            sock.connect((request["address"], int(request["port"])))
            sock.sendall(b"GET / HTTP/1.1\r\nHost: x.example\r\n\r\n")
            send({"got": sock.recv(100).decode("ascii", "replace")})
        except OSError as e:
            send({"refused": str(e)})


def resolve(request: Mapping[str, Any], send: Send) -> None:
    try:
        send({"address": socket.getaddrinfo(request["name"], 80)[0][4][0]})
    except OSError as e:
        send({"refused": str(e)})


def execute(request: Mapping[str, Any], send: Send) -> None:
    import subprocess  # noqa: PLC0415 - few deeds need it

    try:
        done = subprocess.run(request["argv"], capture_output=True, check=False)
        send({"code": done.returncode, "out": done.stdout.decode()[:500]})
    except OSError as e:
        send({"refused": e.strerror})


def forge(request: Mapping[str, Any], _: Send) -> None:
    """Send bytes past the framing."""
    raw(bytes.fromhex(request["bytes"]))
    if request.get("then") == "sleep":
        sleep()


def hand(_: Mapping[str, Any], send: Send) -> None:
    """Try to pass a descriptor out with a frame."""
    body = b'{"handed":true}'
    for fd in channels():
        with socket.socket(fileno=os.dup(fd)) as channel, contextlib.suppress(OSError):
            socket.send_fds(channel, [struct.pack(">I", len(body)) + body], [0, 1])
    send({"done": True})


def raw(body: bytes) -> None:
    for fd in channels():
        with contextlib.suppress(OSError):
            os.write(fd, body)


def channels() -> list[int]:
    found = []
    for fd in range(3, 64):
        with contextlib.suppress(OSError):
            if str(Path(f"/proc/self/fd/{fd}").readlink()).startswith("socket:"):
                found.append(fd)
    return found


def interpreter(_: Mapping[str, Any], send: Send) -> None:
    send({"version": list(sys.version_info[:3]), "prefix": sys.prefix})


DEEDS: dict[str, Callable[..., None]] = {
    name: found
    for name, found in list(globals().items())
    if callable(found) and getattr(found, "__module__", "") == __name__
}
