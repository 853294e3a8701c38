"""Landlock for an inmate: read its small root, write its temporary folders, nothing else.

The mount namespace already shows no more than that; Landlock holds where a mount would be wrong,
and denies TCP, abstract sockets and signals outside. See landlock(7); the ABI numbers are its.
"""

import contextlib
import os
import struct
from collections.abc import Sequence

from pratique.core.errors import JailError
from pratique.sandbox import kernel
from pratique.sandbox.syscalls import Machine

NEWEST = 7  # the newest whose rights are known here; a newer kernel still offers these
FILE_RIGHTS = (13, 14, 15, 15, 16, 16, 16)  # number of file-system rights of ABI 1, 2, ...
NETWORK_SINCE, SCOPE_SINCE = 4, 6
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1, 2, 4, 8
_CHARACTER, _BLOCK, _SOCKET = 1 << 6, 1 << 11, 1 << 9  # making them
_TRUNCATE, _IOCTL_DEV = 1 << 14, 1 << 15
_READ = _EXECUTE | _READ_FILE | _READ_DIR
_PATH_BENEATH = 1


def abi(machine: Machine) -> int:
    """Return the version of Landlock that this kernel offers.

    Raises:
        OSError: none, or it is switched off.

    """
    return kernel.syscall(machine.numbers["landlock_create_ruleset"], None, 0, 1)


def restrict(
    machine: Machine, writable: Sequence[str], devices: Sequence[str], *, network: bool
) -> str:
    """Deny this process all paths but reading; `writable` folders also to write, and say the ABI.

    `devices` may be read, written and controlled. With `network` TCP stays possible: where decoys
    answer in an empty network namespace.

    Raises:
        OSError: the kernel refused.
        JailError: it offers no version.

    """
    known = min(abi(machine), NEWEST)
    if known < 1:
        raise JailError("the kernel offers no version of it")
    every = (1 << FILE_RIGHTS[known - 1]) - 1
    tcp = 0 if network or known < NETWORK_SINCE else 3
    scope = 3 if known >= SCOPE_SINCE else 0
    size = 8 if known < NETWORK_SINCE else 16 if known < SCOPE_SINCE else 24
    numbers = machine.numbers
    ruleset = kernel.syscall(
        numbers["landlock_create_ruleset"], struct.pack("=3Q", every, tcp, scope), size, 0
    )
    try:
        _beneath(numbers["landlock_add_rule"], ruleset, "/", _READ & every)
        for path in writable:
            _beneath(numbers["landlock_add_rule"], ruleset, path, _folder_rights(every))
        for path in devices:
            rights = (_READ_FILE | _WRITE_FILE | _TRUNCATE | _IOCTL_DEV) & every
            _beneath(numbers["landlock_add_rule"], ruleset, path, rights)
        kernel.syscall(numbers["landlock_restrict_self"], ruleset, 0)
    finally:
        os.close(ruleset)
    return f"landlock-{known}"


def _folder_rights(every: int) -> int:
    return every & ~(_CHARACTER | _BLOCK | _IOCTL_DEV)


def _beneath(number: int, ruleset: int, path: str, rights: int) -> None:
    with contextlib.suppress(FileNotFoundError):  # what is not there needs no leave
        fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            kernel.syscall(number, ruleset, _PATH_BENEATH, struct.pack("=Qi", rights, fd), 0)
        finally:
            os.close(fd)
