"""What the microVM's first process asks of its kernel: ports, disks, mounts, clock, entropy."""

import ctypes
import fcntl
import os
import struct
import time
from collections.abc import Sequence
from pathlib import Path

from pratique.sandbox import kernel

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT, MS_BIND = 1, 2, 4, 8, 32, 4096
_RNDADDENTROPY, _RNDRESEEDCRNG = 0x40085203, 0x5207
_WAIT_S = 5.0
_POLL_S = 0.005


def mount(what: str, where: str, kind: str, flags: int = 0, data: str = "") -> None:
    """Mount.

    Raises:
        OSError: the kernel refused.

    """
    words = [w.encode() for w in (what, where, kind)]
    got = kernel.libc().mount(*words, ctypes.c_ulong(flags), data.encode())
    if got < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"mount {what} on {where}: {os.strerror(code)}")


def port(name: str) -> int:
    """Open the virtio port of that name.

    Raises:
        OSError: there is none.

    """
    for place in Path("/sys/class/virtio-ports").iterdir():
        if (place / "name").read_text().strip() == name:
            return os.open(f"/dev/{place.name}", os.O_RDWR | os.O_CLOEXEC)
    raise FileNotFoundError(f"no virtio port {name!r}")


def disks() -> dict[str, str]:
    """Return the disks' devices by serial number, which QEMU was told."""
    found = {}
    for place in Path("/sys/block").glob("vd*"):
        found[(place / "serial").read_text().strip()] = f"/dev/{place.name}"
    return found


def mount_disk(device: str, where: str, more: Sequence[str]) -> None:
    """Mount a read-only disk, whose large files lie on the devices `more`, in order."""
    Path(where).mkdir(parents=True, exist_ok=True)
    options = ",".join(f"device={one}" for one in more)
    mount(device, where, "erofs", MS_RDONLY | MS_NOSUID | MS_NODEV, options)


def set_clock(seconds: float) -> None:
    """Set the wall clock, for the whole machine."""
    time.clock_settime(time.CLOCK_REALTIME, seconds)


def reseed(seed: bytes) -> None:
    """Mix fresh randomness in and have the kernel's generator start over from it.

    Every machine restored from one snapshot would otherwise draw the same numbers.
    """
    with open("/dev/urandom", "wb", buffering=0) as pool:  # noqa: PTH123 - a device
        body = struct.pack("=ii", len(seed) * 8, len(seed)) + seed
        fcntl.ioctl(pool.fileno(), _RNDADDENTROPY, body)
        fcntl.ioctl(pool.fileno(), _RNDRESEEDCRNG)


def memory() -> int:
    """Return how many bytes of memory the kernel hands out."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def wait_memory(before: int, more: int) -> None:
    """Wait until `more` bytes have come to the `before` ones; the kernel keeps a few for itself.

    Raises:
        TimeoutError: they did not come.

    """
    until = time.monotonic() + _WAIT_S + more / (1 << 30)
    while memory() < before + more * 9 // 10:
        if time.monotonic() > until:
            raise TimeoutError("the memory that was plugged in does not come up")
        time.sleep(_POLL_S)


def power_off() -> None:
    """End the machine."""
    os.sync()
    kernel.libc().reboot(ctypes.c_int(0x4321FEDC))  # LINUX_REBOOT_CMD_POWER_OFF
