"""Inside the jail of a virtual machine's monitor: take its descriptors, lock, and become QEMU.

Started by the supervisor through the same launcher and bubblewrap as every inmate, with one socket.
Disks and channels come over it as open descriptors, so no path of this machine leads to them.
"""

import errno
import os
import socket
from typing import Any

from pratique.core.errors import JailError
from pratique.sandbox import frames, kernel, landlock
from pratique.sandbox.lockdown import Steps, refused, set_limits
from pratique.sandbox.syscalls import this_machine

FIRST = 100
"""What QEMU is handed has this number and the following ones."""
MOST = 32
_LIMITS = {"CORE": 0, "MEMLOCK": 0, "MSGQUEUE": 0, "RTPRIO": 0, "NOFILE": 512}


def main(fd: int) -> None:
    """Do what the frame on `fd` orders: `argv`, `data` bytes of memory, `file` bytes of a file."""
    channel = socket.socket(fileno=fd)
    channel.set_inheritable(False)  # so that its end tells when QEMU has been started
    handed: list[int] = []
    while (got := frames.receive(channel)) is not None:
        order, fds = got
        handed += fds
        if "argv" in order:
            _start(channel, order, handed)


def _start(channel: socket.socket, order: dict[str, Any], handed: list[int]) -> None:
    if len(handed) > MOST:
        raise JailError("too many descriptors")
    for number, fd in enumerate(handed):
        os.dup2(fd, FIRST + number)  # they are inherited from here on
    os.closerange(FIRST + len(handed), 1024)
    steps = Steps()
    steps.take("vmm-rlimits", lambda: _limit(int(order["data"]), int(order["file"])))
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    steps.take("vmm-landlock", _landlock)
    missing = [list(pair) for pair in steps.missing]
    channel.sendall(frames.encode({"held": steps.held, "missing": missing}))
    os.execve(order["argv"][0], order["argv"], {"PATH": "/usr/bin"})  # noqa: S606 - its purpose


def _limit(data: int, file: int) -> None:
    set_limits({**_LIMITS, "DATA": data, "FSIZE": file})


def _landlock() -> str:
    devices = ("/dev/null", "/dev/urandom", "/dev/kvm")
    held = landlock.restrict(this_machine(), (), devices, network=False)
    refused("making a folder", lambda: os.mkdir("/tmp/x", 0o700), errno.EACCES)  # noqa: PTH102, S108
    return "vmm-" + held
