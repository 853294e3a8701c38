"""The way into gVisor: die with the supervisor, join the groups, hide the bundle, become runsc.

Started as `python -I -S -B launcher.py JSON` with an empty environment. As root the bundle and the
state of runsc lie on a tmpfs in a mount namespace of their own, so they end with it.
"""

import ctypes
import json
import os
import shutil
import signal
import sys

_CLONE_NEWNS = 0x20000
_MS_REC, _MS_PRIVATE, _MS_NOSUID, _MS_NODEV = 0x4000, 0x40000, 2, 4
_PR_SET_PDEATHSIG = 1

_libc = ctypes.CDLL(None, use_errno=True)


def main(order: dict) -> None:  # type: ignore[type-arg] # started before any of our types exist
    """Do what `order` says: `parent`, `cgroups`, `bundle`, `argv`."""
    _checked(_libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0))
    if os.getppid() != order["parent"]:
        os._exit(1)
    for door in order["cgroups"]:
        with open(door, "w") as file:  # noqa: PTH123 - pathlib takes 10 ms to import
            file.write("0")
    if os.geteuid() == 0:
        _hide(order["bundle"])
    os.execve(order["argv"][0], order["argv"], {"PATH": os.defpath})  # noqa: S606 - its purpose


def _hide(bundle: str) -> None:
    """Move the bundle onto a tmpfs that only this process and its children see."""
    _checked(_libc.unshare(_CLONE_NEWNS))
    _checked(_libc.mount(None, b"/", None, ctypes.c_ulong(_MS_REC | _MS_PRIVATE), None))
    kept = os.open(bundle, os.O_RDONLY | os.O_DIRECTORY)
    flags = ctypes.c_ulong(_MS_NOSUID | _MS_NODEV)
    place = bundle.encode()
    _checked(_libc.mount(b"tmpfs", place, b"tmpfs", flags, b"mode=0711,size=64m"))
    for name in os.listdir(kept):  # noqa: PTH208 - of a descriptor
        _moved(f"/proc/self/fd/{kept}/{name}", f"{bundle}/{name}")
    os.close(kept)


def _moved(path: str, to: str) -> None:
    if os.path.isdir(path):  # noqa: PTH112
        shutil.copytree(path, to, symlinks=True)
        shutil.rmtree(path)
    else:
        shutil.copy(path, to)
        os.unlink(path)  # noqa: PTH108


def _checked(got: int) -> None:
    if got < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
