"""Where the decoys' helper goes, and what it gives up before it meets an inmate's bytes."""

import contextlib
import fcntl
import os
import socket
from pathlib import Path

from pratique.core.errors import JailError
from pratique.core.limits import MiB
from pratique.sandbox import filter as bpf
from pratique.sandbox import kernel
from pratique.sandbox.lockdown import set_limits
from pratique.sandbox.syscalls import Machine, this_machine

_NOBODY = 65534
_CLONE_NEWUSER, _CLONE_NEWNET = kernel.CLONE_NEWUSER, kernel.CLONE_NEWNET
_GET_USERNS = 0xB701  # _IO(0xb7, 1)
_LIMITS = {"DATA": 256 * MiB, "FSIZE": 0, "CORE": 0, "NOFILE": 1024, "CPU": 600, "NPROC": 0}

ALLOWED = (
    *("read", "write", "close", "fstat", "poll", "ppoll", "accept4", "listen", "bind", "shutdown"),
    *("recvfrom", "sendto", "recvmsg", "sendmsg", "setsockopt", "getsockopt", "getsockname"),
    *("brk", "munmap", "mremap", "madvise", "futex", "sched_yield", "restart_syscall"),
    *("rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "clock_gettime", "gettimeofday"),
    *("getpid", "gettid", "getrandom", "exit", "exit_group"),
)
_FIONBIO = 0x5421
_INET = (socket.AF_INET, socket.AF_INET6)
_PROT_EXEC = 0x4


def enter(inmate: int) -> None:
    """Enter the network namespace of a process, through the user namespace that owns it if needed.

    Raises:
        OSError: the kernel refused; ESRCH or ENOENT when the process has gone.

    """
    number = this_machine().numbers["setns"]
    net = os.open(f"/proc/{inmate}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        if _same(net, "/proc/self/ns/net"):
            raise OSError("the inmate shares this network: no decoys are put there")
        if os.geteuid() != 0:  # the owner of a user namespace has all rights in it
            owner = fcntl.ioctl(net, _GET_USERNS)
            kernel.syscall(number, owner, _CLONE_NEWUSER)
            os.close(owner)
        kernel.syscall(number, net, _CLONE_NEWNET)
    finally:
        os.close(net)


def _same(fd: int, path: str) -> bool:
    one, two = os.fstat(fd), Path(path).stat()
    return (one.st_dev, one.st_ino) == (two.st_dev, two.st_ino)


def open_low_ports() -> list[tuple[str, str]]:
    """Let anybody in this namespace listen on ports below 1024; return what did not work."""
    try:
        Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").write_text("0")
    except OSError as e:
        return [("ports below 1024", str(e))]
    return []


def lock(keep: set[int]) -> tuple[list[str], list[tuple[str, str]]]:
    """Give up files, programs, children and rights; return what holds, and what not and why."""
    held: list[str] = []
    missing: list[tuple[str, str]] = []
    _close_others(keep)
    for name, step in (("limits", _limit), ("user", _nobody), ("seccomp", _seccomp)):
        try:
            step()
            held.append(name)
        except (OSError, JailError, ValueError) as e:
            missing.append((name, str(e)))
    return held, missing


def _close_others(keep: set[int]) -> None:
    with os.scandir("/proc/self/fd") as found:
        numbers = [int(entry.name) for entry in found]
    for fd in numbers:
        if fd not in keep:
            with contextlib.suppress(OSError):
                os.close(fd)


def _limit() -> None:
    set_limits(_LIMITS)


def _nobody() -> None:
    if os.geteuid() == 0 and kernel.capabilities()[0]:
        os.setgroups([])
        os.setresgid(_NOBODY, _NOBODY, _NOBODY)
        os.setresuid(_NOBODY, _NOBODY, _NOBODY)
    kernel.no_capabilities()
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    kernel.prctl(kernel.PR_SET_DUMPABLE, 0)


def _seccomp() -> None:
    machine = this_machine()
    kernel.install_filter(machine.numbers["seccomp"], program(machine))
    with contextlib.suppress(PermissionError):
        os.close(os.open("/", os.O_RDONLY))
        raise JailError("opening a folder was still possible")


def program(machine: Machine) -> bytes:
    """Return the instructions of an allow-list: internet sockets, memory, time, and no path."""
    nr, parts = machine.numbers, bpf.head(machine)
    for name in ALLOWED:
        parts += bpf.when(nr[name], bpf.yes())
    families = (bpf.equal(family, 0, 1) + bpf.yes() for family in _INET)
    parts += bpf.when(nr["socket"], bpf.load(0), *families, bpf.no())
    parts += bpf.when(nr["ioctl"], bpf.load(1), bpf.equal(_FIONBIO, 0, 1), bpf.yes(), bpf.no())
    for name in ("mmap", "mprotect"):
        code = (bpf.load(2), bpf.any_bit(_PROT_EXEC, 0, 1), bpf.no(), bpf.yes())
        parts += bpf.when(nr[name], *code)
    return b"".join([*parts, bpf.no()])
