"""The room in the microVM that a program runs in: its files, user, group and first call."""

import contextlib
import os
import signal
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pratique.core.errors import JailError
from pratique.sandbox import kernel
from pratique.sandbox.guest import vm_devices as devices
from pratique.sandbox.guest.vm_devices import MS_BIND, MS_NODEV, MS_NOEXEC, MS_NOSUID, MS_RDONLY

ROOT = "/mnt/cell"
GROUP = Path("/sys/fs/cgroup/cell")
_DEVICES = {"null": 3, "zero": 5, "full": 7, "random": 8, "urandom": 9}
_SYSTEM = ("usr", "bin", "sbin", "lib", "lib64")
_REMOUNT = devices.MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV


def furnish(order: Mapping[str, Any]) -> None:
    """Build the program's root: the image's /usr, its disks' folders, and its own sized tmpfs."""
    Path(ROOT).mkdir(parents=True, exist_ok=True)
    devices.mount("cell", ROOT, "tmpfs", MS_NOSUID, "mode=0755,size=16m")
    for name in _SYSTEM:
        if Path("/", name).is_symlink():
            Path(ROOT, name).symlink_to(Path("/", name).readlink())
        else:
            _bind(f"/{name}", f"/{name}")
    _devices()
    devices.mount(
        "proc", _folder("/proc"), "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, "hidepid=invisible"
    )
    uid = int(order["uid"])
    for path, size in order["tmpfs"]:
        owned = f"mode=0700,uid={uid},gid={uid},size={int(size)}"
        devices.mount("tmp", _folder(path), "tmpfs", MS_NOSUID | MS_NODEV, owned)
    for disk, path in order["binds"]:
        _bind(disk, path)
    for path, text in order["files"]:
        place = Path(ROOT + path)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    for path in ("", "/dev"):
        devices.mount("none", ROOT + path, "none", devices.MS_REMOUNT | MS_BIND | MS_RDONLY)


def _devices() -> None:
    devices.mount("dev", _folder("/dev"), "tmpfs", MS_NOSUID | MS_NOEXEC, "mode=0755,size=64k")
    for name, minor in _DEVICES.items():
        os.mknod(f"{ROOT}/dev/{name}", 0o020666, os.makedev(1, minor))
        Path(ROOT, "dev", name).chmod(0o666)
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        Path(ROOT, "dev", name).symlink_to(f"/proc/self/fd/{number}")
    Path(ROOT, "dev/fd").symlink_to("/proc/self/fd")


def _folder(path: str) -> str:
    place = Path(ROOT + path)
    place.mkdir(parents=True, exist_ok=True)
    return str(place)


def _bind(host: str, path: str) -> None:
    place = Path(ROOT + path)
    if Path(host).is_dir():
        place.mkdir(parents=True, exist_ok=True)
    else:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.touch()
    devices.mount(host, str(place), "none", MS_BIND)
    devices.mount("none", str(place), "none", _REMOUNT)


def bound(memory: int, processes: int) -> None:
    """Make the group that holds the program and all that it starts."""
    top = GROUP.parent
    if not (top / "cgroup.controllers").exists():
        devices.mount("cgroup", str(top), "cgroup2", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    (top / "cgroup.subtree_control").write_text("+memory +pids")
    GROUP.mkdir(exist_ok=True)
    (GROUP / "memory.max").write_text(str(memory))
    (GROUP / "pids.max").write_text(str(processes))


def out_of_memory() -> int:
    """Return how often the kernel killed something in the group for want of memory."""
    words = (GROUP / "memory.events").read_text().split()
    return int(dict(zip(words[::2], words[1::2], strict=True)).get("oom_kill", "0"))


def launch(order: Mapping[str, Any], channel: socket.socket, words: int) -> int:
    """Start the program as an unprivileged user inside its root; return its process number.

    `words` is where its standard output and error go.
    """
    pid = os.fork()
    if pid:
        return pid
    try:
        _become(order, channel, words)
    except BaseException as e:  # noqa: BLE001 - a forked child must not run its parent's code
        os.write(words, f"the program does not start: {type(e).__name__}: {e}\n".encode())
    os._exit(127)


def _become(order: Mapping[str, Any], channel: socket.socket, words: int) -> None:
    (GROUP / "cgroup.procs").write_text("0")
    kernel.unshare(kernel.CLONE_NEWNET | kernel.CLONE_NEWIPC)
    os.setsid()
    null = os.open("/dev/null", os.O_RDONLY)
    for fd, to in ((null, 0), (words, 1), (words, 2), (channel.fileno(), 3)):
        os.dup2(fd, to)
    os.closerange(4, 1024)
    os.chroot(ROOT)
    uid = int(order["uid"])
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    if any(kernel.capabilities()):
        raise JailError("it keeps capabilities")
    environment: dict[str, str] = {name: str(value) for name, value in order["environment"]}
    os.chdir(environment["HOME"])
    for caught in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores them, its child must not
        signal.signal(caught, signal.SIG_DFL)
    argv = [str(word) for word in order["argv"]]
    os.execve(argv[0], argv, environment)  # noqa: S606 - what this file is for


def reap(pid: int) -> int | None:
    """Bury the dead; return the program's exit code, 128 and the signal for a killed one."""
    code = None
    with contextlib.suppress(ChildProcessError):
        while True:
            found, status = os.waitpid(-1, os.WNOHANG)
            if not found:
                break
            if found == pid:
                ended = os.waitstatus_to_exitcode(status)
                code = ended if ended >= 0 else 128 - ended
    return code
