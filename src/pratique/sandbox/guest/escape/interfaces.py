"""Ask the kernel for what no loader needs: each is a door that other escapes went through."""

import ctypes
import errno
import os
import struct
from collections.abc import Callable
from typing import Any

from pratique.sandbox import kernel
from pratique.sandbox.guest.escape.attempt import (
    ABSENT,
    AT_CWD,
    NOWHERE,
    Attempt,
    Case,
    ContainedError,
    add,
    attempt,
    call,
    in_child,
)

_LOCAL = "a call to the inmate's own kernel"
_SUBJECT = (errno.EOPNOTSUPP, errno.EBUSY)

# name: (what containment means, the call, harmless arguments). The errors of such arguments
# (EFAULT, EINVAL, EBADF) tell that the call was let through.
CALLS: dict[str, tuple[str, str, tuple[int | bytes | None, ...]]] = {
    "bpf-load": ("No program is loaded into the kernel.", "bpf", (5, bytes(48), 48)),
    "bpf-map": ("No map of the kernel's is made.", "bpf", (0, bytes(48), 48)),
    "perf-events": (
        "Nothing of the machine is measured: it shows what others compute.",
        "perf_event_open",
        (bytes(128), 0, -1, -1, 0),
    ),
    "userfaultfd": (
        "No page fault of the kernel's can be held up, which widens races.",
        "userfaultfd",
        (1,),
    ),
    "keyctl-session": ("No session keyring is told.", "keyctl", (0, -3, 0)),
    "keyctl-join": ("No keyring can be joined.", "keyctl", (1, NOWHERE)),
    "keyctl-user-keyring": ("The keyring of the user is not told.", "keyctl", (0, -4, 1)),
    "add-key": ("No key is added.", "add_key", (None, None, None, 0, -3)),
    "request-key": (
        "No key is asked for, which would start a program outside.",
        "request_key",
        (None, None, None, -3),
    ),
    "filter-with-listener": (
        "No filter of its own can be installed whose answers override those of ours.",
        "seccomp",
        (1, 8, None),
    ),
    "ask-seccomp": ("Nothing can be asked of seccomp.", "seccomp", (2, 0, b"\0\0\xff\x7f")),
    "watch-all-files": (
        "No file access of others is watched or held up.",
        "fanotify_init",
        (0x4, 0),
    ),
    "watch-all-names": ("No file names of others are watched.", "fanotify_init", (0x600, 0)),
    "open-file-system": ("No file system is opened.", "fsopen", (NOWHERE, 0)),
    "open-mount-tree": (
        "No copy of a mount is made.",
        "open_tree",
        (AT_CWD, NOWHERE, 1),
    ),
    "move-mount": ("No mount is moved.", "move_mount", (-1, b"", -1, NOWHERE, 4)),
    "attach-file-system": ("No file system is attached.", "fsmount", (-1, 0, 0)),
    "pick-file-system": ("No mounted file system is reconfigured.", "fspick", (AT_CWD, NOWHERE, 0)),
    "secret-memory": ("No memory is hidden from the kernel.", "memfd_secret", (0,)),
    "message-queue": ("No message queue is opened.", "mq_open", (NOWHERE[1:], 0, 0, None)),
    "lookup-cookie": ("No path is told by cookie.", "lookup_dcookie", (0, None, 0)),
    "file-system-names": ("The old calls about file systems are shut.", "sysfs", (3,)),
    "migrate-pages": ("No pages are moved between nodes.", "migrate_pages", (0, 0, None, None)),
    "remap-pages": ("Pages of a mapping are not reordered.", "remap_file_pages", (0, 0, 0, 0, 0)),
    "gift-pages": (
        "No pages are given into a pipe, where others read them.",
        "vmsplice",
        (-1, None, 0, 0),
    ),
    "asynchronous-input": ("No old asynchronous input is set up.", "io_setup", (1, None)),
    "release-memory-of-dying": (
        "No memory of a dying process is taken.",
        "process_mrelease",
        (-1, 0),
    ),
    "submit-to-ring": ("No ring is entered.", "io_uring_enter", (-1, 0, 0, 0, None, 0)),
    "register-with-ring": (
        "Nothing is registered with a ring.",
        "io_uring_register",
        (-1, 0, None, 0),
    ),
}


def _caller(name: str, args: tuple[int | bytes | None, ...]) -> Callable[[Case], object]:
    return lambda _: f"answered {call(name, *args)}"


def _enter(name: str, row: tuple[str, str, tuple[Any, ...]]) -> None:
    says, which, args = row
    add(Attempt(name, "interfaces", says, _caller(which, args), also=_SUBJECT, local=_LOCAL))


for _name, _row in CALLS.items():
    _enter(_name, _row)


@attempt(also=ABSENT, local=_LOCAL)
def userfault_device(_: Case) -> None:
    """The device that stands for userfaultfd is not there."""
    os.close(os.open("/dev/userfaultfd", os.O_RDWR))


@attempt(local=_LOCAL)
@in_child
def switch_off_address_randomisation(_: Case) -> object:
    """Address randomisation is not switched off for what the inmate starts."""
    before = call("personality", 0xFFFFFFFF)
    return f"was {before}, is {call('personality', before | 0x40000)}"


@attempt(local=_LOCAL, machine="x86_64")
def old_segment_descriptors(_: Case) -> None:
    """No segment descriptor is made: 16-bit code is a part of the kernel that few look after."""
    call("modify_ldt", 0, bytes(16), 16)


@attempt(local=_LOCAL, machine="x86_64")
def port_input(_: Case) -> None:
    """No I/O port is opened."""
    call("ioperm", 0x80, 1, 1)


@attempt(local=_LOCAL, machine="x86_64")
def port_input_of_all(_: Case) -> None:
    """The level of I/O rights is not raised."""
    call("iopl", 3)


@attempt()
@in_child
def loosen_landlock(case: Case) -> object:
    """A ruleset of the inmate's own that admits all adds nothing to what it may do."""
    own = f"{case.targets['model']}/loosened"
    rights = b"\xff\x1f" + bytes(6)
    ruleset = call("landlock_create_ruleset", rights, 8, 0)
    root = os.open("/", os.O_PATH)
    call("landlock_add_rule", ruleset, 1, rights + root.to_bytes(4, "little"), 0)
    call("prctl", 38, 1, 0, 0, 0)
    call("landlock_restrict_self", ruleset, 0)
    try:
        os.close(os.open(own, os.O_WRONLY | os.O_CREAT, 0o600))
    except OSError as e:
        raise ContainedError(f"still {errno.errorcode.get(e.errno or 0)}") from e
    return "the model became writable"


@attempt(local=_LOCAL)
@in_child
def undo_seccomp(_: Case) -> object:
    """A second filter that admits all is not taken: the first stays alone."""
    held = ctypes.create_string_buffer(struct.pack("=HBBI", 6, 0, 0, 0x7FFF0000))
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    call("seccomp", 1, 0, struct.pack("=H6xQ", 1, ctypes.addressof(held)))
    return "a filter of its own"
