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

_ALLOW, _KILL, _ERRNO, _NOTIFY = 0x7FFF0000, 0x80000000, 0x00050000, 0x7FC00000
EPERM, ENOSYS = 1, 38
_LOAD, _RET, _JEQ, _JGE, _JSET = 0x20, 0x06, 0x15, 0x35, 0x45
THREAD = 0x10000  # CLONE_THREAD
_PROT_EXEC, _SHARED, _ANONYMOUS = 0x4, 0x1, 0x20
_NEGATIVE = 0x80000000
_FCNTL = (1, 3, 1030)  # F_GETFD, F_GETFL, F_DUPFD_CLOEXEC: none of them gives a new right


def program(machine: Machine, pid: int) -> bytes:
    """Return the filter's instructions for the process `pid` on `machine`."""
    nr = machine.numbers
    parts = head(machine)
    for name in ALLOWED:
        parts += [equal(nr[name], 0, 1), yes()]
    # clone3 hides its flags behind a pointer: with ENOSYS the C library falls back to clone.
    parts += [equal(nr["clone3"], 0, 1), no(ENOSYS)]
    parts += when(nr["clone"], load(0), any_bit(THREAD, 0, 1), yes(), no())
    parts += when(nr["mprotect"], load(2), any_bit(_PROT_EXEC, 0, 1), no(), yes())
    parts += _mmap(nr["mmap"])
    parts += when(nr["fcntl"], load(1), *(equal(c, 0, 1) + yes() for c in _FCNTL), no())
    # A thread may signal this process only: abort() then dies by its own name.
    parts += when(nr["tgkill"], load(0), equal(pid, 0, 1), yes(), no())
    parts += when(nr["write"], load(0), *(equal(fd, 0, 1) + yes() for fd in (1, 2)), no())
    for name in ("preadv2", "pwritev2"):  # at -1 they would use the position and move it
        parts += when(nr[name], load(3, 1), any_bit(_NEGATIVE, 0, 1), no(), yes())
    parts += _prlimit(nr["prlimit64"])
    return b"".join([*parts, no()])


def _mmap(nr: int) -> list[bytes]:
    # Shared anonymous memory would not count against RLIMIT_DATA, so it would have no bound.
    return when(
        nr,
        *(load(2), any_bit(_PROT_EXEC, 0, 1), no()),
        *(load(3), any_bit(_ANONYMOUS, 1, 0), yes()),
        *(any_bit(_SHARED, 0, 1), no(), yes()),
    )


def _prlimit(nr: int) -> list[bytes]:
    # Reading one's own limits, as sysconf() and thread start do; never setting (new_limit is NULL).
    own = (load(0), equal(0, 1, 0), no())
    low, high = ((load(2, word), equal(0, 1, 0), no()) for word in (0, 1))
    return when(nr, *own, *low, *high, yes())


# --- the words of a filter, also for the other filters of this room ----------------------------


def head(machine: Machine) -> list[bytes]:
    """Return what every filter begins with: it kills other architectures and loads the number."""
    parts = [_op(_LOAD, 4), equal(machine.audit, 1, 0), _op(_RET, _KILL), _op(_LOAD, 0)]
    if machine.x32_bit:
        parts += [_op(_JGE, machine.x32_bit, 0, 1), _op(_RET, _KILL)]
    return parts


def when(nr: int, *body: bytes) -> list[bytes]:
    """Run `body`, which returns on every path, when the call is `nr`; a number below 0 is none."""
    if nr < 0:
        return []
    inside = b"".join(body)
    return [equal(nr, 0, len(inside) // 8), inside]


def load(index: int, word: int = 0) -> bytes:
    """Load one 32-bit word of an argument; both machines are little-endian."""
    return _op(_LOAD, 16 + 8 * index + 4 * word)


def equal(value: int, then: int, other: int) -> bytes:
    """Skip `then` instructions if the loaded word is `value`, else `other`."""
    return _op(_JEQ, value, then, other)


def any_bit(mask: int, then: int, other: int) -> bytes:
    """Skip `then` instructions if the loaded word has a bit of `mask`, else `other`."""
    return _op(_JSET, mask, then, other)


def yes() -> bytes:
    """Admit the call."""
    return _op(_RET, _ALLOW)


def no(error: int = EPERM) -> bytes:
    """Refuse the call with an error number."""
    return _op(_RET, _ERRNO | error)


def ask() -> bytes:
    """Let whoever listens to this filter decide."""
    return _op(_RET, _NOTIFY)


def _op(code: int, k: int, jt: int = 0, jf: int = 0) -> bytes:
    return struct.pack("=HBBI", code, jt, jf, k)
