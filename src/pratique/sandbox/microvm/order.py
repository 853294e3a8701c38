"""What a machine is told to do: the job, in the words of its first process and of its program."""

import os
import time
from collections.abc import Iterator
from typing import Any

from pratique.core.errors import JailError
from pratique.sandbox.jail import command
from pratique.sandbox.jail.interpreter import SYSTEM, Interpreter
from pratique.sandbox.jail.sandbox import order_of
from pratique.sandbox.microvm.disks import Disks
from pratique.sandbox.microvm.image import PYTHON
from pratique.sandbox.port import Job, Mount

VERSION = (3, 11)
"""Of the image's own Python, which stands in for the system's."""

_BEGIN = "import sys; sys.path.insert(0, {code!r}); from pratique.sandbox.guest.entry import main; "
_CHANNEL = 3
_SEED = 64


def check(own: Interpreter) -> None:
    """Refuse an interpreter that the image cannot stand in for.

    Raises:
        JailError: it is the system's own, of another version.

    """
    if not own.folders and own.version[:2] != VERSION:
        version = ".".join(map(str, own.version))
        raise JailError(
            f"{str(own.program)!r} is this system's Python {version}; the microVM brings 3.11: "
            "use a virtual environment of an interpreter that lies outside /usr"
        )


def binds(job: Job, own: Interpreter) -> tuple[Mount, ...]:
    """Return what a job is shown of this machine; the system's own part is the image's."""
    shown = command.shown(job, own, programs=False).binds
    code = [bind for bind in shown if bind.inside.startswith(f"{command.CODE}/")]
    folders = [Mount(folder, str(folder)) for folder in (*own.folders, *job.paths)]
    return (*code, *folders, *job.mounts)


def order(job: Job, own: Interpreter, disks: Disks, plugged: int) -> dict[str, Any]:
    """Return the frame for the machine's first process; `plugged` bytes of memory come as well."""
    shown = command.shown(job, own, programs=False)
    root = f"{command.CODE}/pratique/"
    home = command.home(job.condition)
    tmp, shared = job.bounds.tmp, command.SHARED_MEMORY
    program = PYTHON if own.program.is_relative_to(SYSTEM) else str(own.program)
    begin = _BEGIN.format(code=command.CODE) + f"main({_CHANNEL})"
    return {
        "seed": os.urandom(_SEED).hex(),
        "now": time.time() + job.condition.clock_s,
        "host": job.condition.host,
        "disks": disks.mounts,
        "code": [(disk, at.removeprefix(root)) for disk, at in disks.binds if at.startswith(root)],
        "binds": list(_ordered(disks)),
        "files": [(path, body.decode()) for path, body in shown.files],
        "tmpfs": [("/tmp", tmp), (home, tmp), ("/dev/shm", shared)],  # noqa: S108 - its own
        "uid": command.UID,
        "environment": list(shown.environment),
        "argv": [program, "-I", "-B", "-c", begin],
        "memory": job.bounds.memory,
        "processes": job.bounds.processes,
        "plugged": plugged,
        "record": job.record,
        "canary": job.canary,
    }


def _ordered(disks: Disks) -> Iterator[tuple[str, str]]:
    """Yield outer folders before what lies in them."""
    yield from sorted(disks.binds, key=lambda pair: pair[1].count("/"))


def program_order(job: Job) -> dict[str, Any]:
    """Return the program's first frame. Its clock is the machine's: nothing is to be shifted."""
    return {**order_of(job), "clock_s": 0}
