"""Bytes between the host's port and the program's socket, as fast as they come.

A virtio port hands over at most one page for each read, whatever was asked for, and takes 32 KiB
for each write. Asking for more than a page costs a large buffer that is allocated, cleared and
dropped each time: with 1 MiB buffers ten times the time, which made the naive way slow.
"""

import contextlib
import os
import select
import signal
import socket
import struct
import time
from collections.abc import Callable

from pratique.sandbox.guest import vm_cell as cell

PAGE = 4096
WRITE = 1 << 15
AHEAD = 1 << 18
GRACE_S = 0.3
KEPT = 1 << 14
"""What is kept of the first and of the last of the program's standard output and error."""

_LENGTH = struct.Struct(">I")
_FRAME_MOST = 16 << 20

Filter = Callable[[bytes], bytes]


class Relay:
    """One program's channel. `run` returns when it has ended and all that it said is out."""

    def __init__(self, port: int, program: socket.socket, said: int, pid: int) -> None:
        self._port, self._program, self._said, self._pid = port, program, said, pid
        self._in, self._words, self._lost = bytearray(), bytearray(), 0
        self._silent, self._buffer = 0.0, bytearray(AHEAD)
        self._wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self.heard: Filter | None = None
        """What reads along what the program says, and returns what is passed on."""
        os.set_blocking(port, False)
        program.settimeout(0)
        os.set_blocking(said, False)

    def words(self) -> str:
        """Return the first and the last of what the program wrote to standard output and error."""
        text = bytes(self._words).decode("utf-8", "replace")
        return f"{text}\n[{self._lost} bytes in between not kept]" if self._lost else text

    def next_frame(self) -> bytes:
        """Wait for one whole frame of the host and return it, length included."""
        wanted = _LENGTH.size
        while len(self._in) < wanted:
            select.select([self._port], [], [])
            self._read(wanted)
            if len(self._in) >= _LENGTH.size:
                wanted = _LENGTH.size + min(_LENGTH.unpack(self._in[:4])[0], _FRAME_MOST)
        frame = bytes(self._in[:wanted])
        del self._in[:wanted]
        return frame

    def run(self, control: int, closed: Callable[[], None]) -> int:
        """Relay until the program has ended, or the host asks for the end; return its exit code.

        `closed` is called when the program closes its end and lives on.
        """
        signal.set_wakeup_fd(self._wake[1], warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        code = cell.reap(self._pid)
        while code is None:
            ready = self._ready(control)
            if control in ready:
                return -1
            if self._program.fileno() in ready:
                self._out()
            if 0 < self._silent < time.monotonic():
                self._silent = 0
                closed()
            self._in_and_words(ready)
            if self._wake[0] in ready:
                with contextlib.suppress(BlockingIOError):
                    os.read(self._wake[0], PAGE)
                code = cell.reap(self._pid)
        while self._out() or self._listen():
            pass
        return code

    def _ready(self, control: int) -> set[int]:
        poll = select.poll()
        for fd in (control, self._wake[0], self._said, self._program.fileno()):
            if fd >= 0:
                poll.register(fd, select.POLLIN)
        if len(self._in) < AHEAD:
            poll.register(self._port, select.POLLIN)
        if self._in and self._program.fileno() >= 0:
            poll.register(self._program.fileno(), select.POLLIN | select.POLLOUT)
        return {
            fd
            for fd, what in poll.poll(GRACE_S * 1000 if self._silent else None)
            if what & ~select.POLLERR
        }

    def _in_and_words(self, ready: set[int]) -> None:
        if self._port in ready:
            self._read(AHEAD)
        if self._in and self._program.fileno() >= 0:
            with contextlib.suppress(BlockingIOError, ConnectionError):
                del self._in[: self._program.send(self._in)]
        if self._said in ready:
            self._listen()

    def _read(self, most: int) -> None:
        with contextlib.suppress(BlockingIOError):
            while len(self._in) < most and (more := os.read(self._port, PAGE)):
                self._in += more

    def _out(self) -> bool:
        """Pass on some of what the program says; False when there is nothing now."""
        if self._program.fileno() < 0:
            return False
        try:
            count = self._program.recv_into(self._buffer)
        except BlockingIOError:
            return False
        except ConnectionError:
            count = 0
        if not count:
            self._program.close()
            self._silent = time.monotonic() + GRACE_S  # a dying process closes it first
            return False
        more = memoryview(self._buffer)[:count]
        self.say(self.heard(bytes(more)) if self.heard else more)
        return True

    def say(self, body: bytes | memoryview) -> None:
        """Write to the host's port, waiting as long as it takes: the host has the deadline."""
        rest = memoryview(body)
        while rest:
            try:
                rest = rest[os.write(self._port, rest[:WRITE]) :]
            except BlockingIOError:
                select.select([], [self._port], [], 0.05)

    def _listen(self) -> bool:
        if self._said < 0:
            return False
        try:
            more = os.read(self._said, 1 << 16)
        except BlockingIOError:
            return False
        if not more:
            os.close(self._said)
            self._said = -1
            return False
        self._words += more
        if len(self._words) > 2 * KEPT:
            self._lost += len(self._words) - 2 * KEPT
            del self._words[KEPT : len(self._words) - KEPT]
        return True
