"""See from outside what holds an inmate: the kernel's account of the process, not its own."""

import os
from pathlib import Path

from pratique.core.errors import JailError
from pratique.sandbox.lockdown import Steps

NAMESPACES = ("user", "pid", "net", "ipc", "uts", "mnt", "cgroup")
_MODE_FILTER = 2


def program_of(first: int) -> int:
    """Return the process that process 1 of a jail started: the one that meets hostile bytes.

    Raises:
        JailError: the jail has ended.

    """
    try:
        children = Path(f"/proc/{first}/task/{first}/children").read_text().split()
    except OSError as e:
        raise JailError("the inmate has gone before it was looked at") from e
    return int(children[0]) if children else first


def prove(pid: int, steps: Steps, cgroup: str) -> None:
    """Add to `steps` what the kernel says of the process `pid`; `cgroup` is its groups' name.

    Raises:
        JailError: it has gone.

    """
    if not Path(f"/proc/{pid}").exists():
        raise JailError("the inmate has gone before it was looked at")
    for name in NAMESPACES:
        steps.take(f"{name}-namespace", lambda name=name: _apart(pid, name))  # type: ignore[misc]
    status = _status(pid)
    steps.take("uid", lambda: _own_user(status))
    steps.take("no-capabilities", lambda: _no_capabilities(status))
    steps.take("no-new-privs", lambda: _is(status, "NoNewPrivs", "1"))
    steps.take("seccomp-mode", lambda: _is(status, "Seccomp", str(_MODE_FILTER)))
    if cgroup:
        steps.take("cgroups", lambda: _grouped(pid, cgroup))


def _apart(pid: int, name: str) -> None:
    if Path(f"/proc/{pid}/ns/{name}").readlink() == Path(f"/proc/self/ns/{name}").readlink():
        raise JailError("shared with this process")


def _status(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {k: v.strip() for k, _, v in (line.partition(":") for line in lines)}


def _own_user(status: dict[str, str]) -> None:
    """Tell whether all four user ids are one that is neither root's nor this process's own."""
    ids = {int(word) for word in status["Uid"].split()}
    if 0 in ids or len(ids) != 1:
        raise JailError("it is root")
    if os.geteuid() in ids:
        raise JailError("only root can give it a user of its own: it has yours, without rights")


def _no_capabilities(status: dict[str, str]) -> None:
    for name in ("CapEff", "CapPrm", "CapInh", "CapAmb"):
        if int(status[name], 16):
            raise JailError(f"{name} is {status[name]}")


def _is(status: dict[str, str], name: str, wanted: str) -> None:
    if status.get(name) != wanted:
        raise JailError(f"{name} is {status.get(name)}")


def _grouped(pid: int, cgroup: str) -> None:
    if cgroup not in Path(f"/proc/{pid}/cgroup").read_text():
        raise JailError("it is not in its group")
