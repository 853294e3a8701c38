"""Make calls by machine code, in the ways that filters by number overlook."""

import ctypes
import mmap

from pratique.sandbox import kernel
from pratique.sandbox.guest.escape.attempt import Case, ContainedError, attempt

_LOCAL = "a call to the inmate's own kernel"
_DIES = {"alone": True, "ends": ("crashed",), "machine": "x86_64", "local": _LOCAL}
_GETPID_32, _SOCKETCALL_32, _CLONE_32 = 20, 359, 120
_X32 = 0x40000000
_GETPID, _SOCKET = 39, 41
_ERRNO_MOST = 4096


def _run(code: bytes) -> int:
    """Run machine code and return what it leaves in eax."""
    prot = mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC
    area = mmap.mmap(-1, mmap.PAGESIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, prot=prot)
    area.write(code)
    return int(ctypes.CFUNCTYPE(ctypes.c_int)(kernel.address(area))())


def _int80(number: int, first: int = 0, second: int = 0) -> object:
    word = ctypes.c_uint32
    code = b"\x53" + b"\xb8" + bytes(word(number)) + b"\xbb" + bytes(word(first))
    code += b"\xb9" + bytes(word(second)) + b"\x31\xd2\xcd\x80\x5b\xc3"
    return _answer(_run(code))


def _answer(got: int) -> object:
    if -_ERRNO_MOST < got < 0:
        raise OSError(-got, "refused")
    return f"answered {got}"


@attempt(**_DIES)  # type: ignore[arg-type] # the fields of an attempt
def int80_getpid(_: Case) -> object:
    """A call by int 0x80, whose numbers mean others to the filter, does not come through."""
    return _int80(_GETPID_32)


@attempt(**_DIES)  # type: ignore[arg-type] # the fields of an attempt
def int80_socket(_: Case) -> object:
    """No socket is made by int 0x80."""
    return _int80(_SOCKETCALL_32, 1, 1)


@attempt(**_DIES)  # type: ignore[arg-type] # the fields of an attempt
def x32_getpid(_: Case) -> object:
    """A call by the numbers of x32 does not come through."""
    return kernel.syscall(_X32 | _GETPID)


@attempt(**_DIES)  # type: ignore[arg-type] # the fields of an attempt
def x32_socket(_: Case) -> object:
    """No socket is made by the numbers of x32."""
    return kernel.syscall(_X32 | _SOCKET, 1, 1, 0)


@attempt(local=_LOCAL, machine="x86_64")
def socket_by_machine_code(_: Case) -> object:
    """No vsock is made by machine code that goes around the C library."""
    code = b"\xb8\x29\0\0\0\xbf\x28\0\0\0\xbe\x01\0\0\0\x31\xd2\x0f\x05\xc3"
    return _answer(_run(code))


@attempt(local=_LOCAL, machine="x86_64")
def ring_by_machine_code(_: Case) -> object:
    """No io_uring is set up by machine code that goes around the C library."""
    page = mmap.mmap(-1, mmap.PAGESIZE)
    at = ctypes.c_uint64(kernel.address(page))
    code = b"\xb8\xa9\x01\0\0\xbf\x01\0\0\0\x48\xbe" + bytes(at) + b"\x0f\x05\xc3"
    return _answer(_run(code))


@attempt(local=_LOCAL, machine="x86_64")
def high_half_of_number(_: Case) -> object:
    """A number with bits in its upper half, which the kernel cuts off, is no way around."""
    got = kernel.syscall((1 << 32) | 425, 1, bytes(120))
    if got < 0:
        raise ContainedError("refused")
    return f"answered {got}"
