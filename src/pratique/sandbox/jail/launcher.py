"""Root's way into a jail: private mounts, the groups, a user that nobody else is, then bubblewrap.

Started as `python -I -S -B launcher.py FD` with an empty environment; it ends by becoming the
program that it is told. Bubblewrap is never started as root: it would leave more of /proc open.

What is bound is staged on a tmpfs in a mount namespace of its own, so nothing of it outlives the
jail and folders that only root may enter can be shown. A model's files keep their owner on disk;
where the file system can, they are mapped to the jail's user, so that a file of mode 0600 can be
read without a copy (mount_setattr(2), MOUNT_ATTR_IDMAP, Linux 5.12).
"""

import contextlib
import ctypes
import json
import os
import signal
import struct
import sys

_CLONE_NEWNS, _CLONE_NEWUSER = 0x20000, 0x10000000
_MS_NOSUID, _MS_NODEV, _MS_NOEXEC, _MS_REC, _MS_PRIVATE = 2, 4, 8, 0x4000, 0x40000
_OPEN_TREE, _MOVE_MOUNT, _MOUNT_SETATTR = 428, 429, 442  # the same number on every machine
_OPEN_TREE_CLONE, _AT_EMPTY_PATH, _AT_RECURSIVE = 1, 0x1000, 0x8000
_MOVE_EMPTY_PATH = 4
_OPENAT2, _RESOLVE_NO_SYMLINKS, _PATH_ONLY = 437, 4, os.O_PATH | os.O_CLOEXEC
_ATTR_RDONLY, _ATTR_NOSUID, _ATTR_NODEV, _ATTR_IDMAP = 1, 2, 4, 0x100000
_PR_SET_PDEATHSIG = 1
STAGES = ("/mnt", "/media", "/srv", "/tmp")  # noqa: S108 - covered by a tmpfs of our own

_libc = ctypes.CDLL(None, use_errno=True)


def main(order: dict) -> None:  # type: ignore[type-arg] # started before any of our types exist
    """Do what `order` says: `parent`, `uid`, `cgroups`, `stage`, `argv` and `program`.

    `stage` are [path, owned, exact] each: an exact path is followed through no link. `{N}` as a
    word of `argv` becomes where the N-th was staged.
    """
    _checked(_libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0))
    if os.getppid() != order["parent"]:
        os._exit(1)
    for door in order["cgroups"]:
        with open(door, "w") as file:  # noqa: PTH123 - pathlib takes 10 ms to import
            file.write("0")
    places = _staged(order["stage"], order["uid"])
    uid = order["uid"]
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    _checked(_libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0))  # the change cleared it
    if os.getppid() != order["parent"]:
        os._exit(1)
    argv = [places.get(word, word) for word in order["argv"]]
    os.execve(order["program"], argv, {})  # noqa: S606 - what this file is for


def _staged(wanted: list, uid: int) -> dict:  # type: ignore[type-arg]
    """Show each path below a tmpfs that only this process and its children see."""
    _checked(_libc.unshare(_CLONE_NEWNS))
    _mount(None, "/", None, _MS_REC | _MS_PRIVATE)
    held = [_opened(path) if exact else os.open(path, _PATH_ONLY) for path, _, exact in wanted]
    stage = next(place for place in STAGES if os.path.isdir(place))  # noqa: PTH112
    _mount("tmpfs", stage, "tmpfs", _MS_NOSUID | _MS_NODEV | _MS_NOEXEC, "mode=0755,size=1m")
    places = {}
    for number, (fd, (_, owned, _)) in enumerate(zip(held, wanted, strict=True)):
        place = f"{stage}/{number}"
        if os.path.isdir(f"/proc/self/fd/{fd}"):  # noqa: PTH112
            os.mkdir(place)  # noqa: PTH102
        else:
            os.close(os.open(place, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o644))
        _attach(fd, place, os.fstat(fd).st_uid if owned else uid, uid)
        places[f"{{{number}}}"] = place
        os.close(fd)
    return places


def _opened(path: str) -> int:
    """Open a path that somebody else may write to, through no link (openat2(2), Linux 5.6)."""
    how = struct.pack("=3Q", _PATH_ONLY, 0, _RESOLVE_NO_SYMLINKS)
    size = ctypes.c_size_t(len(how))
    return _checked(_libc.syscall(_OPENAT2, -100, os.fsencode(path), how, size))


def _attach(fd: int, place: str, owner: int, uid: int) -> None:
    """Bind what `fd` is to `place`, read-only, and `owner`'s files as `uid`'s where that works."""
    flags = _OPEN_TREE_CLONE | _AT_EMPTY_PATH | _AT_RECURSIVE | os.O_CLOEXEC
    tree = _checked(_libc.syscall(_OPEN_TREE, fd, b"", flags))
    attributes = _ATTR_RDONLY | _ATTR_NOSUID | _ATTR_NODEV
    _set(tree, attributes, 0)
    if owner != uid:
        with contextlib.suppress(OSError):  # then a file that others may not read is not readable
            _set(tree, _ATTR_IDMAP, _mapping(owner, uid))
    _checked(_libc.syscall(_MOVE_MOUNT, tree, b"", -100, place.encode(), _MOVE_EMPTY_PATH))
    os.close(tree)


def _set(tree: int, attributes: int, userns: int) -> None:
    wanted = struct.pack("=4Q", attributes, 0, 0, userns)
    flags = _AT_EMPTY_PATH | _AT_RECURSIVE
    size = ctypes.c_size_t(len(wanted))
    _checked(_libc.syscall(_MOUNT_SETATTR, tree, b"", flags, wanted, size))
    if userns:
        os.close(userns)


def _mapping(owner: int, uid: int) -> int:
    """Return a descriptor of a user namespace in which `owner` is `uid`."""
    ready, go = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        os.close(go[1])
        _libc.unshare(_CLONE_NEWUSER)
        os.write(ready[1], b"x")
        os.read(go[0], 1)
        os._exit(0)
    os.read(ready[0], 1)
    try:
        for name in ("uid_map", "gid_map"):
            with open(f"/proc/{child}/{name}", "w") as file:  # noqa: PTH123
                file.write(f"{owner} {uid} 1")
        return os.open(f"/proc/{child}/ns/user", os.O_RDONLY | os.O_CLOEXEC)
    finally:
        for fd in (*ready, *go):
            os.close(fd)
        os.waitpid(child, 0)


def _mount(what, where, kind, flags, data=None) -> None:  # type: ignore[no-untyped-def] # noqa: ANN001
    words = [w.encode() if isinstance(w, str) else w for w in (what, where, kind)]
    extra = data.encode() if data else None
    _checked(_libc.mount(*words, ctypes.c_ulong(flags), extra))


def _checked(got: int) -> int:
    if got < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return got


if __name__ == "__main__":
    with open(int(sys.argv[1])) as file:  # noqa: PTH123 - a descriptor; one word holds 128 KiB
        order = json.load(file)
    main(order)
