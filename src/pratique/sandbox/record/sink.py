r"""The helper process of the decoy network: it lives in the inmate's empty namespace and listens.

    supervisor --"listen PORT\\n"--> sink --JSON lines--> supervisor

It enters the network namespace of one process, makes every address local, gives up its rights, and
then answers and reports whatever arrives. It ends with the inmate, with the supervisor, and when
the supervisor closes the channel. Run as `python -I -c ...` by `network.py`.
"""

import contextlib
import json
import os
import select
import socket
import struct
import sys
import time
from collections.abc import Callable, Mapping
from typing import NoReturn

from pratique.core.limits import KiB
from pratique.sandbox.record import decoys, sink_jail
from pratique.sandbox.record.rtnetlink import loop_everything

FIRST_PORTS = (53, 80, 443)
MAX_PORTS = 256
MAX_CONNECTIONS = 128
MAX_REPORTS = 10_000
KEPT = 4 * KiB
PREVIEW = 500
LIFE_S, IDLE_S = 30.0, 2.0
"""Of one conversation: who waits for a second stage gets an end, so that the run goes on."""
_DNS_PORT = 53
_TICK_MS = 500
_LAST_READS = 256
_CHUNK = 64 * KiB
_COMMAND_MAX = 4 * KiB
_ANCILLARY = 256
_PKTINFO = (socket.IPPROTO_IPV6, 50, struct.Struct("=16si"))  # IPV6_PKTINFO
_RECVPKTINFO = 49
_PKTINFO_V4, _V4 = 8, struct.Struct("=i4s4s")


def main(channel: int, inmate: int, parent: int, canary: str) -> NoReturn:
    """Set up, tell so, and serve until there is nobody to serve for. Never returns."""
    control = socket.socket(fileno=channel)
    try:
        watched = [os.pidfd_open(inmate), os.pidfd_open(parent)]
        sink_jail.enter(inmate)
        missing = loop_everything()
        missing += sink_jail.open_low_ports()
        sink = _Sink(control, canary)
        for port in FIRST_PORTS:
            sink.listen(port)
        held, lost = sink_jail.lock({control.fileno(), *watched, *sink.descriptors()})
    except OSError as e:
        control.sendall(json.dumps({"error": str(e)}).encode() + b"\n")
        os._exit(1)
    told = {"ready": True, "held": held, "missing": [*missing, *lost]}
    control.sendall(json.dumps(told).encode() + b"\n")
    try:
        sink.serve(watched)
    finally:
        os._exit(0)


class _Connection:
    """One conversation: its first bytes are kept, the rest is counted."""

    def __init__(self, sock: socket.socket, now: float) -> None:
        self.sock, self.until, self.heard = sock, now + LIFE_S, now
        self.address, self.port = _own(sock)
        self.kept, self.size, self.name = b"", 0, ""

    def take(self, got: bytes) -> None:
        self.kept += got[: KEPT - len(self.kept)]
        self.size += len(got)
        self.heard = time.monotonic()


class _Sink:
    """All sockets of the decoys."""

    def __init__(self, control: socket.socket, canary: str) -> None:
        self._control, self._canary = control, canary
        self._names = decoys.Names()
        self._poll = select.poll()
        self._does: dict[int, Callable[[], bool]] = {}
        self._held: dict[int, socket.socket] = {}
        self._connections: dict[int, _Connection] = {}
        self._ports: set[int] = set()
        self._reports = 0
        self._commands = b""
        self._watch(control, self._command)

    def descriptors(self) -> set[int]:
        return set(self._held)

    def serve(self, watched: list[int]) -> None:
        """Serve until one of `watched` or the channel ends."""
        for fd in watched:
            self._poll.register(fd, select.POLLIN)
        while True:
            for fd, _ in self._poll.poll(_TICK_MS):
                if fd in watched or not self._does.get(fd, _nothing)():
                    self._end()
                    return
            self._expire()

    def listen(self, port: int) -> None:
        """Listen for TCP and UDP on a port, unless there are too many or the inmate has it."""
        if port in self._ports or len(self._ports) >= MAX_PORTS:
            return
        self._ports.add(port)
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            with contextlib.suppress(OSError):
                sock = _bound(kind, port)
                does = self._accept if kind == socket.SOCK_STREAM else self._datagram
                self._watch(sock, lambda sock=sock, does=does, port=port: does(sock, port))  # type: ignore[misc]

    # --- the channel ---------------------------------------------------------------------------

    def _command(self) -> bool:
        """Obey the supervisor; False when it has gone."""
        try:
            got = self._control.recv(_COMMAND_MAX)
        except OSError:
            return False
        if not got:
            return False
        *lines, self._commands = (self._commands + got).split(b"\n")
        for line in lines:
            _, _, port = line.partition(b" ")
            if port.isdigit():
                self.listen(int(port))
            self._say({"listening": int(port) if port.isdigit() else 0})
        return True

    def _report(self, call: str, words: Mapping[str, object]) -> None:
        self._reports += 1
        if self._reports <= MAX_REPORTS:
            self._say({"call": call, "words": {name: str(text) for name, text in words.items()}})

    def _say(self, told: Mapping[str, object]) -> None:
        self._control.sendall(json.dumps(told).encode() + b"\n")

    # --- datagrams -----------------------------------------------------------------------------

    def _datagram(self, sock: socket.socket, port: int) -> bool:
        try:
            data, ancillary, _, sender = sock.recvmsg(_CHUNK, _ANCILLARY)
        except OSError:
            return True
        address, source = _arrived(ancillary)
        answer = decoys.dns(data, self._names) if port == _DNS_PORT else None
        if answer is None:
            words = {"address": address, "port": port, "size": len(data)}
            self._report("received", {**words, "preview": _shown(data)})
            return True
        self._report("dns", answer[1])
        with contextlib.suppress(OSError):
            sock.sendmsg([answer[0]], source, 0, sender)
        return True

    # --- connections ---------------------------------------------------------------------------

    def _accept(self, listener: socket.socket, _: int) -> bool:
        try:
            sock, _ = listener.accept()
        except OSError:
            return True
        sock.settimeout(0)
        if len(self._connections) >= MAX_CONNECTIONS:
            self._close(next(iter(self._connections.values())))
        connection = _Connection(sock, time.monotonic())
        self._connections[sock.fileno()] = connection
        self._watch(sock, lambda: self._read(connection))
        return True

    def _read(self, connection: _Connection) -> bool:
        try:
            got = connection.sock.recv(_CHUNK)
        except BlockingIOError:
            return True
        except OSError:
            got = b""
        if got:
            connection.take(got)
        if not got or self._done(connection):
            self._close(connection)
        return True

    def _done(self, connection: _Connection) -> bool:
        """Answer when enough has arrived; tell whether the conversation is over."""
        kept = connection.kept
        if connection.port == _DNS_PORT:
            return self._dns_stream(connection)
        if decoys.is_tls(kept):
            connection.name = decoys.tls_name(kept)
            return connection.size >= min(decoys.tls_size(kept), KEPT)
        if not decoys.is_http(kept):
            return False
        size = decoys.http_size(kept)
        if size is None or connection.size < size:
            return size is None and len(kept) >= KEPT
        with contextlib.suppress(OSError):
            connection.sock.send(decoys.http(kept, connection.address, self._canary))
        return True

    def _dns_stream(self, connection: _Connection) -> bool:
        kept = connection.kept
        size = int.from_bytes(kept[:2], "big")
        if len(kept) < 2 + size:
            return len(kept) >= KEPT
        answer = decoys.dns(kept[2 : 2 + size], self._names)
        if answer is not None:
            self._report("dns", answer[1])
            connection.size = 0  # told
            with contextlib.suppress(OSError):
                connection.sock.send(len(answer[0]).to_bytes(2, "big") + answer[0])
        return True

    def _close(self, connection: _Connection) -> None:
        """End a conversation and report what it brought."""
        fd = connection.sock.fileno()
        del self._connections[fd]
        self._forget(fd)
        with contextlib.suppress(OSError):
            connection.sock.shutdown(socket.SHUT_WR)
        connection.sock.close()
        if connection.size:
            words = {"address": connection.address, "port": connection.port}
            tls = decoys.is_tls(connection.kept)
            shown = "a handshake of TLS" if tls else _shown(connection.kept)
            words |= {"size": connection.size, "preview": shown}
            if connection.name:
                words["name"] = connection.name
            self._report("received", words)

    def _expire(self) -> None:
        now = time.monotonic()
        late = (c for c in self._connections.values() if min(c.until, c.heard + IDLE_S) < now)
        for connection in list(late):
            self._close(connection)

    def _end(self) -> None:
        """Take in what has arrived already, and report it."""
        with contextlib.suppress(OSError):  # the supervisor may be the one that has gone
            for fd, _ in self._poll.poll(0):
                if fd in self._held and fd != self._control.fileno():
                    self._does[fd]()
            for connection in list(self._connections.values()):
                for _ in range(_LAST_READS):
                    if connection.sock.fileno() < 0:
                        break  # it came to its end
                    self._read(connection)
            for connection in list(self._connections.values()):
                self._close(connection)

    def _watch(self, sock: socket.socket, does: Callable[[], bool]) -> None:
        self._held[sock.fileno()] = sock
        self._does[sock.fileno()] = does
        self._poll.register(sock, select.POLLIN)

    def _forget(self, fd: int) -> None:
        self._poll.unregister(fd)
        del self._does[fd], self._held[fd]


def _nothing() -> bool:
    return True


def _bound(kind: int, port: int) -> socket.socket:
    """Return a socket on a port of every address, of both families where there are two."""
    try:
        sock = socket.socket(socket.AF_INET6, kind)
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        sock.setsockopt(socket.IPPROTO_IPV6, _RECVPKTINFO, 1)
        any_address = "::"
    except OSError:
        sock = socket.socket(socket.AF_INET, kind)
        sock.setsockopt(socket.IPPROTO_IP, _PKTINFO_V4, 1)
        any_address = "0.0.0.0"  # noqa: S104 - of a namespace that nobody else is in
    try:
        sock.settimeout(0)
        sock.bind((any_address, port))
        if kind == socket.SOCK_STREAM:
            sock.listen(16)
    except OSError:
        sock.close()
        raise
    return sock


def _own(sock: socket.socket) -> tuple[str, int]:
    address, port, *_ = sock.getsockname()
    return _plain(address), port


def _plain(address: str) -> str:
    return address.removeprefix("::ffff:") if "." in address else address


def _arrived(
    ancillary: list[tuple[int, int, bytes]],
) -> tuple[str, list[tuple[int, int, bytes]]]:
    """Return to which address a datagram came, and what makes an answer come from there."""
    for level, kind, data in ancillary:
        if (level, kind) == _PKTINFO[:2] and len(data) >= _PKTINFO[2].size:
            raw, _ = _PKTINFO[2].unpack_from(data)
            source = (level, kind, _PKTINFO[2].pack(raw, 0))
            return _plain(socket.inet_ntop(socket.AF_INET6, raw)), [source]
        if (level, kind) == (socket.IPPROTO_IP, _PKTINFO_V4) and len(data) >= _V4.size:
            _, _, raw = _V4.unpack_from(data)
            return socket.inet_ntoa(raw), [(level, kind, _V4.pack(0, raw, raw))]
    return "", []


def _shown(data: bytes) -> str:
    return data[:PREVIEW].decode("utf-8", "backslashreplace")


if __name__ == "__main__":
    sys.exit("started by pratique.sandbox.record.network only")
