"""Make this process's kernel look older or stricter: chosen system calls fail from now on."""

import ctypes
import struct

from pratique.sandbox import kernel
from pratique.sandbox.syscalls import this_machine

PR_SET_SECCOMP = 22
_LOAD, _JEQ, _RET, _ALLOW, _ERRNO = 0x20, 0x15, 0x06, 0x7FFF0000, 0x50000


def deny(calls: dict[str, int]) -> None:
    """Let each named system call fail with the given error number, here and in children."""
    numbers = this_machine().numbers
    parts = [struct.pack("=HBBI", _LOAD, 0, 0, 0)]
    for name, error in calls.items():
        parts.append(struct.pack("=HBBI", _JEQ, 0, 1, numbers[name]))
        parts.append(struct.pack("=HBBI", _RET, 0, 0, _ERRNO | error))
    parts.append(struct.pack("=HBBI", _RET, 0, 0, _ALLOW))
    code = ctypes.create_string_buffer(b"".join(parts))
    fprog = struct.pack("=H6xQ", len(parts), ctypes.addressof(code))
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    held = ctypes.create_string_buffer(fprog)
    kernel.prctl(PR_SET_SECCOMP, 2, ctypes.addressof(held))
