"""Read what is the host's: canary files by every road, its passwords, its memory and its kernel."""

import contextlib
import ctypes
import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from pratique.sandbox.guest.escape.attempt import (
    ABSENT,
    AT_CWD,
    OUTSIDE,
    Attempt,
    Case,
    ContainedError,
    add,
    attempt,
    call,
    in_child,
)

MOST = 1 << 16
_UP = "/.." * 24
_LOCAL = "a file of the inmate's own kernel"


def _read(path: str) -> bytes:
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        return os.read(fd, MOST)
    finally:
        os.close(fd)


def _first(case: Case, paths: Iterator[str]) -> object:
    """Read the first that lets itself be read."""
    error: OSError = FileNotFoundError(errno.ENOENT, "nothing to read")
    for path in paths:
        try:
            return case.loot(_read(path))
        except OSError as e:
            error = e
    raise error


def _canary(target: str) -> Callable[[Case], object]:
    return lambda case: case.loot(_read(case.targets[target]))


for _target, _where in {
    "secret_tmp": "in the folder for temporary files",
    "secret_home": "in the home folder of who started it all",
    "secret_run": "in /run or /var/tmp",
    "secret_beside": "beside the model",
}.items():
    _says = f"The content of a canary file {_where}, of mode 0600, is not had."
    _name = "read-" + _target.replace("_", "-")
    add(Attempt(_name, "secrets", _says, _canary(_target), OUTSIDE))


@attempt(OUTSIDE)
def read_etc_shadow(case: Case) -> object:
    """The host's password hashes are not had."""
    return _first(case, iter(("/etc/shadow", "/etc/shadow-", "/etc/gshadow")))


@attempt(OUTSIDE)
def read_etc_passwd(case: Case) -> object:
    """The names of the host's users are not had."""
    return case.loot(_read("/etc/passwd"))


@attempt(OUTSIDE)
def read_machine_id(case: Case) -> object:
    """What identifies the machine is not had."""
    return _first(case, iter(("/etc/machine-id", "/var/lib/dbus/machine-id")))


@attempt(OUTSIDE)
def read_through_dots(case: Case) -> object:
    """No number of steps up from a folder that is shown leads to the canary."""
    tops = (case.targets["model"], "/proc/self/cwd", "/proc/self/root", "/dev", "/tmp")
    return _first(case, (f"{top}{_UP}{case.targets['secret_tmp']}" for top in tops))


@attempt(OUTSIDE)
def read_through_roots_in_proc(case: Case) -> object:
    """The root or working folder of no process in /proc leads to the canary."""
    pids = [*sorted(p for p in os.listdir("/proc") if p.isdigit()), "thread-self"]
    named = case.targets["secret_tmp"]
    return _first(case, (f"/proc/{p}/root{named}" for p in [*pids, str(case.targets["victim"])]))


@attempt(OUTSIDE)
def read_through_descriptors(case: Case) -> object:
    """No open descriptor is a file of the host's, or a folder that leads to one."""
    for road in _open_roads(case):
        with contextlib.suppress(OSError):
            case.loot(_read(road))
    return f"{len(case.found)} read"


def _open_roads(case: Case) -> Iterator[str]:
    for fd in range(64):
        yield f"/proc/self/fd/{fd}/{_UP}{case.targets['secret_tmp']}"
        if os.path.isfile(f"/proc/self/fd/{fd}"):
            yield f"/proc/self/fd/{fd}"


@attempt(OUTSIDE)
def read_through_link_in_model(case: Case) -> object:
    """A symbolic link in the model's folder leads nowhere outside."""
    return case.loot(_read(case.targets["model"] + "/link"))


@attempt(OUTSIDE)
def read_through_link_to_proc_in_model(case: Case) -> object:
    """A symbolic link in the model's folder into /proc leads to nothing of the host's."""
    return case.loot(_read(case.targets["model"] + "/link-to-proc"))


@attempt(OUTSIDE)
def read_through_own_link(case: Case) -> object:
    """A symbolic link that the inmate makes leads nowhere outside."""
    own = f"/tmp/{case.name}"
    os.symlink(case.targets["secret_tmp"], own)
    try:
        return case.loot(_read(own))
    finally:
        os.unlink(own)


@attempt(OUTSIDE)
def read_by_handle(case: Case) -> object:
    """A file handle taken outside opens nothing inside: handles ignore mounts and roots."""
    handle = bytes.fromhex(case.targets["handle"])
    top = os.open(case.targets["model"], os.O_RDONLY)
    try:
        fd = call("open_by_handle_at", top, handle, os.O_RDONLY)
    finally:
        os.close(top)
    return case.loot(os.read(fd, MOST))


@attempt(also=(errno.EOPNOTSUPP,), local=_LOCAL)
def take_a_file_handle(_: Case) -> object:
    """No file handle is given: it names a file of the whole file system, in or out of sight."""
    call("name_to_handle_at", AT_CWD, b"/", None, None, 0)
    return "let through"


@attempt(OUTSIDE)
@in_child
def read_after_chroot(case: Case) -> object:
    """A second root, left by an open folder of the first, leads to no canary."""
    top = os.open("/", os.O_RDONLY)
    os.chroot("/tmp")
    os.fchdir(top)
    for _ in range(24):
        os.chdir("..")
    os.chroot(".")
    return case.loot(_read(case.targets["secret_tmp"]))


@attempt(OUTSIDE)
@in_child
def read_after_uncovering(case: Case) -> object:
    """Nothing that was mounted over can be taken off, so that what lies below shows."""
    error: OSError | None = None
    for place in (b"/tmp", b"/home", b"/proc", b"/dev/shm", b"/"):
        try:
            call("umount2", place, 2)
        except OSError as e:
            error = e
    try:
        return case.loot(_read(case.targets["secret_tmp"]))
    except OSError as e:
        raise (error or e) from e


@attempt(OUTSIDE)
def read_memory_of_host_process(case: Case) -> object:
    """The memory of a process outside is not read by process_vm_readv."""
    size = case.targets["victim_size"]
    into = ctypes.create_string_buffer(size)
    here = (ctypes.c_uint64 * 2)(ctypes.addressof(into), size)
    there = (ctypes.c_uint64 * 2)(case.targets["victim_address"], size)
    call("process_vm_readv", case.targets["victim"], bytes(here), 1, bytes(there), 1, 0)
    return case.loot(into.raw)


@attempt(OUTSIDE)
def read_memory_by_proc(case: Case) -> object:
    """The memory of a process outside is not read through /proc/PID/mem."""
    fd = os.open(f"/proc/{case.targets['victim']}/mem", os.O_RDONLY)
    try:
        return case.loot(os.pread(fd, case.targets["victim_size"], case.targets["victim_address"]))
    finally:
        os.close(fd)


@attempt(OUTSIDE)
def read_memory_by_ptrace(case: Case) -> object:
    """The memory of a process outside is not read by attaching to it."""
    pid = case.targets["victim"]
    call("ptrace", 16, pid, None, None)
    try:
        os.waitpid(pid, 0x40000000)
        fd = os.open(f"/proc/{pid}/mem", os.O_RDONLY)
        at = case.targets["victim_address"]
        return case.loot(os.pread(fd, case.targets["victim_size"], at))
    finally:
        call("ptrace", 17, pid, None, None)


@attempt(OUTSIDE)
def take_descriptor_of_host_process(case: Case) -> object:
    """An open file of a process outside is not taken by pidfd_getfd."""
    held = call("pidfd_open", case.targets["victim"], 0)
    fd = call("pidfd_getfd", held, case.targets["victim_fd"], 0)
    return case.loot(os.pread(fd, MOST, 0))


@attempt(OUTSIDE)
def open_descriptor_of_host_process(case: Case) -> object:
    """An open file of a process outside is not opened through /proc/PID/fd."""
    return case.loot(_read(f"/proc/{case.targets['victim']}/fd/{case.targets['victim_fd']}"))


@attempt(OUTSIDE)
def read_arguments_of_host_process(case: Case) -> object:
    """The command line of a process outside is not had."""
    return case.loot(_read(f"/proc/{case.targets['victim']}/cmdline"))


@attempt(also=ABSENT, local=_LOCAL)
def read_kernel_memory(_: Case) -> object:
    """Neither the kernel's memory nor its log can be opened."""
    error: OSError = FileNotFoundError(errno.ENOENT, "no such file")
    for path in ("/proc/kcore", "/dev/mem", "/dev/kmem", "/dev/port", "/proc/kmsg", "/dev/kmsg"):
        try:
            os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK))
        except OSError as e:
            error = e
            continue
        return f"opened {path}"
    raise error


@attempt(also=ABSENT, local=_LOCAL)
def read_kernel_addresses(_: Case) -> object:
    """The kernel tells no addresses of its own."""
    with Path("/proc/kallsyms").open("rb") as file:
        if any(int(line.split()[0], 16) for line in file.readlines(1 << 14)):
            return "addresses are told"
    raise ContainedError("all addresses are zero")


@attempt(also=ABSENT, local=_LOCAL)
def read_kernel_log_by_call(_: Case) -> object:
    """The kernel's log is not read by the system call."""
    return f"a log of {call('syslog', 10, None, 0)} bytes"


@attempt(also=ABSENT, local=_LOCAL)
def read_block_device(_: Case) -> object:
    """No disk of the machine can be opened."""
    error: OSError = FileNotFoundError(errno.ENOENT, "no such file")
    for name in ("vda", "vda1", "sda", "sda1", "nvme0n1", "xvda", "loop0", "dm-0", "root"):
        try:
            os.close(os.open(f"/dev/{name}", os.O_RDONLY | os.O_NONBLOCK))
        except OSError as e:
            error = e
            continue
        return f"opened /dev/{name}"
    raise error
