"""The command line of bubblewrap: what an inmate sees of this machine, and as whom."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pratique.core.limits import MiB
from pratique.core.trace import Condition
from pratique.sandbox.jail.interpreter import Interpreter
from pratique.sandbox.port import Job, Mount
from pratique.sandbox.record.decoys import RESOLVER

UID = 1000
CODE = "/pratique"
SHARED_MEMORY = 64 * MiB
_SEARCH = "/usr/local/bin:/usr/bin:/bin"
_LINKS = ("bin", "lib", "lib32", "lib64", "libx32", "sbin")
_ETC = ("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "alternatives")


@dataclass(frozen=True, slots=True)
class Shown:
    """What an inmate is shown: `binds` are read-only, `files` are (path, content) made on the spot.

    `host` of a bind may be replaced by where the launcher staged it.
    """

    binds: tuple[Mount, ...]
    files: tuple[tuple[str, bytes], ...]
    environment: tuple[tuple[str, str], ...]
    condition: Condition
    tmp: int
    devices: tuple[str, ...] = ()


def home(condition: Condition) -> str:
    """Return the home folder of who an inmate believes to be."""
    return f"/home/{condition.user}"


def shown(job: Job, own: Interpreter, *, programs: bool) -> Shown:
    """Return what a job is shown; `programs` shows all of /usr.

    Without `programs` the libraries of the system are there and its programs are not, but for the
    interpreter.
    """
    binds = [*_system(programs=programs), *_code()]
    binds += [Mount(folder, str(folder)) for folder in (*own.folders, *job.paths)]
    hidden = not programs or not own.program.is_relative_to("/usr")
    if hidden and not any(own.program.is_relative_to(folder) for folder in own.folders):
        binds.append(Mount(own.program.resolve(), str(own.program)))
    binds += list(job.mounts)
    return Shown(
        tuple(binds),
        tuple(_etc(job.condition)),
        tuple(_environment(job).items()),
        job.condition,
        job.bounds.tmp,
    )


def arguments(shown: Shown, fds: Sequence[int], status: int) -> list[str]:
    """Return the arguments of bubblewrap; `fds` are descriptors of `shown.files`, in order.

    Namespaces are demanded, never tried: bubblewrap fails where one cannot be had.
    """
    who = shown.condition
    args = ["--unshare-user", "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts"]
    args += ["--unshare-cgroup", "--die-with-parent", "--new-session", "--clearenv"]
    args += ["--uid", str(UID), "--gid", str(UID), "--hostname", who.host]
    args += ["--json-status-fd", str(status)]
    args += [*_links(), "--proc", "/proc", "--dev", "/dev"]
    for device in shown.devices:
        args += ["--dev-bind", device, device]
    for path in ("/tmp", home(who), "/dev/shm"):  # noqa: S108 - the inmate's own
        size = SHARED_MEMORY if path == "/dev/shm" else shown.tmp  # noqa: S108
        args += ["--size", str(size), "--perms", "0700", "--tmpfs", path]
    for bind in shown.binds:  # some may lie in a folder that is otherwise the inmate's own
        args += ["--ro-bind", str(bind.host), bind.inside]
    for (path, _), fd in zip(shown.files, fds, strict=True):
        args += ["--perms", "0444", "--file", str(fd), path]
    for name, value in shown.environment:
        args += ["--setenv", name, value]
    return [*args, "--remount-ro", "/dev", "--remount-ro", "/", "--chdir", home(who)]


def _system(*, programs: bool) -> Iterator[Mount]:
    if programs:
        yield Mount(Path("/usr"), "/usr")
    else:
        for name in _LINKS:
            if name.startswith("lib") and (Path("/usr") / name).is_dir():
                yield Mount(Path("/usr") / name, f"/usr/{name}")
    for name in _LINKS:  # a machine whose /lib is no link into /usr
        place = Path("/") / name
        if place.is_dir() and not place.is_symlink() and (programs or name.startswith("lib")):
            yield Mount(place, str(place))
    for name in _ETC:
        if (Path("/etc") / name).exists():
            yield Mount(Path("/etc") / name, f"/etc/{name}")


def _links() -> Iterator[str]:
    for name in _LINKS:
        place = Path("/") / name
        if place.is_symlink():
            yield from ("--symlink", str(place.readlink()), f"/{name}")


def _code() -> Iterator[Mount]:
    """Show the few parts of this package that a guest imports."""
    root = Path(__file__).parent.parent.parent
    for name in ("__init__.py", "core", "sandbox"):
        yield Mount(root / name, f"{CODE}/{root.name}/{name}")


def _etc(who: Condition) -> Iterator[tuple[str, bytes]]:
    people = f"root:x:0:0:root:/root:/bin/sh\n{who.user}:x:{UID}:{UID}::{home(who)}:/bin/bash\n"
    yield "/etc/passwd", (people + "nobody:x:65534:65534::/:/bin/false\n").encode()
    yield "/etc/group", f"root:x:0:\n{who.user}:x:{UID}:\nnogroup:x:65534:\n".encode()
    yield "/etc/hosts", f"127.0.0.1 localhost\n127.0.1.1 {who.host}\n".encode()
    yield "/etc/hostname", f"{who.host}\n".encode()
    yield "/etc/resolv.conf", f"nameserver {RESOLVER}\noptions timeout:1 attempts:1\n".encode()
    yield "/etc/nsswitch.conf", b"passwd: files\ngroup: files\nhosts: files dns\n"


def _environment(job: Job) -> dict[str, str]:
    who = job.condition
    base = {
        "HOME": home(who),
        "USER": who.user,
        "LOGNAME": who.user,
        "LANG": who.locale,
        "PATH": os.pathsep.join([str(job.python.absolute().parent), _SEARCH]),
        "TMPDIR": "/tmp",  # noqa: S108 - the inmate's own
        "TERM": "dumb",
    }
    return base | dict(job.environment)
