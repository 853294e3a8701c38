"""A bare network namespace to run the suite in: nothing leads out of it but a loopback."""

import contextlib
import fcntl
import os
import socket
import struct
from pathlib import Path

from pratique.core.errors import MachineError
from pratique.sandbox import kernel
from pratique.sandbox.syscalls import this_machine

_SIOCSIFFLAGS, _IFF_UP, _IFF_RUNNING = 0x8914, 0x1, 0x40
_LOOPBACK = "lo"
ALL_USERS = ["0", "0", "4294967295"]
"""The map of users where nobody made a user namespace."""
_CLONE_NEWNS, _MS_REC, _MS_PRIVATE = 0x20000, 0x4000, 0x40000
_PR_SET_CHILD_SUBREAPER = 36


class OpenGroundError(MachineError):
    """The suite was to be run where its traffic could get out, or its control could do harm."""

    def hint(self) -> str:
        """Say what the operator can do about it."""
        return "run `make escape`, which makes a network namespace of its own first"


def enclose(*, user: bool) -> None:
    """Move this process, which must have one thread, into a bare network namespace.

    With `user` into a user namespace too, in which it is root and outside which it gains nothing.
    An ordinary user needs one in any case. What its children leave behind becomes its own child.

    Raises:
        OSError: the kernel refused.

    """
    who, group = os.geteuid(), os.getegid()
    flags = kernel.CLONE_NEWNET
    if user or who != 0:
        flags |= kernel.CLONE_NEWUSER
    else:
        flags |= _CLONE_NEWNS  # what others mount meanwhile is not to be seen here
    kernel.unshare(flags)
    if flags & kernel.CLONE_NEWUSER:
        inside = (0, 0) if user else (who, group)
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{inside[0]} {who} 1")
        Path("/proc/self/gid_map").write_text(f"{inside[1]} {group} 1")
    else:
        _propagate_nothing()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        flag = struct.pack("=16sH14x", _LOOPBACK.encode(), _IFF_UP | _IFF_RUNNING)
        fcntl.ioctl(one, _SIOCSIFFLAGS, flag)
    kernel.prctl(_PR_SET_CHILD_SUBREAPER, 1)


def _propagate_nothing() -> None:
    number = this_machine().numbers["mount"]
    kernel.syscall(number, None, b"/", None, _MS_REC | _MS_PRIVATE, None)


def demand_enclosure(*, user: bool) -> None:
    """Refuse to go on unless nothing leads out of this network namespace.

    With `user` this must be a user namespace that has one user only, so that being root in it is
    nothing to the machine.

    Raises:
        OpenGroundError: there is an interface besides the loopback, or a way out.

    """
    names = [name for _, name in socket.if_nameindex()]
    if names != [_LOOPBACK]:
        raise OpenGroundError(f"refused: the network here has {', '.join(names) or 'nothing'}")
    with contextlib.suppress(OSError):
        if len(Path("/proc/self/net/route").read_text().splitlines()) > 1:
            raise OpenGroundError("refused: a route leads out of the network here")
    if user and Path("/proc/self/uid_map").read_text().split() == ALL_USERS:
        raise OpenGroundError("refused: the control runs in a user namespace of its own only")
