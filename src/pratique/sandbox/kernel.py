"""The few calls of the C library and the kernel that Python has no name for."""

import ctypes
import functools
import mmap
import os
import struct
from collections.abc import Iterator

PR_SET_PDEATHSIG, PR_GET_PDEATHSIG = 1, 2
PR_GET_DUMPABLE, PR_SET_DUMPABLE = 3, 4
PR_CAPBSET_READ, PR_CAPBSET_DROP = 23, 24
PR_SET_NO_NEW_PRIVS, PR_GET_NO_NEW_PRIVS = 38, 39
PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL = 47, 4

CLONE_NEWUTS, CLONE_NEWIPC = 0x04000000, 0x08000000
CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000

CAP_KILL = 5
_CAP_VERSION = 0x20080522
_MAX_CAP = 64


@functools.cache
def libc() -> ctypes.CDLL:
    """Return the C library of this process."""
    return ctypes.CDLL(None, use_errno=True)


def _checked(got: int) -> int:
    if got < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return got


def syscall(nr: int, *args: int | bytes | ctypes.Array[ctypes.c_char] | None) -> int:
    """Make a system call by number; integers are passed as full words.

    Raises:
        OSError: the kernel refused.

    """
    words = [ctypes.c_long(a) if isinstance(a, int) else a for a in args]
    return _checked(int(libc().syscall(ctypes.c_long(nr), *words)))


def address(buffer: mmap.mmap) -> int:
    """Return where a writable mapping lies."""
    return ctypes.addressof(ctypes.c_char.from_buffer(buffer))


def prctl(option: int, *args: int) -> int:
    """Operate on this process.

    Raises:
        OSError: the kernel refused.

    """
    words = [ctypes.c_ulong(a) for a in (*args, 0, 0, 0, 0)[:4]]
    return _checked(int(libc().prctl(ctypes.c_int(option), *words)))


def install_filter(nr: int, code: bytes) -> None:
    """Install a seccomp filter of BPF instructions for every thread; `nr` is seccomp's number.

    Raises:
        OSError: the kernel refused.

    """
    held = ctypes.create_string_buffer(code)
    fprog = struct.pack("=H6xQ", len(code) // 8, ctypes.addressof(held))
    syscall(nr, 1, 1, fprog)  # SET_MODE_FILTER, TSYNC


def unshare(flags: int) -> None:
    """Leave namespaces for new ones.

    Raises:
        OSError: the kernel refused.

    """
    _checked(int(libc().unshare(ctypes.c_int(flags))))


def capabilities() -> tuple[int, int, int]:
    """Return the effective, permitted and inheritable capabilities as bit masks."""
    data = ctypes.create_string_buffer(24)
    _checked(int(libc().capget(struct.pack("=Ii", _CAP_VERSION, 0), data)))
    low, high = struct.unpack("=3I", data.raw[:12]), struct.unpack("=3I", data.raw[12:24])
    return (low[0] | high[0] << 32, low[1] | high[1] << 32, low[2] | high[2] << 32)


def no_capabilities() -> None:
    """Give up every effective, permitted, inheritable and ambient capability."""
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL)
    _checked(int(libc().capset(struct.pack("=Ii", _CAP_VERSION, 0), bytes(24))))


def bounding_set() -> Iterator[int]:
    """Yield the capabilities that the bounding set still holds."""
    for cap in range(_MAX_CAP):
        try:
            if prctl(PR_CAPBSET_READ, cap) == 1:
                yield cap
        except OSError:  # past the kernel's last capability
            return
