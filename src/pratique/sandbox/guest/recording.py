"""What the inside of a recording does: the filter that reports calls, the clock, the audit hook."""

import ctypes
import struct
from collections.abc import Iterable

from pratique.sandbox import deny, kernel
from pratique.sandbox import filter as bpf
from pratique.sandbox.guest.record_audit import audit
from pratique.sandbox.guest.record_clock import ClockPatch, shift_clock
from pratique.sandbox.record import calls
from pratique.sandbox.syscalls import Machine, this_machine

__all__ = ["ClockPatch", "audit", "install", "program", "shift_clock"]

_SET_MODE_FILTER, _NEW_LISTENER, _WAIT_KILLABLE = 1, 1 << 3, 1 << 5


def install(channel: int = -1) -> int:
    """Report this process's calls, and those of all that it starts, to a listener for good.

    Returns the listener's descriptor: send it outside, close it here, then meet hostile bytes.
    Until somebody answers on it a reported call waits; once nobody holds it such calls fail with
    ENOSYS. Messages sent on the descriptor `channel` are not reported. Only this thread and its
    children are held: call it while there is one.

    Raises:
        OSError: the kernel took no such filter.
        JailError: this machine has no table of system calls.

    """
    machine = this_machine()
    code = ctypes.create_string_buffer(program(machine, channel))
    fprog = struct.pack("=H6xQ", (len(code) - 1) // 8, ctypes.addressof(code))
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    nr = machine.numbers["seccomp"]
    try:  # since Linux 5.19: once received, only a deadly signal interrupts the call
        return kernel.syscall(nr, _SET_MODE_FILTER, _NEW_LISTENER | _WAIT_KILLABLE, fprog)
    except OSError:
        return kernel.syscall(nr, _SET_MODE_FILTER, _NEW_LISTENER, fprog)


def program(machine: Machine, channel: int = -1) -> bytes:
    """Return the recording filter's instructions for `machine`.

    All that decides is in registers. What is refused while recording is asked for too, and always
    answered with an error: so it is seen, and no memory can change under the decision.
    """
    nr = machine.numbers
    parts = bpf.head(machine)
    # clone3 hides its flags behind a pointer: with ENOSYS the C library falls back to clone
    parts += bpf.when(nr["clone3"], bpf.no(bpf.ENOSYS))
    for name in (*calls.REFUSED, *calls.WATCHED):
        parts += bpf.when(nr[name], bpf.ask())
    parts += _sockets(nr)
    parts += _messages(nr, channel & 0xFFFFFFFF)
    parts += _kept(nr, channel & 0xFFFFFFFF)
    parts += _asked(nr["prctl"], 0, calls.PRCTLS)
    parts += deny.shared_files(machine)
    parts += _asked(nr["ioctl"], 1, calls.IOCTLS)
    parts += _handlers(nr["rt_sigaction"])
    # of a file, not anonymous: a library's code
    text = (bpf.load(2), bpf.any_bit(calls.PROT_EXEC, 1, 0), bpf.yes(), bpf.load(3))
    parts += bpf.when(
        nr["mmap"], *text, bpf.any_bit(calls.MAP_ANONYMOUS, 0, 1), bpf.yes(), bpf.ask()
    )
    # waiting for no descriptor is a sleep, as Python up to 3.10 does it
    for name, index in (("select", 0), ("pselect6", 0), ("poll", 1), ("ppoll", 1)):
        none = (bpf.load(index), bpf.equal(0, 0, 1), bpf.ask(), bpf.yes())
        parts += bpf.when(nr[name], *none)
    return b"".join([*parts, bpf.yes()])


def _sockets(nr: dict[str, int]) -> list[bytes]:
    """Report every socket but TCP, UDP and unix ones: `connect` tells of those."""
    odd = (bpf.any_bit(0xC, 0, 1), bpf.ask())  # neither stream, datagram nor raw
    raw = (bpf.any_bit(calls.STREAM, 0, 2), bpf.any_bit(calls.DATAGRAM, 0, 1), bpf.ask())
    inet = (bpf.load(1), *odd, *raw, bpf.yes())
    tests = [bpf.load(0), bpf.equal(calls.UNIX, 0, 1), bpf.yes()]
    tests += [bpf.equal(calls.INET, 2, 0), bpf.equal(calls.INET6, 1, 0), bpf.ask()]
    pair = (bpf.load(0), bpf.equal(calls.UNIX, 0, 1), bpf.yes(), bpf.ask())
    return [*bpf.when(nr["socket"], *tests, *inet), *bpf.when(nr["socketpair"], *pair)]


def _messages(nr: dict[str, int], channel: int) -> list[bytes]:
    """Report what is sent to a named address; only `sendto` names it in a register."""
    own = (bpf.load(0), bpf.equal(channel, 0, 1), bpf.yes())
    unnamed = (bpf.load(4), bpf.equal(0, 0, 3), bpf.load(4, 1), bpf.equal(0, 0, 1), bpf.yes())
    parts = bpf.when(nr["sendto"], *unnamed, bpf.ask())
    for name in ("sendmsg", "sendmmsg"):
        parts += bpf.when(nr[name], *own, bpf.ask())
    return parts


def _kept(nr: dict[str, int], channel: int) -> list[bytes]:
    """Refuse to put another descriptor in the channel's place: what it sends is not reported.

    A range that is closed could hold it, so closing one by one has to do.
    """
    own = (bpf.equal(channel, 0, 1), bpf.no(), bpf.yes())
    parts = bpf.when(nr["close"], bpf.load(0), *own)
    for name in ("dup2", "dup3"):
        parts += bpf.when(nr[name], bpf.load(1), *own)
    return [*parts, *bpf.when(nr["close_range"], bpf.no(bpf.ENOSYS))]


def _handlers(nr: int) -> list[bytes]:
    """Report a new handler (second argument not NULL) for one of the signals that end a process."""
    reads = (bpf.load(1), bpf.equal(0, 0, 3), bpf.load(1, 1), bpf.equal(0, 0, 1), bpf.yes())
    tests = (bpf.equal(number, 0, 1) + bpf.ask() for number in calls.FATAL)
    return bpf.when(nr, *reads, bpf.load(0), *tests, bpf.yes())


def _asked(nr: int, index: int, values: Iterable[int]) -> list[bytes]:
    """Report the call when an argument is one of `values`."""
    tests = (bpf.equal(value, 0, 1) + bpf.ask() for value in values)
    return bpf.when(nr, bpf.load(index), *tests, bpf.yes())
