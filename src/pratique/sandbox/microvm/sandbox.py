"""Tier 3 behind the port: a virtual machine without a network, its monitor in the jail of tier 1.

Inside, the program is what it is in the jail: an unprivileged user under Landlock and seccomp, in a
small root of its own. Around it stand another kernel, a machine with disks to read and two serial
channels, and QEMU, which holds nothing but their descriptors.
"""

import contextlib
import functools
import os
import re
import shutil
import subprocess
import time
from pathlib import Path

from pratique.core.errors import JailError, MachineError, WorkerError
from pratique.sandbox.jail.interpreter import Interpreter, interpreter
from pratique.sandbox.microvm import image, snapshot
from pratique.sandbox.microvm.disks import hole, pack
from pratique.sandbox.microvm.image import BUILD_HINT, Image, ImageError
from pratique.sandbox.microvm.inmate import MicroVmInmate
from pratique.sandbox.microvm.machine import BASE, DISKS, OVERHEAD, Accelerator, Machine, plugged
from pratique.sandbox.microvm.order import binds, check, order
from pratique.sandbox.microvm.vmm import Plan, Vmm
from pratique.sandbox.port import Job, Offer, Tier, TierError

__all__ = ["MicroVmInmate", "MicroVmSandbox"]

KVM_PROBE_S = 5.0
QEMU_MEND = "apt install qemu-system-x86, then `pratique microvm build`"
LABELS = {Accelerator.TCG: "microvm-tcg", Accelerator.KVM: "microvm-kvm"}
"""A tier and how it is run, as `core.trace.rank` takes it apart; TCG emulates."""
IDLE = "pratique.sandbox.guest.idle"
OWN = Interpreter(Path(image.PYTHON), (3, 11, 0), ())
"""The image's Python, whatever this machine has."""


class MicroVmSandbox:
    """Tier 3. `folder` holds image, snapshots and packed environments; the user's cache if none.

    Under KVM where a machine has really booted with it; else emulated by TCG, and labelled so.
    """

    tier = Tier.MICROVM

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or image.default_folder()

    def offer(self) -> Offer:
        """Start a machine for real, ask its program for an echo, and tell what held it."""
        try:
            with self._start(Job(IDLE), OWN) as inmate:
                said = list(inmate.ask({"echo": "pratique"}, deadline_s=60))
                label, held = inmate.report.tier, ", ".join(inmate.report.held)
        except TierError as e:
            return Offer(self.tier, usable=False, says=str(e), mend=e.hint())
        except ImageError as e:
            return Offer(self.tier, usable=False, says=str(e), mend=BUILD_HINT)
        except (MachineError, OSError) as e:
            return Offer(self.tier, usable=False, says=str(e), mend=QEMU_MEND)
        if said != [{"echo": "pratique"}]:
            return Offer(self.tier, usable=False, says="its program gives a wrong answer")
        return Offer(self.tier, usable=True, says=f"{label}; {kvm(self.folder)}; {held}")

    def start(self, job: Job) -> MicroVmInmate:
        """Start a program in a machine of its own, from the snapshot, which is made if need be.

        Raises:
            JailError: the machine does not start, or a mechanism of it does not hold.
            TierError: QEMU, bubblewrap or the image is not there.

        """
        own = interpreter(job.python)
        check(own)
        return self._start(job, own)

    def _start(self, job: Job, own: Interpreter) -> MicroVmInmate:
        found = find_image(self.folder)
        machine = with_best(self.folder, found)
        state = snapshot.take(self.folder, machine, found)
        disks = pack(binds(job, own), own, self.folder / "environments")
        memory = job.bounds.memory + OVERHEAD
        try:
            with contextlib.ExitStack() as opened:
                fds = dict(disks.fds)
                for name, fd in (("root", _opened(found.root)), ("", hole())):
                    opened.callback(os.close, fd)
                    fds |= {n: fd for n in DISKS if n == name or (not name and n not in fds)}
                kept = _opened(state)
                opened.callback(os.close, kept)
                vmm = Vmm.start(Plan(machine, found, fds, max(memory, BASE), kept))
        finally:
            disks.close()
        inmate = MicroVmInmate(job, vmm, LABELS[machine.accelerator])
        try:
            if more := plugged(job.bounds.memory):
                vmm.monitor.wait_running()
                vmm.monitor.plug_memory(more)
            inmate.hello(order(job, own, disks, more))
        except BaseException:
            inmate.close()
            raise
        return inmate


def find_image(folder: Path) -> Image:
    """Return the image.

    Raises:
        TierError: it is not built, or stale.

    """
    try:
        return image.find(folder)
    except ImageError as e:
        raise TierError(str(e), e.hint()) from e


def plain_machine() -> Machine:
    """Return the emulated machine.

    Raises:
        TierError: there is no QEMU.

    """
    qemu = shutil.which("qemu-system-x86_64")
    if qemu is None:
        raise TierError("the microVM needs QEMU, which is not installed", QEMU_MEND)
    return Machine(qemu, _version(qemu), Accelerator.TCG)


def with_best(folder: Path, found: Image) -> Machine:
    """Return the machine with KVM where one has booted with it, else the emulated one."""
    machine = plain_machine()
    return machine if _kvm_trouble(folder, found) else machine.under(Accelerator.KVM)


def kvm(folder: Path) -> str:
    """Say what came of the attempt to boot under KVM."""
    return _kvm_trouble(folder, find_image(folder)) or "KVM boots"


@functools.cache
def _kvm_trouble(folder: Path, found: Image) -> str:
    """Boot a machine under KVM; return what was wrong. A device that opens proves nothing."""
    del folder  # the attempt is made once for each folder and image, in this process
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return "no KVM: /dev/kvm is not there, or not for this user"
    began = time.monotonic()
    try:
        snapshot.boot(plain_machine().under(Accelerator.KVM), found, KVM_PROBE_S).close()
    except (JailError, WorkerError, OSError) as e:
        return f"no KVM: tried {time.monotonic() - began:.1f} s: {e}"
    return ""


@functools.cache
def _version(qemu: str) -> str:
    asked = subprocess.run(
        [qemu, "--version"], env={}, capture_output=True, check=False, timeout=30
    )
    told = asked.stdout.decode("utf-8", "replace")
    return found[0] if (found := re.search(r"version .*", told)) else told[:100]


def _opened(path: Path) -> int:
    return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
