"""Write where nothing may be written: what is shown read-only, the kernel's settings, the host."""

import errno
import fcntl
import mmap
import os
import stat
from collections.abc import Callable

from pratique.sandbox.guest.escape.attempt import (
    ABSENT,
    AT_CWD,
    NOWHERE,
    OUTSIDE,
    READ_ONLY,
    Attempt,
    Case,
    ContainedError,
    add,
    attempt,
    call,
    in_child,
)

_SAFE = (*ABSENT, *READ_ONLY)
_LOCAL = "a setting of the inmate's own kernel"
_BLK, _MEM = 0o60666, 0o20666
_MS_REMOUNT, _MS_BIND, _MS_REC = 32, 4096, 16384

# Opened for writing, never written: name, what it would be good for, paths of which one suffices.
SETTINGS: dict[str, tuple[str, tuple[str, ...]]] = {
    "core-pattern": (
        "The program that the host runs over a crash cannot be set.",
        ("/proc/sys/kernel/core_pattern",),
    ),
    "modprobe-path": (
        "The program that the host runs for a missing module cannot be set.",
        ("/proc/sys/kernel/modprobe", "/proc/sys/kernel/hotplug"),
    ),
    "uevent-program": (
        "The program that the host runs for a device event cannot be set.",
        ("/sys/kernel/uevent_helper",),
    ),
    "sysrq-trigger": (
        "The kernel takes no emergency command.",
        ("/proc/sysrq-trigger", "/proc/sys/kernel/sysrq"),
    ),
    "binary-formats": (
        "No interpreter can be registered for the host's programs.",
        ("/proc/sys/fs/binfmt_misc/register",),
    ),
    "memory-settings": (
        "What the kernel does without memory cannot be set.",
        ("/proc/sys/vm/panic_on_oom", "/proc/sys/vm/overcommit_memory", "/proc/sys/vm/drop_caches"),
    ),
    "address-randomisation-of-all": (
        "Address randomisation of the machine cannot be switched off.",
        ("/proc/sys/kernel/randomize_va_space", "/proc/sys/kernel/yama/ptrace_scope"),
    ),
    "network-settings-of-host": (
        "The machine's network cannot be made to forward.",
        ("/proc/sys/net/ipv4/ip_forward", "/proc/sys/net/core/bpf_jit_enable"),
    ),
    "power-state": (
        "The machine cannot be suspended or its processors taken away.",
        ("/sys/power/state", "/sys/devices/system/cpu/cpu1/online", "/sys/kernel/kexec_loaded"),
    ),
    "pci-devices": (
        "No device can be taken from or given to a driver.",
        ("/sys/bus/pci/rescan", "/sys/bus/pci/drivers_probe", "/proc/bus/pci/00/00.0"),
    ),
    "debug-files": (
        "Nothing of the kernel's tracing and debugging can be written.",
        (
            "/sys/kernel/debug/tracing/kprobe_events",
            "/sys/kernel/tracing/kprobe_events",
            "/sys/kernel/debug/sched/debug",
        ),
    ),
    "firmware-variables": (
        "No variable of the firmware can be written.",
        ("/sys/firmware/efi/efivars", "/proc/acpi/wakeup", "/sys/kernel/security/apparmor/.load"),
    ),
    "control-group-of-all": (
        "The inmate cannot move itself into another control group.",
        (
            "/sys/fs/cgroup/cgroup.procs",
            "/sys/fs/cgroup/pids/cgroup.procs",
            "/sys/fs/cgroup/memory/cgroup.procs",
        ),
    ),
    "release-agent": (
        "The program that the host runs for an empty control group cannot be set.",
        ("/sys/fs/cgroup/memory/release_agent", "/sys/fs/cgroup/pids/release_agent"),
    ),
    "scheduled-jobs": (
        "No job of the host's can be added: cron, systemd and profiles are out of reach.",
        ("/etc/crontab", "/etc/profile", "/etc/ld.so.preload", "/root/.bashrc"),
    ),
}


def _opener(paths: tuple[str, ...]) -> Callable[[Case], object]:
    def act(_: Case) -> object:
        error: OSError = FileNotFoundError(errno.ENOENT, "nothing there")
        for path in paths:
            try:
                os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK))
            except OSError as e:
                error = e
                continue
            return f"opened {path} for writing"
        raise error

    return act


for _name, (_says, _paths) in SETTINGS.items():
    _also = (*_SAFE, errno.EISDIR)
    add(Attempt(f"set-{_name}", "files", _says, _opener(_paths), also=_also, local=_LOCAL))


@attempt(OUTSIDE)
def write_canary_of_host(case: Case) -> None:
    """A canary file outside that anybody may write keeps its content."""
    fd = os.open(case.targets["ledger"], os.O_WRONLY | os.O_APPEND)
    case.sign(fd)
    os.close(fd)


@attempt(OUTSIDE)
def write_canary_through_init(case: Case) -> None:
    """A canary file outside is not written through the root of another process."""
    where = f"/proc/{case.targets['supervisor']}/root{case.targets['ledger']}"
    fd = os.open(where, os.O_WRONLY | os.O_APPEND)
    case.sign(fd)
    os.close(fd)


@attempt(OUTSIDE)
def create_file_on_host(case: Case) -> None:
    """A file made in a folder that anybody may write does not appear outside."""
    path = f"{case.targets['open_folder']}/{case.name}"
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))


@attempt(OUTSIDE)
def create_file_in_tmp(case: Case) -> None:
    """A file made in /tmp does not appear in the /tmp of the host."""
    path = f"/tmp/{case.targets['mark']}-{case.name}"
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))


@attempt(OUTSIDE)
def create_file_in_home(case: Case) -> None:
    """A file made in the home folder does not appear in that of the host's user."""
    path = f"{case.targets['home']}/{case.targets['mark']}-{case.name}"
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))


@attempt(OUTSIDE)
def write_model(case: Case) -> None:
    """The model keeps its bytes when it is opened for writing."""
    fd = os.open(case.targets["model"] + "/weights.bin", os.O_WRONLY | os.O_APPEND)
    case.sign(fd)
    os.close(fd)


@attempt(OUTSIDE)
def create_in_model(case: Case) -> None:
    """The model's folder gets no new file."""
    path = f"{case.targets['model']}/{case.name}.new"
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))


@attempt(OUTSIDE)
def rename_in_model(case: Case) -> None:
    """No file of the model gets another name."""
    own = f"{case.targets['model']}/{case.name}"
    os.rename(own, own + ".new")


@attempt(OUTSIDE)
def remove_from_model(case: Case) -> None:
    """No file of the model is removed."""
    os.unlink(f"{case.targets['model']}/{case.name}")


@attempt(OUTSIDE)
def truncate_model(case: Case) -> None:
    """No file of the model is cut by its path."""
    os.truncate(f"{case.targets['model']}/{case.name}", 1)


@attempt(OUTSIDE)
def chmod_model(case: Case) -> None:
    """No file of the model gets another mode."""
    os.chmod(f"{case.targets['model']}/{case.name}", 0o640)


@attempt(OUTSIDE)
def touch_model(case: Case) -> None:
    """No file of the model gets another time."""
    os.utime(f"{case.targets['model']}/{case.name}", (1, 1))


@attempt(OUTSIDE)
def write_attribute_of_model(case: Case) -> None:
    """No file of the model gets an extended attribute."""
    os.setxattr(f"{case.targets['model']}/{case.name}", "user.escape", case.token)


@attempt(OUTSIDE)
def reopen_model_for_writing(case: Case) -> None:
    """A descriptor for reading does not become one for writing through /proc/self/fd."""
    fd = os.open(case.targets["model"] + "/weights.bin", os.O_RDONLY)
    again = os.open(f"/proc/self/fd/{fd}", os.O_WRONLY | os.O_APPEND)
    case.sign(again)
    os.close(again)


@attempt(OUTSIDE)
def map_model_for_writing(case: Case) -> None:
    """A shared mapping of the model is not writable."""
    fd = os.open(f"{case.targets['model']}/{case.name}", os.O_RDWR)
    with mmap.mmap(fd, 0, flags=mmap.MAP_SHARED) as view:
        view[: len(case.token)] = case.token


@attempt(OUTSIDE)
def truncate_model_by_descriptor(case: Case) -> None:
    """A descriptor for reading does not cut the file."""
    fd = os.open(f"{case.targets['model']}/{case.name}", os.O_RDWR)
    os.ftruncate(fd, 1)


@attempt(OUTSIDE)
def hard_link_model_and_write(case: Case) -> None:
    """A hard link of the model in a writable place is not to be had."""
    own = f"/tmp/{case.targets['mark']}-{case.name}"
    os.link(f"{case.targets['model']}/{case.name}", own)
    fd = os.open(own, os.O_WRONLY | os.O_APPEND)
    case.sign(fd)


@attempt(OUTSIDE)
@in_child
def remount_model_and_write(case: Case) -> None:
    """The model's mount is not made writable."""
    call("mount", None, case.targets["model"].encode(), None, _MS_REMOUNT | _MS_BIND, None)
    write_model(case)


@attempt(OUTSIDE)
@in_child
def remount_in_own_namespace_and_write(case: Case) -> None:
    """The model's mount is not made writable in a user namespace of the inmate's making."""
    call("unshare", 0x10000000 | 0x20000)
    model = case.targets["model"].encode()
    call("mount", model, model, None, _MS_BIND | _MS_REC, None)
    call("mount", None, case.targets["model"].encode(), None, _MS_REMOUNT | _MS_BIND, None)
    write_model(case)


@attempt(also=(*_SAFE, errno.EBADF), local=_LOCAL)
def change_mount_attributes(case: Case) -> None:
    """The attributes of a mount cannot be asked to change."""
    call("mount_setattr", AT_CWD, case.targets["model"].encode(), 0, bytes(32), 32)


@attempt(also=_SAFE, local="a copy in the inmate's own machine")
def write_python(_: Case) -> object:
    """The interpreter and its library, which the next run reads, cannot be opened for writing."""
    return _opener((os.__file__, "/proc/self/exe"))(_)


@attempt(also=_SAFE, local="a copy in the inmate's own machine")
def write_own_code(_: Case) -> object:
    """The code of the guest cannot be opened for writing."""
    return _opener((__file__,))(_)


@attempt(also=(*_SAFE, errno.EEXIST), local="a node of the inmate's own kernel")
def make_device_node(case: Case) -> object:
    """No device node of a disk or of memory that works can be made where one may write."""
    own = f"/tmp/{case.targets['mark']}-{case.name}"
    os.mknod(own, stat.S_IFCHR | 0o600, os.makedev(1, 1))
    try:
        os.close(os.open(own, os.O_RDONLY))
    finally:
        os.unlink(own)
    return "a node of memory that opens"


@attempt(also=_SAFE, local="a mount of the inmate's own kernel")
def mount_a_file_system(_: Case) -> None:
    """Nothing can be mounted."""
    call("mount", b"none", b"/tmp", b"tmpfs", 0, None)


@attempt(also=_SAFE, local="a mount of the inmate's own kernel")
def bind_over_model(case: Case) -> None:
    """Nothing can be bound over what is shown."""
    call("mount", b"/proc", case.targets["model"].encode(), None, _MS_BIND | _MS_REC, None)


@attempt(local="a mount of the inmate's own kernel")
def change_the_root(_: Case) -> None:
    """The root cannot be changed."""
    call("chroot", NOWHERE)


@attempt(local="a mount of the inmate's own kernel")
def pivot_the_root(_: Case) -> None:
    """The root cannot be exchanged."""
    call("pivot_root", NOWHERE, NOWHERE)


@attempt(OUTSIDE)
def lease_a_file_of_the_model(case: Case) -> None:
    """A lease on a file of the model, which would halt who opens it outside, is not to be had."""
    fd = os.open(case.targets["model"] + "/weights.bin", os.O_RDONLY)
    fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    case.hold()
    os.close(fd)


@attempt(local="a user of the inmate's own kernel")
def gain_by_file_capabilities(case: Case) -> object:
    """No file can be given capabilities or the set-user-ID bit that count."""
    own = f"/tmp/{case.targets['mark']}-{case.name}"
    os.close(os.open(own, os.O_WRONLY | os.O_CREAT, 0o700))
    try:
        os.chmod(own, 0o4755)  # noqa: S103 - the attempt itself
        if os.statvfs(own).f_flag & os.ST_NOSUID or _no_new_privileges():
            raise ContainedError("the bit counts for nothing")
    finally:
        os.unlink(own)
    return "the bit would count"


def _no_new_privileges() -> bool:
    return call("prctl", 39, 0, 0, 0, 0) == 1
