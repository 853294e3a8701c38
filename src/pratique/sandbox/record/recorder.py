"""The thread that answers every reported call of an inmate and writes it down."""

import contextlib
import ctypes
import errno
import fcntl
import os
import select
import struct
import threading
from dataclasses import dataclass
from typing import Any, Protocol

from pratique.core.errors import BugError
from pratique.core.trace import Event, Outcome
from pratique.sandbox import deny, kernel
from pratique.sandbox.filter import THREAD
from pratique.sandbox.record import calls, hearsay
from pratique.sandbox.record.describe import Described, bare, describe
from pratique.sandbox.record.sleeping import SLEEPS, ClockWord, Sleeper
from pratique.sandbox.record.target import Memory, Target, UnreadableError
from pratique.sandbox.record.timeline import MAX_EVENTS, Timeline
from pratique.sandbox.syscalls import this_machine

FORKS = 64
FAKED_SLEEPS = 200
LONGEST_SLEEP_S = 1.0
SHORTEST_SLEEP_S = 0.1
"""Shorter sleeps are let and not written down: runtimes wait so for their own threads."""
STOP_S = 10.0
MAX_PROCESSES = 4096

# linux/seccomp.h: _IOWR('!', 0, 80 bytes), _IOWR('!', 1, 24 bytes), _IOW('!', 2, 8 bytes)
_RECV, _SEND, _VALID = 0xC0502100, 0xC0182101, 0x40082102
_SET_FLAGS, _SYNC_WAKE_UP = 0x40082104, 1  # _IOW('!', 4, 8 bytes)
_GET_NOTIF_SIZES = 3
_NOTIF = struct.Struct("=QIIiIQ6Q")
_ANSWER = struct.Struct("=QqiI")
_ID = struct.Struct("=Q")
_CONTINUE = 1
_GONE = (errno.ENOENT, errno.EINTR, errno.EAGAIN)

_LET, _DENY, _FAKE = (0, _CONTINUE), (-errno.EPERM, 0), (0, 0)
_ANSWERS = {Outcome.LET: _LET, Outcome.DENIED: _DENY, Outcome.FAKED: _FAKE}


class Network(Protocol):
    """The decoys, as far as the recorder talks to them."""

    def expect(self, port: int) -> None:
        """Listen on a port before a connection to it goes on; bounded in time, never raises."""

    def name(self, address: str) -> str:
        """Return the name that was resolved to an address, empty where there is none."""

    def join(self, timeline: Timeline) -> None:
        """Send what the decoys see to a timeline."""

    def close(self) -> None:
        """End the decoys once they have told the rest; twice does no harm."""


@dataclass(frozen=True, slots=True)
class RecorderSettings:
    """Budgets of one run.

    `forks` new processes are let, `sleeps` sleeps longer than `longest_s` seconds end at once,
    `events` are kept. `clock_s` is how far the inmate's wall clock is shifted and `clock` where
    it keeps that, as the guest told before it met a hostile byte.
    """

    forks: int = FORKS
    sleeps: int = FAKED_SLEEPS
    longest_s: float = LONGEST_SLEEP_S
    events: int = MAX_EVENTS
    clock_s: int = 0
    clock: ClockWord | None = None


class Recorder:
    """Answers the calls that one inmate's filter reports; takes over the listener's descriptor.

    It denies what `calls.REFUSED` and odd arguments name, fakes long sleeps, lets the rest go on.
    When it stops, or this process dies, calls still waiting fail with ENOSYS: nobody hangs.
    """

    def __init__(
        self,
        listener: int,
        settings: RecorderSettings = RecorderSettings(),
        network: Network | None = None,
    ) -> None:
        self.timeline = Timeline(settings.events)
        self._listener, self._network = listener, network
        self._forks = settings.forks
        self._sleeper = Sleeper(
            settings.sleeps, settings.longest_s, settings.clock_s, settings.clock
        )
        self._memory = Memory()
        self._names = {nr: name for name, nr in this_machine().numbers.items() if nr >= 0}
        self._processes: dict[str, int] = {}
        self._threads: dict[int, int] = {}
        self._buffer = bytearray(max(_NOTIF.size, _sizes()[0]))
        self._zeros = bytes(len(self._buffer))
        self._stopping = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        self._error: BaseException | None = None
        self._stopped = False
        with contextlib.suppress(OSError):  # since Linux 6.6; before, each answer costs more
            fcntl.ioctl(listener, _SET_FLAGS, _SYNC_WAKE_UP)
        os.set_inheritable(listener, False)  # noqa: FBT003 - its only argument
        if network is not None:
            network.join(self.timeline)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def phase(self, name: str) -> None:
        """Tell which phase begins; events from now on carry it."""
        self.timeline.phase = name

    def hear(self, told: Any) -> None:  # noqa: ANN401 - a frame of a guest may hold anything
        """Write down what the guest's audit hook says; what breaks the rules of it is dropped."""
        heard = hearsay.audited(told)
        if heard is not None:
            call, words, stack = heard
            self.timeline.add(call, 0, words, source="python", stack=stack)

    def stop(self) -> tuple[tuple[Event, ...], bool]:
        """Stop answering and end the decoys; return what was seen, and whether some was lost.

        Raises:
            BugError: the recorder broke; calls failed with ENOSYS from then on.

        """
        if not self._stopped:
            self._stopped = True
            os.eventfd_write(self._stopping, 1)
            if self._thread.ident is None:
                os.close(self._listener)
            else:
                self._thread.join(STOP_S)
            if self._thread.is_alive():
                raise BugError(f"the recorder did not stop within {STOP_S:g} s")
            os.close(self._stopping)
            if self._network is not None:
                self._network.close()
        if self._error is not None:
            raise BugError(f"the recorder broke: {self._error!r}") from self._error
        return self.timeline.result()

    # --- the thread ----------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            self._loop()
        except BaseException as e:  # noqa: BLE001 - told by stop(), in the caller's thread
            self._error = e
        finally:
            os.close(self._listener)  # whoever waits fails with ENOSYS
            self._memory.forget()

    def _loop(self) -> None:
        poll = select.poll()
        poll.register(self._stopping, select.POLLIN)
        poll.register(self._listener, select.POLLIN)
        while True:
            ready = dict(poll.poll())
            if self._stopping in ready:
                return
            flags = ready.get(self._listener, 0)
            if flags & select.POLLIN:
                self._one()
            elif flags:
                return  # POLLHUP: every process with the filter has ended

    def _one(self) -> None:
        self._buffer[:] = self._zeros
        try:
            fcntl.ioctl(self._listener, _RECV, self._buffer, True)  # noqa: FBT003 - its only form
        except OSError as e:
            if e.errno in _GONE:
                return  # it died before it was read
            raise
        number, pid, _, nr, _, _, *args = _NOTIF.unpack_from(self._buffer)
        outcome = Outcome.DENIED
        try:
            target = Target(self._memory, pid, tuple(args))
            outcome = self._decide(number, self._names.get(nr, ""), target)
        finally:
            self._answer(number, *_ANSWERS[outcome])

    def _answer(self, number: int, error: int, flags: int) -> None:
        with contextlib.suppress(OSError):  # ENOENT: it died meanwhile
            fcntl.ioctl(self._listener, _SEND, _ANSWER.pack(number, 0, error, flags))

    def _decide(self, number: int, name: str, target: Target) -> Outcome:
        """Decide by registers alone, then describe; return what becomes of the call."""
        if name in SLEEPS:
            return self._sleep(target, name)
        outcome = self._verdict(name, target)
        call = bare(name)
        if self.timeline.full(call):
            self.timeline.skip(call, outcome)
            return outcome
        process = self._process(target)
        told: list[Described] = []
        try:
            told += describe(name, target)
        except UnreadableError:
            told = [(call, {"unreadable": name})]
        if not self._still(number):
            told = [(call, {"unreadable": name})]  # what was read may be another process's
        for word, details in told:
            self.timeline.add(word, process, self._meet(word, details), outcome)
        if name in calls.PROGRAMS:
            self._memory.forget(target.pid)
        return outcome

    def _verdict(self, name: str, target: Target) -> Outcome:
        if name in calls.REFUSED or name in {"socket", "socketpair", "ioctl", ""}:
            return Outcome.DENIED
        if name in calls.PROCESSES:
            return self._forked(target.args[0] if name == "clone" else 0)
        if name == "prctl":
            option = calls.PRCTLS.get(target.args[0] & 0xFFFFFFFF, "")
            faked = Outcome.FAKED if option in calls.PRCTL_FAKED else Outcome.DENIED
            return Outcome.LET if option in calls.PRCTL_LET else faked
        return Outcome.LET

    def _forked(self, flags: int) -> Outcome:
        if flags & deny.NAMESPACE_FLAGS:
            return Outcome.DENIED
        if flags & THREAD:
            return Outcome.LET
        self._forks -= 1
        return Outcome.LET if self._forks >= 0 else Outcome.DENIED

    def _sleep(self, target: Target, name: str) -> Outcome:
        try:
            found = self._sleeper.fake(name, target)
        except UnreadableError:
            return Outcome.LET
        if found is None:
            return Outcome.LET
        seconds, outcome = found
        if seconds < SHORTEST_SLEEP_S:
            return outcome
        self.timeline.add(
            "sleep", self._process(target), {"seconds": f"{round(seconds, 2):g}"}, outcome
        )
        return outcome

    def _meet(self, call: str, details: Any) -> Any:  # noqa: ANN401 - words in, words out
        """Have a decoy listen where the inmate is about to connect, and name where that is."""
        if self._network is None or call not in {"connect", "sendto"} or "port" not in details:
            return details
        if details["port"]:  # the C library sorts addresses by connecting datagrams to port 0
            self._network.expect(int(details["port"]))
        name = self._network.name(str(details["address"]))
        return {**details, "name": name} if name else details

    def _still(self, number: int) -> bool:
        try:
            fcntl.ioctl(self._listener, _VALID, _ID.pack(number))
        except OSError:
            return False
        return True

    def _process(self, target: Target) -> int:
        """Return the small number of the process that a thread belongs to."""
        known = self._threads.get(target.pid)
        if known is not None:
            return known
        process = target.status("Tgid") or str(target.pid)
        if len(self._threads) >= MAX_PROCESSES:
            self._threads.clear()
        if process not in self._processes and len(self._processes) < MAX_PROCESSES:
            self._processes[process] = len(self._processes) + 1
        found = self._processes.get(process, MAX_PROCESSES)
        self._threads[target.pid] = found
        return found


def _sizes() -> tuple[int, int, int]:
    """Return the sizes of a notification, an answer and a call's data, as this kernel has them."""
    told = bytearray(6)
    address = (ctypes.c_char * 6).from_buffer(told)
    kernel.syscall(this_machine().numbers["seccomp"], _GET_NOTIF_SIZES, 0, address)
    one, two, three = struct.unpack("=3H", told)
    return one, two, three
