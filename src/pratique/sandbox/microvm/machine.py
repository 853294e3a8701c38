"""The virtual machine: QEMU's command line, and the descriptors that go with it.

A machine restored from a snapshot must have the very devices that the snapshot was taken with. So
there are always the same disks: what a job does not need is a large hole that nobody reads. No
network, no display, no USB, no serial port, no monitor that the guest could reach.
"""

import dataclasses
import enum
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from pratique.core.limits import GiB, MiB
from pratique.sandbox.guest.vmm import FIRST

BASE = 384 * MiB
"""Memory of a machine at its start and in its snapshot; the rest is plugged in when it runs."""
STEP = 128 * MiB
"""Memory is plugged in by multiples of this: a section of Linux's memory map."""
OVERHEAD = 256 * MiB
"""What the guest's kernel and first process use beside the program."""
MEMORY_MOST = 256 * GiB
MONITOR = 1 * GiB
"""What QEMU itself may use beside the guest's memory: translated code, buffers, stacks."""
LARGE_FILES = 8
DISKS = ("root", "job", "env", *(f"f{n}" for n in range(LARGE_FILES)))
SOCKETS = ("channel", "control", "monitor")

_SANDBOX = "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"
_APPEND = "quiet panic=-1 random.trust_cpu=on memhp_default_state=online"
_MACHINE = "q35,usb=off,vmport=off,smm=off,sata=off,smbus=off,i8042=off,hpet=off,graphics=off"


class Accelerator(enum.Enum):
    """Who runs the guest's code."""

    TCG = "tcg"
    KVM = "kvm"


@dataclass(frozen=True, slots=True)
class Machine:
    """One kind of machine."""

    qemu: str
    version: str
    accelerator: Accelerator

    def under(self, accelerator: Accelerator) -> "Machine":
        """Return the same machine with another accelerator."""
        return dataclasses.replace(self, accelerator=accelerator)

    def key(self, image: str) -> str:
        """Return a short digest over all that a snapshot of that image depends on."""
        words = [image, self.version, *self.arguments(incoming=False)]
        return hashlib.sha256("\0".join(words).encode()).hexdigest()[:16]

    def arguments(self, *, incoming: bool) -> list[str]:
        """Return QEMU's command line, to start cold or from the snapshot that is handed over."""
        fds = numbers()
        kvm = self.accelerator is Accelerator.KVM
        args = [self.qemu, "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"]
        args += ["-sandbox", _SANDBOX, "-machine", _MACHINE]
        args += ["-accel", "kvm" if kvm else "tcg,tb-size=256"]
        args += ["-cpu", "host" if kvm else "max", "-smp", "1"]
        args += ["-m", f"size={BASE >> 20}M,slots=2,maxmem={MEMORY_MOST >> 20}M"]
        args += ["-kernel", "/image/vmlinuz", "-initrd", "/image/initrd", "-append", _APPEND]
        for number, disk in enumerate(DISKS, 1):
            file = f"file.driver=file,file.filename=/dev/fdset/{number},file.locking=off"
            args += ["-add-fd", f"fd={fds[disk]},set={number}"]
            args += ["-blockdev", f"driver=raw,node-name={disk},read-only=on,{file}"]
            args += ["-device", f"virtio-blk-pci,drive={disk},serial={disk},num-queues=1"]
        args += ["-device", "virtio-serial-pci,max_ports=3"]
        for port in ("channel", "control"):
            args += ["-chardev", f"socket,id={port},fd={fds[port]}"]
            args += ["-device", f"virtserialport,chardev={port},name={port}"]
        args += ["-chardev", f"socket,id=monitor,fd={fds['monitor']}"]
        args += ["-mon", "chardev=monitor,mode=control"]
        return [*args, "-incoming", f"fd:{fds['snapshot']}"] if incoming else args


def numbers() -> dict[str, int]:
    """Return the descriptor that QEMU knows each disk, socket and the snapshot by."""
    return {name: FIRST + n for n, name in enumerate((*DISKS, *SOCKETS, "snapshot"))}


def ordered(disks: Mapping[str, int], sockets: Mapping[str, int], snapshot: int) -> list[int]:
    """Return descriptors in the order of `numbers`."""
    found = [disks[name] for name in DISKS] + [sockets[name] for name in SOCKETS]
    return [*found, snapshot] if snapshot >= 0 else found


def plugged(memory: int) -> int:
    """Return how many bytes to plug in for a program that may use `memory`."""
    wanted = memory + OVERHEAD - BASE
    return max(0, -(-wanted // STEP) * STEP)
