"""The program of the self-test: inside a worker, try to get out, and tell what the kernel said.

An attempt that the jail does not stop does no harm: it names what does not exist, sends signal 0,
or passes a null pointer. An answer such as EFAULT or EINVAL then tells that the call was let
through, so only a refusal counts as held.
"""

import errno
import mmap
import os
import resource
import signal
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pratique.core.errors import JailError
from pratique.core.limits import KiB
from pratique.sandbox import kernel, landlock
from pratique.sandbox.syscalls import this_machine

Attempt = Callable[[], object]

REFUSALS = (errno.EPERM, errno.EACCES, errno.ENOSYS)
READ_ONLY = (errno.EBADF, errno.EINVAL)
ABSENT = b"/pratique-probe-names-nothing"
CREATED = "/tmp/pratique-probe"  # noqa: S108 - an attempt that must fail; removed if it did not
MANY_THREADS = 1_100
THREAD_STACK = 64 * KiB
ZYGOTE = {"pid": 0}
SHARED_SIZE = mmap.PAGESIZE
SHARED = mmap.mmap(-1, SHARED_SIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
KEY = 0x70726174  # of nothing that exists, and nothing is created
_AT_CWD = -100

# Attempts that are one system call: what it would be good for, its name, and arguments.
CALLS: dict[str, tuple[str, tuple[int | bytes | None, ...]]] = {
    "open by openat2": ("openat2", (_AT_CWD, b"/", bytes(24), 24)),
    "open by handle": ("open_by_handle_at", (_AT_CWD, None, 0)),
    "take a file handle": ("name_to_handle_at", (_AT_CWD, b"/", None, None, 0)),
    "stat a path": ("newfstatat", (_AT_CWD, b"/", None, 0)),
    "statx a path": ("statx", (_AT_CWD, b"/", 0, 0xFFF, None)),
    "make a device": ("mknodat", (_AT_CWD, ABSENT + b"/x", 0o20666, 0x103)),
    "make a hard link": ("linkat", (_AT_CWD, ABSENT, _AT_CWD, ABSENT, 0)),
    "make a symbolic link": ("symlinkat", (b"/", _AT_CWD, ABSENT + b"/x")),
    "rename a file": ("renameat2", (_AT_CWD, ABSENT, _AT_CWD, ABSENT, 0)),
    "remove a file": ("unlinkat", (_AT_CWD, ABSENT, 0)),
    "change the root": ("chroot", (ABSENT,)),
    "mount": ("mount", (None, None, None, 0, None)),
    "open a file system": ("fsopen", (ABSENT, 0)),
    "open a mount tree": ("open_tree", (_AT_CWD, ABSENT, 0)),
    "swap on": ("swapon", (ABSENT, 0)),
    "account processes": ("acct", (ABSENT,)),
    "execute by descriptor": ("execveat", (_AT_CWD, ABSENT, None, None, 0)),
    "clone a process": (
        "clone",
        (0x800 | signal.SIGCHLD, None, None, None, None),
    ),  # EINVAL if let through
    "clone3": ("clone3", (None, 0)),
    "trace the zygote": ("ptrace", (16, 0, None, None)),
    "hold a process": ("pidfd_open", (1, 0)),
    "take a process's descriptor": ("pidfd_getfd", (-1, 0, 0)),
    "signal by descriptor": ("pidfd_send_signal", (-1, 0, None, 0)),
    "signal a thread of init": ("tgkill", (1, 1, 0)),
    "signal everybody": ("kill", (-1, 0)),
    "change own priority": ("setpriority", (0, 0, 0)),
    "change own processors": ("sched_setaffinity", (0, 0, None)),
    "change personality": ("personality", (0xFFFFFFFF,)),
    "raise own limits": ("prlimit64", (0, resource.RLIMIT_DATA, b"\xff" * 16, None)),
    "prctl": ("prctl", (3, 0, 0, 0, 0)),
    "take capabilities": ("capset", (None, None)),
    "new namespaces": ("unshare", (kernel.CLONE_NEWUSER,)),
    "enter a namespace": ("setns", (-1, 0)),
    "another seccomp filter": ("seccomp", (1, 0, None)),
    "io_uring": ("io_uring_setup", (1, None)),
    "asynchronous i/o": ("io_setup", (1, None)),
    "bpf": ("bpf", (0, None, 0)),
    "perf events": ("perf_event_open", (None, 0, -1, -1, 0)),
    "userfaultfd": ("userfaultfd", (1,)),
    "keyctl": ("keyctl", (0, -3, 0)),
    "add a key": ("add_key", (None, None, None, 0, -3)),
    "request a key": ("request_key", (None, None, None, -3)),
    "memfd": ("memfd_create", (b"x", 0)),
    "secret memory": ("memfd_secret", (0,)),
    "load a kernel module": ("init_module", (None, 0, None)),
    "load a kernel": ("kexec_load", (0, 0, None, 0xFFFF)),
    "reboot": ("reboot", (0, 0, 0, None)),
    "kernel log": ("syslog", (10, None, 0)),
    "watch all files": ("fanotify_init", (0, 0)),
    "watch a file": ("inotify_init1", (0,)),
    "message queue": ("mq_open", (b"x", 0, 0, None)),
    "shared memory segment": ("shmget", (KEY, 0, 0)),
    "semaphores": ("semget", (KEY, 0, 0)),
    "system v messages": ("msgget", (KEY, 0)),
    "epoll": ("epoll_create1", (0,)),
    "eventfd": ("eventfd2", (0, 0)),
    "signalfd": ("signalfd4", (-1, None, 8, 0)),
    "timerfd": ("timerfd_create", (1, 0)),
    "pipe": ("pipe2", (None, 0)),
    "splice": ("splice", (-1, None, -1, None, 0, 0)),
    "vmsplice": ("vmsplice", (-1, None, 0, 0)),
    "lock memory": ("mlock", (None, 0)),
    "tell the machine's load": ("sysinfo", (None,)),
}

SOCKETS = {
    "tcp socket": (socket.AF_INET, socket.SOCK_STREAM, 0),
    "udp socket": (socket.AF_INET, socket.SOCK_DGRAM, 0),
    "ipv6 socket": (socket.AF_INET6, socket.SOCK_STREAM, 0),
    "raw socket": (socket.AF_INET, socket.SOCK_RAW, 1),
    "unix socket": (socket.AF_UNIX, socket.SOCK_STREAM, 0),
    "netlink socket": (16, socket.SOCK_RAW, 0),
    "packet socket": (17, socket.SOCK_RAW, 0),
    "crypto socket": (38, socket.SOCK_SEQPACKET, 0),
    "vsock socket": (40, socket.SOCK_STREAM, 0),
}


def warm() -> None:
    """Load what the attempts need, and remember the zygote: a locked worker cannot ask for it."""
    kernel.libc()
    this_machine()
    ZYGOTE["pid"] = os.getpid()


def serve(
    request: Mapping[str, Any], fds: Sequence[int], send: Callable[[Mapping[str, Any]], None]
) -> None:
    """Answer `machine`, `probe` (with a read-only and a scratch descriptor) or `x32`."""
    if request["do"] == "machine":
        for name, ask in machine().items():
            send(_told(f"machine: {name}", *_works(ask)))
    elif request["do"] == "x32":
        kernel.syscall(this_machine().x32_bit | this_machine().numbers["getpid"])
        send(_told("attempt: x32 system call", held=False, says="let through"))
    else:
        for name, attempt, refusals in _attempts(fds[0], fds[1], int(request["heap"])):
            send(_told(f"attempt: {name}", *_stopped(attempt, refusals)))
        for name, attempt in needs(fds[0], fds[1]).items():
            send(_told(f"allowed: {name}", *_works(attempt)))


def machine() -> dict[str, Attempt]:
    """Return questions to the machine, for a worker that is not locked."""
    return {
        "landlock": lambda: f"ABI {landlock.abi(this_machine())}",
        "seccomp": lambda: kernel.syscall(
            this_machine().numbers["seccomp"], 2, 0, (0x80000000).to_bytes(4, "little")
        ),
        "pidfd": lambda: os.close(os.pidfd_open(os.getpid())),
        "user namespace": lambda: kernel.unshare(kernel.CLONE_NEWUSER),
        "network namespace": lambda: kernel.unshare(kernel.CLONE_NEWNET),
    }


def _attempts(fd: int, scratch: int, heap: int) -> Iterator[tuple[str, Attempt, tuple[int, ...]]]:
    """Yield (name, attempt, errors besides a refusal that also mean it was stopped)."""
    for name, attempt in _files(fd).items():
        yield name, attempt, ()
    yield "write to the file", lambda: os.write(fd, b"x"), READ_ONLY
    yield "truncate the file", lambda: os.ftruncate(fd, 0), READ_ONLY
    past = resource.getrlimit(resource.RLIMIT_FSIZE)[0]
    yield "write past the scratch limit", lambda: os.pwrite(scratch, b"x", past), (errno.EFBIG,)
    for name, (family, kind, proto) in SOCKETS.items():
        yield name, lambda f=family, k=kind, p=proto: socket.socket(f, k, p).close(), ()  # type: ignore[misc]
    for name, attempt in _processes().items():
        yield name, attempt, ()
    yield "a thousand threads", _many_threads, (errno.EAGAIN,)
    for name, (call, args) in CALLS.items():
        yield name, lambda c=call, a=args: kernel.syscall(this_machine().numbers[c], *a), ()  # type: ignore[misc]
    for name, attempt in _memory(heap).items():
        yield name, attempt, (errno.ENOMEM,)


def _files(fd: int) -> dict[str, Attempt]:
    return {
        "open a file": lambda: os.open("/etc/hostname", os.O_RDONLY),
        "open a folder": lambda: os.open("/", os.O_RDONLY),
        "open own module": lambda: os.open(__file__, os.O_RDONLY),
        "read the zygote's environment": lambda: os.open(
            f"/proc/{ZYGOTE['pid']}/environ", os.O_RDONLY
        ),
        "create a file": _create,
        "reopen the file for writing": lambda: os.open(f"/proc/self/fd/{fd}", os.O_RDWR),
        "change the file's mode": lambda: os.fchmod(fd, 0o777),
        "change the file's owner": lambda: os.fchown(fd, -1, -1),
        "read at the shared position": lambda: os.read(fd, 1),
        "move the shared position": lambda: os.lseek(fd, 1, os.SEEK_SET),
        "read at the shared position by preadv2": lambda: _read_at_position(fd),
        "control the file": lambda: kernel.syscall(this_machine().numbers["ioctl"], fd, 0x5401, 0),
    }


def _read_at_position(fd: int) -> None:
    one = struct.pack("=QQ", kernel.address(SHARED), 1)
    kernel.syscall(this_machine().numbers["preadv2"], fd, one, 1, -1, -1, 0)


def _create() -> None:
    os.close(os.open(CREATED, os.O_CREAT | os.O_WRONLY | os.O_NOFOLLOW, 0o600))
    Path(CREATED).unlink()


def _processes() -> dict[str, Attempt]:
    return {
        "socket pair": socket.socketpair,
        "fork": _fork,
        "execute a program": lambda: os.execv(ABSENT, ["x"]),  # noqa: S606 - must fail
        "read the zygote's memory": lambda: _zygote_memory("process_vm_readv"),
        "write the zygote's memory": lambda: _zygote_memory("process_vm_writev"),
        "signal the zygote": lambda: os.kill(ZYGOTE["pid"], 0),
        "become root": lambda: os.setuid(0),
    }


def _many_threads() -> None:
    """Start more threads than any limit here lets be."""
    threading.stack_size(THREAD_STACK)
    over = threading.Event()
    started = [threading.Thread(target=over.wait) for _ in range(MANY_THREADS)]
    try:
        for thread in started:
            thread.start()
    except RuntimeError as e:
        raise OSError(errno.EAGAIN, str(e)) from e
    finally:
        over.set()
        for thread in started:
            if thread.ident is not None:
                thread.join()


def _fork() -> None:
    if os.fork() == 0:
        os._exit(0)


def _zygote_memory(call: str) -> None:
    """Copy a page between the zygote and here: since the fork it lies at the same address."""
    page = struct.pack("=QQ", kernel.address(SHARED), SHARED_SIZE)
    kernel.syscall(this_machine().numbers[call], ZYGOTE["pid"], page, 1, page, 1, 0)


def _memory(heap: int) -> dict[str, Attempt]:
    exec_rw = mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC
    private = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
    page = mmap.mmap(-1, mmap.PAGESIZE, flags=private)
    return {
        "map executable memory": lambda: mmap.mmap(-1, 4096, flags=private, prot=exec_rw),
        "make memory executable": lambda page=page: kernel.syscall(  # type: ignore[misc]
            this_machine().numbers["mprotect"], kernel.address(page), mmap.PAGESIZE, 5
        ),
        "memory that no limit counts": lambda: mmap.mmap(-1, 4096),
        "twice the heap": lambda: len(bytearray(2 * heap)),
    }


def needs(fd: int, scratch: int) -> dict[str, Attempt]:
    """Return what a reader must still be able to do."""
    return {
        "read the file": lambda: os.preadv(fd, [bytearray(16)], 0),
        "map the file": lambda: mmap.mmap(fd, 16, prot=mmap.PROT_READ).close(),
        "write the scratch": lambda: os.pwrite(scratch, b"unpacked", 0),
        "truncate the scratch": lambda: os.ftruncate(scratch, 0),
        "run a thread": _thread,
        "sleep": lambda: time.sleep(0),
        "random bytes": lambda: len(os.urandom(16)),
    }


def _thread() -> None:
    thread = threading.Thread(target=time.sleep, args=(0,))
    thread.start()
    thread.join()


def _stopped(attempt: Attempt, also: tuple[int, ...]) -> tuple[bool, str]:
    try:
        attempt()
    except MemoryError:
        return True, "MemoryError"
    except OSError as e:
        code = e.errno or 0
        says = errno.errorcode.get(code, str(e))
        stopped = code in REFUSALS or code in also
        return stopped, says if stopped else f"{says}: let through to the kernel"
    return False, "let through"


def _works(attempt: Attempt) -> tuple[bool, str]:
    try:
        says = attempt()
    except (OSError, JailError, RuntimeError, AttributeError) as e:
        return False, str(e)
    return True, says if isinstance(says, str) else "works"


def _told(name: str, held: bool, says: str) -> dict[str, Any]:  # noqa: FBT001 - a row of a table
    return {"probe": name, "held": held, "says": says}
