"""The seccomp filter of a worker: an allow-list, assembled as classic BPF.

Everything else is EPERM. Admitted is what Python, numpy, hashlib, yara-x and threads need once they
are loaded: reading and writing descriptors that are there, memory without new code, time, locks,
threads and the end. A passed descriptor shares its position with the parent's, so nothing that
moves it is admitted: a worker could make the parent hash other bytes than it scanned.
See Documentation/userspace-api/seccomp_filter.rst of Linux.
"""

import struct

from pratique.sandbox.syscalls import Machine

ALLOWED = (
    *("pread64", "preadv", "fstat", "close", "pwrite64", "pwritev", "ftruncate"),
    *("sendto", "recvfrom", "sendmsg", "recvmsg"),
    *("brk", "munmap", "mremap", "madvise", "membarrier"),
    *("rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack", "restart_syscall"),
    *("futex", "set_robust_list", "rseq", "sched_yield", "sched_getaffinity"),
    *("clock_gettime", "clock_getres", "clock_nanosleep", "nanosleep", "gettimeofday"),
    *("getpid", "gettid", "getrusage", "getrandom", "exit", "exit_group"),
)
"""Admitted whatever the arguments. No `newfstatat`: it would tell of any path by name."""

_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
EPERM, ENOSYS = 1, 38
_LOAD, _RET, _JEQ, _JGE, _JSET = 0x20, 0x06, 0x15, 0x35, 0x45
_PROT_EXEC, _CLONE_THREAD, _SHARED, _ANONYMOUS = 0x4, 0x10000, 0x1, 0x20
_NEGATIVE = 0x80000000
_FCNTL = (1, 3, 1030)  # F_GETFD, F_GETFL, F_DUPFD_CLOEXEC: none of them gives a new right


def program(machine: Machine, pid: int) -> bytes:
    """Return the filter's instructions for the process `pid` on `machine`."""
    nr = machine.numbers
    parts = [_op(_LOAD, 4), _op(_JEQ, machine.audit, 1, 0), _op(_RET, _KILL), _op(_LOAD, 0)]
    if machine.x32_bit:
        parts += [_op(_JGE, machine.x32_bit, 0, 1), _op(_RET, _KILL)]
    for name in ALLOWED:
        parts += [_op(_JEQ, nr[name], 0, 1), _op(_RET, _ALLOW)]
    # clone3 hides its flags behind a pointer: with ENOSYS the C library falls back to clone.
    parts += [_op(_JEQ, nr["clone3"], 0, 1), _op(_RET, _ERRNO | ENOSYS)]
    parts += _if(nr["clone"], _arg(0), _op(_JSET, _CLONE_THREAD, 0, 1), _yes(), _no())
    parts += _if(nr["mprotect"], _arg(2), _op(_JSET, _PROT_EXEC, 0, 1), _no(), _yes())
    parts += _mmap(nr["mmap"])
    parts += _if(nr["fcntl"], _arg(1), *(_op(_JEQ, c, 0, 1) + _yes() for c in _FCNTL), _no())
    # A thread may signal this process only: abort() then dies by its own name.
    parts += _if(nr["tgkill"], _arg(0), _op(_JEQ, pid, 0, 1), _yes(), _no())
    parts += _if(nr["write"], _arg(0), *(_op(_JEQ, fd, 0, 1) + _yes() for fd in (1, 2)), _no())
    for name in ("preadv2", "pwritev2"):  # at -1 they would use the position and move it
        parts += _if(nr[name], _arg(3, 1), _op(_JSET, _NEGATIVE, 0, 1), _no(), _yes())
    parts += _prlimit(nr["prlimit64"])
    return b"".join([*parts, _no()])


def _mmap(nr: int) -> list[bytes]:
    # Shared anonymous memory would not count against RLIMIT_DATA, so it would have no bound.
    return _if(
        nr,
        *(_arg(2), _op(_JSET, _PROT_EXEC, 0, 1), _no()),
        *(_arg(3), _op(_JSET, _ANONYMOUS, 1, 0), _yes()),
        *(_op(_JSET, _SHARED, 0, 1), _no(), _yes()),
    )


def _prlimit(nr: int) -> list[bytes]:
    # Reading one's own limits, as sysconf() and thread start do; never setting (new_limit is NULL).
    own = (_arg(0), _op(_JEQ, 0, 1, 0), _no())
    low, high = ((_arg(2, word), _op(_JEQ, 0, 1, 0), _no()) for word in (0, 1))
    return _if(nr, *own, *low, *high, _yes())


def _if(nr: int, *body: bytes) -> list[bytes]:
    """Run `body`, which returns on every path, when the call is `nr`."""
    inside = b"".join(body)
    return [_op(_JEQ, nr, 0, len(inside) // 8), inside]


def _arg(index: int, word: int = 0) -> bytes:
    """Load one 32-bit word of an argument; both machines are little-endian."""
    return _op(_LOAD, 16 + 8 * index + 4 * word)


def _yes() -> bytes:
    return _op(_RET, _ALLOW)


def _no() -> bytes:
    return _op(_RET, _ERRNO | EPERM)


def _op(code: int, k: int, jt: int = 0, jf: int = 0) -> bytes:
    return struct.pack("=HBBI", code, jt, jf, k)
