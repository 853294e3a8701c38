"""Run a harmless payload in a throw-away child inside an empty network namespace, and record it."""

import contextlib
import os
import select
import signal
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from pratique.core.errors import JailError
from pratique.core.trace import Event
from pratique.sandbox import kernel
from pratique.sandbox.guest import recording
from pratique.sandbox.record.network import Network
from pratique.sandbox.record.recorder import Recorder, RecorderSettings
from pratique.sandbox.record.sleeping import ClockWord
from pratique.sandbox.syscalls import this_machine

DEADLINE_S = 30.0
AWAY = ("192.0.2.7", 4444)
"""An address for documentation: nobody is there."""

Payload = Callable[[], object]


@dataclass
class Recorded:
    """What came of a payload: its events, how it ended, how long it took."""

    events: tuple[Event, ...] = ()
    cut: bool = False
    status: int = -1
    seconds: float = 0.0

    def of(self, call: str, **words: str) -> list[Event]:
        """Return the events of a call whose details are these."""
        found = (e for e in self.events if e.call == call)
        return [e for e in found if all(e.word(w) == text for w, text in words.items())]

    def one(self, call: str, **words: str) -> Event:
        """Return the only event of a call with these details, however often it is told."""
        found = self.of(call, **words)
        assert found, f"no {call} {words} in {self.shown()}"
        return found[0]

    def shown(self) -> str:
        """Show all events for a failing test."""
        return "\n".join(f"{e.call} {dict(e.detail)} {e.outcome} x{e.count}" for e in self.events)


@contextlib.contextmanager
def child(
    payload: Payload, *, clock_s: int = 0, channel: bool = True
) -> Iterator[tuple[int, int, socket.socket, recording.ClockPatch | None]]:
    """Yield (pid, listener, socket, clock patch) of a child that waits for a byte to begin."""
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        code = 99
        try:
            ours.close()
            code = _inside(theirs, payload, clock_s, channel=channel)
        finally:
            os._exit(code)
    theirs.close()
    listener, patch = -1, None
    try:
        ours.settimeout(DEADLINE_S)
        told, fds, _, _ = socket.recv_fds(ours, 4096, 1)
        if not fds:
            import pytest  # noqa: PLC0415 - an ordinary user's interpreter may lack it

            pytest.skip(f"no recording on this machine: {told.decode('utf-8', 'replace')}")
        listener = fds[0]
        if told[1:]:
            patch = recording.ClockPatch(int.from_bytes(told[1:9], "little"), told[9:])
        yield pid, listener, ours, patch
    finally:
        ours.close()
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, 0)


def _inside(theirs: socket.socket, payload: Payload, clock_s: int, *, channel: bool) -> int:
    try:
        kernel.unshare(kernel.CLONE_NEWUSER | kernel.CLONE_NEWNET)
        told = b"y"
        if clock_s:
            patch = recording.shift_clock(clock_s)
            told += patch.address.to_bytes(8, "little") + patch.mark
        listener = recording.install(theirs.fileno() if channel else -1)
    except (OSError, JailError) as e:
        theirs.sendall(str(e).encode())
        return 98
    socket.send_fds(theirs, [told], [listener])
    os.close(listener)
    theirs.recv(1)
    payload()
    return 0


def record(
    payload: Payload,
    settings: RecorderSettings | None = None,
    *,
    decoys: bool = False,
    clock_s: int = 0,
    linger_s: float = 0.0,
) -> Recorded:
    """Record a payload until its process ends, and `linger_s` seconds more."""
    with child(payload, clock_s=clock_s) as (pid, listener, sock, patch):
        settings = settings or RecorderSettings()
        if patch is not None:
            settings = _shifted(settings, clock_s, patch)
        network = Network.start(pid, canary="canary-4f1c") if decoys else None
        recorder = Recorder(listener, settings, network)
        recorder.start()
        recorder.phase("load")
        began = time.monotonic()
        try:
            sock.sendall(b"g")
            status = ended(pid)
            seconds = time.monotonic() - began
            time.sleep(linger_s)
        finally:
            if network is not None:
                network.close()
            events, cut = recorder.stop()
    return Recorded(events, cut, status, seconds)


def _shifted(
    settings: RecorderSettings, clock_s: int, patch: recording.ClockPatch
) -> RecorderSettings:
    return replace(settings, clock_s=clock_s, clock=ClockWord(patch.address, patch.mark))


def ended(pid: int, seconds: float = DEADLINE_S) -> int:
    """Wait for a child's end and return its exit code, negative for a signal."""
    held = os.pidfd_open(pid)
    try:
        poll = select.poll()
        poll.register(held, select.POLLIN)
        assert poll.poll(seconds * 1000), f"still running after {seconds:g} s"
    finally:
        os.close(held)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def number(name: str) -> int:
    """Return a call's number on this machine."""
    return this_machine().numbers[name]


def raw(name: str, *args: int | bytes | None) -> int:
    """Make a raw call and return 0 or its error."""
    try:
        kernel.syscall(number(name), *args)
    except OSError as e:
        return e.errno or -1
    return 0


def inet(address: tuple[str, int]) -> bytes:
    """Return a socket address as the kernel takes it."""
    return b"\x02\x00" + address[1].to_bytes(2, "big") + socket.inet_aton(address[0]) + bytes(8)


@contextlib.contextmanager
def own_channel() -> Iterator[socket.socket]:
    """Find the socket to the test among the descriptors; it is not closed, which is refused."""
    for fd in range(3, 256):
        with contextlib.suppress(OSError):
            found = socket.socket(fileno=fd)
            if found.family == socket.AF_UNIX:
                break
            found.detach()
    else:
        raise AssertionError("no channel")
    try:
        yield found
    finally:
        found.detach()
