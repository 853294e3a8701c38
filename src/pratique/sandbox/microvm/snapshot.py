"""Boot once, keep the machine as it waits for its job, and have every later one start from there.

A snapshot is taken before anything hostile was near and is never written again. All machines that
start from it share the state of the kernel's generator of random numbers and the place of the
kernel in memory; the first process mixes in fresh randomness before it starts a program.
"""

import contextlib
import fcntl
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from pratique.core.errors import JailError, WorkerError
from pratique.sandbox import frames
from pratique.sandbox.asking import printable
from pratique.sandbox.microvm.disks import hole
from pratique.sandbox.microvm.image import Image
from pratique.sandbox.microvm.machine import BASE, DISKS, Machine
from pratique.sandbox.microvm.vmm import Plan, Vmm

BOOT_S = 120.0
KEPT = 3
_SETTLE_S = 0.3


def place(folder: Path, machine: Machine, image: Image) -> Path:
    """Return where the snapshot of this machine with this image is kept."""
    return folder / "snapshots" / f"{machine.key(image.key)}.state"


def take(
    folder: Path, machine: Machine, image: Image, progress: Callable[[str], None] = lambda _: None
) -> Path:
    """Return the snapshot, booting the machine cold if there is none yet.

    Raises:
        JailError: the machine does not boot.

    """
    found = place(folder, machine, image)
    found.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (found.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not found.exists():
            progress("boot the machine once and keep its state")
            _write(found, machine, image)
        os.utime(found)
        kept = sorted(found.parent.glob("*.state"), key=lambda p: p.stat().st_mtime_ns)
        for old in kept[:-KEPT]:
            old.unlink()
    return found


def _write(found: Path, machine: Machine, image: Image) -> None:
    vmm = boot(machine, image, BOOT_S)
    try:
        time.sleep(_SETTLE_S)  # the first process goes from its last word to waiting
        with tempfile.NamedTemporaryFile(dir=found.parent, suffix=".new") as file:
            vmm.monitor.save(file.fileno())
            os.link(file.name, found)
    finally:
        vmm.close()


def boot(machine: Machine, image: Image, seconds: float) -> Vmm:
    """Boot a machine cold, without a job, until its first process waits.

    Raises:
        JailError: it does not boot within that time.

    """
    until = time.monotonic() + seconds
    with contextlib.ExitStack() as opened:
        empty = hole()
        opened.callback(os.close, empty)
        root = os.open(image.root, os.O_RDONLY | os.O_CLOEXEC)
        opened.callback(os.close, root)
        disks = {name: root if name == "root" else empty for name in DISKS}
        vmm = Vmm.start(Plan(machine, image, disks, BASE))
    try:
        told = vmm.hear(until)
    except (TimeoutError, frames.ClosedError, OSError, WorkerError) as e:
        says = printable(vmm.words().strip()[-300:]) or type(e).__name__
        vmm.close()
        raise JailError(f"the machine does not boot within {seconds:g} s: {says}") from e
    if told.get("ready") is not True:
        vmm.close()
        raise JailError(f"the machine does not boot: {printable(told.get('error'))}")
    return vmm
