"""The disks of one job: the interpreter's packages, kept and used again, and the rest made afresh.

Large files of a model are not copied: each gets a disk of its own that is the file itself, opened
read-only. The job's other files go to a file without a name, which ends with the machine.
"""

import fcntl
import functools
import hashlib
import os
import stat
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pratique.core.errors import JailError
from pratique.core.limits import MiB
from pratique.sandbox.jail.interpreter import Interpreter
from pratique.sandbox.microvm.erofs import Tree
from pratique.sandbox.microvm.machine import LARGE_FILES
from pratique.sandbox.port import Mount

LARGE = 8 * MiB
FILES_MOST = 1_000_000
FORMAT = 2
"""Raised when packed environments of an older form cannot be used any more."""
HOLE = 1 << 40
"""Bytes that a disk seems to have which no job has filled yet: more than any that may come."""
KEPT = 4
"""Environments that are kept packed; the one that was not used for longest goes first."""

JOB, ENVIRONMENT = "/mnt/job", "/mnt/env"


@dataclass(slots=True)
class Disks:
    """Open descriptors of a job's disks, and where inside each is to be seen."""

    fds: dict[str, int] = field(default_factory=dict)
    mounts: list[tuple[str, str, list[str]]] = field(default_factory=list)
    binds: list[tuple[str, str]] = field(default_factory=list)

    def close(self) -> None:
        """Close them; twice does no harm."""
        while self.fds:
            os.close(self.fds.popitem()[1])


def hole() -> int:
    """Return a descriptor of an empty disk, larger than any that may take its place."""
    with tempfile.TemporaryFile() as file:
        size = HOLE
        while True:  # a file system has a largest file
            try:
                os.ftruncate(file.fileno(), size)
                break
            except OSError:
                size //= 2
        return os.open(f"/proc/self/fd/{file.fileno()}", os.O_RDONLY | os.O_CLOEXEC)


def pack(binds: Sequence[Mount], own: Interpreter, cache: Path) -> Disks:
    """Pack what a job is shown. What lies in a folder of the interpreter comes from `cache`.

    Raises:
        JailError: something cannot be read.

    """
    disks = Disks()
    try:
        folders = frozenset(own.folders)
        if folders:
            disks.fds["env"] = _environment(own.folders, cache)
            disks.mounts.append(("env", ENVIRONMENT, []))
            disks.binds += [(f"{ENVIRONMENT}{f}", str(f)) for f in own.folders]
        rest = [b for b in binds if not (b.host in folders and str(b.host) == b.inside)]
        _job(disks, rest)
    except OSError as e:
        disks.close()
        raise JailError(f"the job's disks cannot be made: {e}") from e
    except BaseException:
        disks.close()
        raise
    return disks


def _job(disks: Disks, binds: Sequence[Mount]) -> None:
    alone = _largest(binds)
    tree = Tree(times=True)
    for number, bind in enumerate(binds):
        tree.host_tree(f"/{number}", bind.host, alone)
        disks.binds.append((f"{JOB}/{number}", bind.inside))
    with tempfile.TemporaryFile() as file:
        tree.write(file.fileno())
        place = f"/proc/self/fd/{file.fileno()}"
        disks.fds["job"] = os.open(place, os.O_RDONLY | os.O_CLOEXEC)
    names = []
    for number, path in enumerate(tree.devices):
        disks.fds[f"f{number}"] = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        names.append(f"f{number}")
    disks.mounts.append(("job", JOB, names))


def _largest(binds: Sequence[Mount]) -> frozenset[Path]:
    found: list[tuple[int, Path]] = []
    for number, path in enumerate(p for bind in binds for p in _files(bind.host)):
        if number > FILES_MOST:
            raise JailError(f"more than {FILES_MOST} files for one machine")
        size = path.stat().st_size
        if size >= LARGE:
            found.append((size, path))
    return frozenset(path for _, path in sorted(found, reverse=True)[:LARGE_FILES])


def _files(top: Path) -> Iterator[Path]:
    if top.is_file():
        yield top
    elif top.is_dir():
        for folder, _, names in os.walk(top):
            for name in names:
                path = Path(folder, name)
                if stat.S_ISREG(path.lstat().st_mode):
                    yield path


def _environment(folders: tuple[Path, ...], cache: Path) -> int:
    """Return a descriptor of the packed folders of an interpreter, packing them if they changed."""
    cache.mkdir(mode=0o700, parents=True, exist_ok=True)
    place = cache / f"{_listing(folders, _changed(folders))}.erofs"
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not place.exists():
            _pack_environment(folders, place)
        os.utime(place)
        kept = sorted(cache.glob("*.erofs"), key=lambda p: p.stat().st_mtime_ns, reverse=True)
        for old in kept[KEPT:]:
            old.unlink()
        return os.open(place, os.O_RDONLY | os.O_CLOEXEC)


def _pack_environment(folders: tuple[Path, ...], place: Path) -> None:
    tree = Tree(times=True)
    for folder in folders:
        tree.host_tree(str(folder), folder)
    with tempfile.NamedTemporaryFile(dir=place.parent, suffix=".new") as file:
        tree.write(file.fileno())
        os.link(file.name, place)


def _changed(folders: tuple[Path, ...]) -> int:
    """Return when packages were last put in or taken out: what a listing in memory is good for."""
    places = [p for f in folders for p in (f, *f.glob("lib/python*"), *f.glob("lib/*/*-packages"))]
    return max(p.stat().st_mtime_ns for p in places)


@functools.cache
def _listing(folders: tuple[Path, ...], changed: int) -> str:
    """Return a digest over names, sizes and times of all files; `changed` keeps it fresh.

    Byte code is left out: it comes and goes with use, and is believed only if its source fits.
    """
    digest = hashlib.sha256(f"{changed} {FORMAT}".encode())
    for top in folders:
        for folder, below, names in os.walk(top):
            below[:] = sorted(name for name in below if name != "__pycache__")
            for name in sorted(names):
                path = Path(folder, name)
                found = path.lstat()
                line = f"{path}\0{found.st_size}\0{found.st_mtime_ns}\0{found.st_mode}\n"
                digest.update(line.encode("utf-8", "surrogateescape"))
    return digest.hexdigest()[:32]
