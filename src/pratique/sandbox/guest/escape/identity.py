"""Become somebody else, or get rights back that were given up."""

import errno
import os
import struct

from pratique.sandbox import kernel
from pratique.sandbox.guest.escape.attempt import (
    ABSENT,
    OUTSIDE,
    READ_ONLY,
    Case,
    ContainedError,
    attempt,
    call,
    in_child,
)

_LOCAL = "a user of the inmate's own kernel, who is nobody outside it"
SETUID = ("/usr/bin/sudo", "/bin/su", "/usr/bin/su", "/bin/mount", "/usr/bin/passwd", "/bin/umount")


@attempt(local=_LOCAL)
def be_root(_: Case) -> object:
    """The inmate does not run as root."""
    if 0 in (*os.getresuid(), *os.getresgid()):
        return f"runs as {os.getresuid()}"
    raise ContainedError("an ordinary user")


@attempt(OUTSIDE)
def be_root_outside(case: Case) -> object:
    """The user who runs the inmate is not root on the host."""
    case.hold()
    return f"uid {os.getuid()} inside"


@attempt(local=_LOCAL)
@in_child
def become_root(_: Case) -> None:
    """The inmate does not become root."""
    os.setresuid(0, 0, 0)


@attempt(local=_LOCAL)
@in_child
def become_the_group_of_root(_: Case) -> None:
    """The inmate does not join root's group."""
    os.setresgid(0, 0, 0)


@attempt(local=_LOCAL)
@in_child
def join_groups(_: Case) -> None:
    """The inmate joins no group."""
    os.setgroups([0])


@attempt(local=_LOCAL)
@in_child
def be_root_for_files(_: Case) -> object:
    """The inmate's user for file access does not become root."""
    kernel.libc().setfsuid(0)
    if kernel.libc().setfsuid(-1) != 0:
        raise ContainedError("it did not change")
    return "root for files"


@attempt(local=_LOCAL)
def have_capabilities(_: Case) -> object:
    """The inmate has no capability, not even inheritable ones."""
    if any(kernel.capabilities()):
        return f"has {kernel.capabilities()[0]:#x}"
    raise ContainedError("none")


@attempt(local=_LOCAL)
@in_child
def take_capabilities(_: Case) -> None:
    """The inmate gets no capability that it asks for."""
    header = struct.pack("=Ii", 0x20080522, 0)
    call("capset", header, struct.pack("=6I", *(0x200000,) * 3, 0, 0, 0))


@attempt(local=_LOCAL)
def keep_a_bounding_set(_: Case) -> object:
    """No program that the inmate starts could gain a capability: the flag or the set forbids it."""
    left = list(kernel.bounding_set())
    if left and kernel.prctl(kernel.PR_GET_NO_NEW_PRIVS) != 1:
        return f"{len(left)} capabilities can be gained"
    raise ContainedError("nothing can be gained")


@attempt(local=_LOCAL)
def gain_by_setuid_program(_: Case) -> object:
    """No program with the set-user-ID bit (sudo, su, mount) gives rights when it is started."""
    there = [path for path in SETUID if os.path.exists(path)]
    if kernel.prctl(kernel.PR_GET_NO_NEW_PRIVS) == 1:
        raise ContainedError("new privileges are switched off")
    if not there:
        raise ContainedError("no such program")
    return f"{there} would count"


@attempt(also=(*ABSENT, *READ_ONLY))
def map_users_of_host(_: Case) -> object:
    """The inmate's map of users takes no more entries."""
    error: OSError = PermissionError(1, "no map")
    for name in ("uid_map", "gid_map", "projid_map"):
        try:
            fd = os.open(f"/proc/self/{name}", os.O_WRONLY)
            os.write(fd, b"0 0 4294967295\n")
            os.close(fd)
        except OSError as e:
            error = e
            continue
        return f"wrote {name}"
    raise error


@attempt(also=(errno.EINVAL,), local=_LOCAL)
@in_child
def own_a_file_as_root(_: Case) -> None:
    """The inmate gives no file to root."""
    own = f"/tmp/owned-{os.getpid()}"
    os.close(os.open(own, os.O_WRONLY | os.O_CREAT, 0o600))
    try:
        os.chown(own, 0, 0)
    finally:
        os.unlink(own)


@attempt(local=_LOCAL)
@in_child
def unlock_secure_bits(_: Case) -> None:
    """The inmate does not change how capabilities are inherited."""
    kernel.prctl(28, 1)
