"""Make namespaces, where an ordinary user is root, or enter those of the host."""

import os
import signal
from collections.abc import Callable

from pratique.sandbox.guest.escape.attempt import (
    ABSENT,
    OUTSIDE,
    Attempt,
    Case,
    add,
    attempt,
    call,
    in_child,
)

_LOCAL = "a namespace of the inmate's own kernel"
_USER, _NEWNS = 0x10000000, 0x20000

KINDS = {
    "user": _USER,
    "mount": _NEWNS,
    "network": 0x40000000,
    "process": 0x20000000,
    "ipc": 0x08000000,
    "host-name": 0x04000000,
    "control-group": 0x02000000,
    "time": 0x80,
}


def _unshare(flag: int) -> Callable[[Case], object]:
    def act(_: Case) -> object:
        # a user namespace comes first, as an attacker without rights would have it
        return f"answered {call('unshare', flag | _USER)}"

    return in_child(act)


for _name, _flag in KINDS.items():
    _says = f"No {_name} namespace is made, in which the inmate would have rights."
    add(
        Attempt(f"unshare-{_name}", "namespaces", _says, _unshare(_flag), local=_LOCAL),
    )


def _clone(flags: int) -> object:
    child = call("clone", flags | signal.SIGCHLD, None, None, None, None)
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    return "a child in a namespace of its own"


@attempt(local=_LOCAL)
def clone_into_user_namespace(_: Case) -> object:
    """No child is made in a new user namespace."""
    return _clone(_USER)


@attempt(local=_LOCAL)
def clone_into_all_namespaces(_: Case) -> object:
    """No child is made in new namespaces of all kinds."""
    return _clone(0x7E020000)


@attempt(local=_LOCAL)
def clone3_into_user_namespace(_: Case) -> object:
    """No child is made by clone3, whose flags no filter sees."""
    words = (_USER, 0, 0, 0, int(signal.SIGCHLD), 0, 0, 0)
    child = call("clone3", b"".join(w.to_bytes(8, "little") for w in words), 64)
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    return "a child in a namespace of its own"


@attempt(local=_LOCAL)
@in_child
def mount_in_nested_namespaces(_: Case) -> object:
    """No file system is mounted in namespaces of the inmate's making."""
    call("unshare", _USER | _NEWNS)
    call("mount", b"none", b"/tmp", b"tmpfs", 0, None)
    return "mounted"


def _named(kind: str, inode: int) -> bytes:
    """Return what tells a namespace apart: the first ones have the same number on every machine."""
    with open("/proc/sys/kernel/random/boot_id") as file:
        return f"{kind} namespace {inode} {file.read().strip()}".encode()


def _enter(kind: str) -> Callable[[Case], object]:
    def act(case: Case) -> object:
        fd = os.open(f"/proc/{case.targets['victim']}/ns/{kind}", os.O_RDONLY)
        inode = os.fstat(fd).st_ino
        call("setns", fd, 0)
        return case.loot(_named(kind, inode))

    return in_child(act)


for _kind in ("net", "mnt", "pid", "ipc", "uts", "user", "cgroup"):
    _promise = f"The {_kind} namespace of a process outside is not entered."
    add(Attempt(f"enter-{_kind}-namespace", "namespaces", _promise, _enter(_kind), OUTSIDE))


def _share(kind: str) -> Callable[[Case], object]:
    def act(case: Case) -> object:
        return case.loot(_named(kind, os.stat(f"/proc/self/ns/{kind}").st_ino))

    return act


for _kind in ("net", "mnt", "pid", "ipc", "uts", "user", "cgroup"):
    _promise = f"The inmate does not share the {_kind} namespace of those outside."
    add(Attempt(f"share-{_kind}-namespace", "namespaces", _promise, _share(_kind), OUTSIDE))


@attempt(also=(*ABSENT, 22), local=_LOCAL)
def enter_by_process_descriptor(case: Case) -> None:
    """No namespace is entered by a descriptor of a process."""
    call("setns", call("pidfd_open", case.targets["victim"], 0), 0x40000000)
