"""Give up files, network, exec, fork and new code, for good, and prove each step.

A mechanism is named as held only after an attempt against it was refused or, where no attempt can
be made without harm, after the kernel confirmed it. What this machine does not offer, or what let
the attempt through, is named as missing with the reason. Nothing here is undone: the process that
calls `lockdown` is the worker that will meet hostile bytes.
"""

import contextlib
import ctypes
import errno
import os
import resource
import signal
import socket
import struct
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial

from pratique.core.errors import JailError
from pratique.core.jail import JailReport
from pratique.core.limits import GiB, MiB
from pratique.sandbox import kernel, landlock
from pratique.sandbox.filter import program
from pratique.sandbox.syscalls import Machine, this_machine

NOBODY = 65534
NAMESPACES = {
    "net-namespace": kernel.CLONE_NEWNET,
    "ipc-namespace": kernel.CLONE_NEWIPC,
    "uts-namespace": kernel.CLONE_NEWUTS,
}

_LOOPBACK = ("127.0.0.1", 9)
_SMALL_LIMITS = {"CORE": 0, "MEMLOCK": 0, "MSGQUEUE": 0, "RTPRIO": 0, "NOFILE": 64}
_STACK = 16 * MiB
_CPU_SECONDS = 24 * 3600
_THREADS, _THREADS_SHARED = 64, 1024


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a worker may use: bytes of heap, and bytes of one file that it writes."""

    heap: int = 2 * GiB
    scratch: int = 4 * GiB


@dataclass(slots=True)
class Steps:
    """The steps taken so far, in order."""

    held: list[str] = field(default_factory=list)
    missing: list[tuple[str, str]] = field(default_factory=list)

    def take(self, name: str, step: Callable[[], str | None]) -> bool:
        """Take one step; it raises when it did not hold, and may return a more exact name."""
        try:
            self.held.append(step() or name)
        except (OSError, JailError) as e:
            self.missing.append((name, _words(e)))
            return False
        return True


def lockdown(bounds: Bounds, keep: int) -> JailReport:
    """Lock this process, which must have one thread, and close all descriptors but `keep` and 0-2.

    Raises:
        JailError: the process has threads, or a step failed half way.

    """
    if threads() != 1:
        raise JailError("the process to lock has more than one thread")
    steps = Steps()
    close_all_but(keep)
    steps.take("rlimits", lambda: limit(bounds))
    if sys.platform == "linux":
        _linux(steps)
    else:
        steps.missing += [(name, "needs Linux") for name in ("landlock", "seccomp")]
    return JailReport(tuple(steps.held), tuple(steps.missing), "jail")


def _linux(steps: Steps) -> None:
    zygote = os.getppid()
    _leave_namespaces_and_user(steps)
    steps.take("no-new-privs", _no_new_privs)
    steps.take("not-dumpable", _not_dumpable)
    # A change of user or capabilities clears the signal of the parent's death, so it comes after.
    steps.take("dies-with-zygote", lambda: _die_with(zygote))
    try:
        machine = this_machine()
    except JailError as e:
        steps.missing += [("landlock", str(e)), ("seccomp", str(e))]
        return
    _landlock(steps, machine)
    steps.take("seccomp", lambda: _seccomp(machine))


def threads() -> int:
    """Return how many threads this process has; 1 where the machine does not tell."""
    try:
        with os.scandir("/proc/self/task") as found:
            return sum(1 for _ in found)
    except OSError:
        return 1


def close_all_but(keep: int) -> None:
    """Close every descriptor but 0, 1, 2 and `keep`."""
    os.closerange(3, keep)
    try:  # a Python built for an old C library would close a million numbers one by one
        kernel.syscall(this_machine().numbers["close_range"], keep + 1, (1 << 32) - 1, 0)
    except (OSError, JailError):
        os.closerange(keep + 1, max(resource.getrlimit(resource.RLIMIT_NOFILE)[0], 1 << 16))


def limit(bounds: Bounds) -> None:
    """Set a worker's resource limits.

    RLIMIT_DATA bounds the heap and leaves a mapped 100 GB file alone; RLIMIT_AS would refuse it.

    Raises:
        JailError: a limit did not take.

    """
    wanted = {"DATA": bounds.heap, "FSIZE": bounds.scratch, "CPU": _CPU_SECONDS, **_SMALL_LIMITS}
    set_limits({**wanted, "STACK": _STACK})


def set_limits(wanted: Mapping[str, int]) -> None:
    """Set limits by their names without RLIMIT_, soft and hard, and never above what is allowed.

    Raises:
        JailError: a limit did not take.

    """
    for name, most in wanted.items():
        which = getattr(resource, f"RLIMIT_{name}", None)
        if which is None:
            continue
        hard = resource.getrlimit(which)[1]
        value = most if hard == resource.RLIM_INFINITY else min(most, hard)
        if resource.getrlimit(which) == (value, value):
            continue  # gVisor takes some at the start only
        resource.setrlimit(which, (value, value))
        if resource.getrlimit(which) != (value, value):
            raise JailError(f"RLIMIT_{name} did not take")


# --- who and where -----------------------------------------------------------------------------


def _leave_namespaces_and_user(steps: Steps) -> None:
    """Enter empty namespaces and become nobody; a user namespace gives what root could not."""
    left = dict.fromkeys(NAMESPACES, "")
    if os.geteuid() == 0:
        left = _enter(steps, left)
        with contextlib.suppress(OSError, JailError):
            _drop_bounding_set()  # as root, while it may; told below
        steps.take("uid", _become_nobody)
    rooted = os.geteuid() == 0
    # Even as root: in a user namespace of its own a worker's threads are counted apart.
    inside = steps.take("user-namespace", lambda: kernel.unshare(kernel.CLONE_NEWUSER))
    if inside and left:
        left = _enter(steps, left)
    most = _THREADS if inside else _THREADS_SHARED
    steps.take("thread-limit", lambda: _limit_threads(most, rooted=rooted))
    steps.missing += [(name, why or "needs a user namespace") for name, why in left.items()]
    steps.take("bounding-set", _drop_bounding_set)
    steps.take("no-capabilities", _drop_capabilities)


def _enter(steps: Steps, names: Iterable[str]) -> dict[str, str]:
    """Enter each namespace; return what could not be entered, with the reason."""
    trial = Steps()
    for name in names:
        trial.take(name, partial(_namespace, NAMESPACES[name]))
    steps.held += trial.held
    return dict(trial.missing)


def _namespace(flag: int) -> None:
    kernel.unshare(flag)
    if flag == kernel.CLONE_NEWNET:
        # A fresh network has a loopback that is down. Connecting UDP sends nothing, only routes.
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            refused("a route to the loopback", lambda: probe.connect(_LOOPBACK))


def _become_nobody() -> None:
    if not kernel.capabilities()[0] >> kernel.CAP_KILL & 1:
        raise JailError("without CAP_KILL nobody could stop a worker of another user")
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    if os.getresuid() != (NOBODY,) * 3 or os.getresgid() != (NOBODY,) * 3 or os.getgroups():
        raise JailError("the user did not change")
    refused("becoming root again", lambda: os.setresuid(0, 0, 0))


def _limit_threads(most: int, *, rooted: bool) -> None:
    """Bound the threads; outside a user namespace those of the same user count too."""
    resource.setrlimit(resource.RLIMIT_NPROC, (most, most))
    if rooted:
        raise JailError("the kernel does not limit root")


def _drop_bounding_set() -> None:
    for cap in list(kernel.bounding_set()):
        kernel.prctl(kernel.PR_CAPBSET_DROP, cap)
    if any(kernel.bounding_set()):
        raise JailError("the capability bounding set is not empty")


def _drop_capabilities() -> None:
    kernel.no_capabilities()
    if any(kernel.capabilities()):
        raise JailError("capabilities remain")


def _no_new_privs() -> None:
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    if kernel.prctl(kernel.PR_GET_NO_NEW_PRIVS) != 1:
        raise JailError("the flag did not take")


def _not_dumpable() -> None:
    kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
    if kernel.prctl(kernel.PR_GET_DUMPABLE) != 0:
        raise JailError("the flag did not take")


def _die_with(zygote: int) -> None:
    kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    told = ctypes.c_int(0)
    kernel.prctl(kernel.PR_GET_PDEATHSIG, ctypes.addressof(told))
    if told.value != signal.SIGKILL:
        raise JailError("the signal did not take")
    if os.getppid() != zygote:
        os._exit(1)  # it died before the signal was set


# --- Landlock ----------------------------------------------------------------------------------


def _landlock(steps: Steps, machine: Machine) -> None:
    if not steps.take("landlock", lambda: _landlock_files(machine)):
        return
    abi = int(steps.held[-1].split("-")[1])
    if abi >= 4:  # noqa: PLR2004 - the ABI numbers of landlock(7)
        steps.take("landlock-network", _landlock_network)
    else:
        steps.missing.append(("landlock-network", f"needs ABI 4, this kernel has {abi}"))
    if abi >= 6:  # noqa: PLR2004
        steps.take("landlock-scope", _landlock_scope)
    else:
        steps.missing.append(("landlock-scope", f"needs ABI 6, this kernel has {abi}"))


def _landlock_files(machine: Machine) -> str:
    """Deny every path, port and signal that this ABI knows: a ruleset without a rule."""
    abi = min(landlock.abi(machine), landlock.NEWEST)
    if abi < 1:
        raise JailError("the kernel offers no version of it")
    words = (1 << landlock.FILE_RIGHTS[abi - 1]) - 1, 3 * (abi >= 4), 3 * (abi >= 6)  # noqa: PLR2004
    size = 8 if abi < 4 else 16 if abi < 6 else 24  # noqa: PLR2004 - how the struct grew
    ruleset = kernel.syscall(
        machine.numbers["landlock_create_ruleset"], struct.pack("=3Q", *words), size, 0
    )
    try:
        kernel.syscall(machine.numbers["landlock_restrict_self"], ruleset, 0)
    finally:
        os.close(ruleset)
    refused("opening a folder", lambda: os.open("/", os.O_RDONLY), errno.EACCES)
    return f"landlock-{abi}"


def _landlock_network() -> None:
    with socket.socket() as probe:
        refused("a TCP connection", lambda: probe.connect(_LOOPBACK), errno.EACCES)


def _landlock_scope() -> None:
    refused("a signal to the zygote", lambda: os.kill(os.getppid(), 0), errno.EPERM)


# --- seccomp -----------------------------------------------------------------------------------


def _seccomp(machine: Machine) -> None:
    kernel.install_filter(machine.numbers["seccomp"], program(machine, os.getpid()))
    # EPERM tells this refusal from Landlock's EACCES.
    refused("opening a folder", lambda: os.open("/", os.O_RDONLY), errno.EPERM)
    refused("a socket", socket.socket, errno.EPERM)
    refused("a child process", _fork, errno.EPERM)


def _fork() -> None:
    if os.fork() == 0:
        os._exit(0)


def refused(what: str, attempt: Callable[[], object], code: int = 0) -> None:
    """Make an attempt that must fail, with the error `code` if one is given.

    Raises:
        JailError: it did not.

    """
    try:
        attempt()
    except OSError as e:
        if code and e.errno != code:
            raise JailError(f"{what} failed for another reason: {_words(e)}") from e
        return
    raise JailError(f"{what} was still possible")


def _words(e: Exception) -> str:
    """Say an error as the operator may search for it."""
    if isinstance(e, OSError) and e.errno is not None:
        return f"{errno.errorcode.get(e.errno, e.errno)}: {e.strerror}"
    return str(e)
