"""Open devices that reach past the kernel, or a terminal in which others type."""

import contextlib
import errno
import fcntl
import os
from collections.abc import Callable

from pratique.sandbox.guest.escape.attempt import (
    ABSENT,
    Attempt,
    Case,
    ContainedError,
    add,
    attempt,
)

_LOCAL = "a device of the inmate's own machine"
_TIOCSTI, _TIOCLINUX, _TIOCSETD = 0x5412, 0x541C, 0x5423

NODES: dict[str, tuple[str, tuple[str, ...]]] = {
    "kvm": ("No virtual machine is made.", ("/dev/kvm",)),
    "vhost": ("No door to the host's sockets is there.", ("/dev/vhost-vsock", "/dev/vhost-net")),
    "vsock": ("The number of this machine among others is not told.", ("/dev/vsock",)),
    "tun": ("No network interface is made.", ("/dev/net/tun",)),
    "fuse": ("No file system is served by the inmate.", ("/dev/fuse", "/dev/cuse")),
    "loop": ("No file is made a disk.", ("/dev/loop-control", "/dev/loop0")),
    "device-mapper": ("No disk is mapped.", ("/dev/mapper/control", "/dev/btrfs-control")),
    "machine-registers": (
        "No register of the processor is read or written.",
        ("/dev/cpu/0/msr", "/dev/cpu/0/cpuid", "/dev/cpu_dma_latency"),
    ),
    "nvidia": (
        "No GPU is there unless it was given.",
        ("/dev/nvidia0", "/dev/nvidiactl", "/dev/nvidia-uvm"),
    ),
    "graphics": (
        "No graphics device is there unless it was given.",
        ("/dev/dri/renderD128", "/dev/dri/card0", "/dev/fb0"),
    ),
    "accelerators": (
        "No accelerator is there unless it was given.",
        ("/dev/kfd", "/dev/accel/accel0", "/dev/neuron0", "/dev/davinci0"),
    ),
    "infiniband": (
        "No adapter that writes others' memory is there.",
        ("/dev/infiniband/uverbs0", "/dev/infiniband/rdma_cm"),
    ),
    "device-passthrough": ("No device is handed over whole.", ("/dev/vfio/vfio", "/dev/iommu")),
    "input": ("No key is read or typed.", ("/dev/uinput", "/dev/input/event0", "/dev/uhid")),
    "consoles": (
        "No console of the machine is there.",
        ("/dev/console", "/dev/tty0", "/dev/tty1", "/dev/ttyS0", "/dev/vcs"),
    ),
    "watchdog": ("The machine's watchdog is not touched.", ("/dev/watchdog", "/dev/watchdog0")),
    "snapshot": ("The machine's hibernation is not touched.", ("/dev/snapshot",)),
    "hardware-random": ("The hardware's random source is not used up.", ("/dev/hwrng",)),
    "autofs": ("No mount is answered for.", ("/dev/autofs",)),
    "clock": ("The hardware clock is not set.", ("/dev/rtc0", "/dev/rtc", "/dev/ptp0")),
    "security-chip": ("Keys in the security chip are not asked for.", ("/dev/tpm0", "/dev/tpmrm0")),
    "usb": ("No USB device is spoken to.", ("/dev/bus/usb/001/001", "/dev/usbmon0")),
    "sound-and-camera": (
        "Nothing is heard or seen.",
        ("/dev/snd/seq", "/dev/snd/timer", "/dev/video0"),
    ),
}


def _opener(paths: tuple[str, ...]) -> Callable[[Case], object]:
    def act(_: Case) -> object:
        error: OSError = FileNotFoundError(errno.ENOENT, "no such device")
        for path in paths:
            try:
                os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY))
            except OSError as e:
                error = e
                continue
            return f"opened {path}"
        raise error

    return act


_NO_DEVICE = (*ABSENT, errno.EIO, errno.ENOTTY)
for _name, (_says, _paths) in NODES.items():
    add(
        Attempt(f"device-{_name}", "devices", _says, _opener(_paths), also=_NO_DEVICE, local=_LOCAL)
    )


def _terminals() -> list[int]:
    found = [0, 1, 2]
    with contextlib.suppress(OSError):  # no terminal is the good case
        found.append(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    return found


def _control(request: int, argument: bytes) -> object:
    error: OSError = OSError(errno.ENOTTY, "no terminal")
    for fd in _terminals():
        try:
            fcntl.ioctl(fd, request, argument)
        except OSError as e:
            error = e
            continue
        return f"descriptor {fd} took it"
    raise error


@attempt(also=_NO_DEVICE)
def type_into_terminal(_: Case) -> object:
    """Nothing is typed into the terminal of who started it: there is none, or it refuses."""
    return _control(_TIOCSTI, b"\0")


@attempt(also=(*_NO_DEVICE, errno.EINVAL), local=_LOCAL)
def paste_into_console(_: Case) -> object:
    """Nothing is pasted into the console."""
    return _control(_TIOCLINUX, b"\3")


@attempt(local=_LOCAL)
def ask_for_typing_anywhere(_: Case) -> object:
    """The request to type is refused by its number, before anybody asks what it is made of."""
    fd = os.open("/dev/null", os.O_RDWR)
    try:
        fcntl.ioctl(fd, _TIOCSTI, b"\0")
    finally:
        os.close(fd)
    return "let through"


@attempt(local=_LOCAL)
def change_line_discipline(_: Case) -> object:
    """No line discipline is chosen, which loads old parts of the kernel."""
    fd = os.open("/dev/null", os.O_RDWR)
    try:
        fcntl.ioctl(fd, _TIOCSETD, b"\x15\0\0\0")
    finally:
        os.close(fd)
    return "let through"


@attempt(also=_NO_DEVICE, local=_LOCAL)
def own_a_controlling_terminal(_: Case) -> object:
    """The inmate has no controlling terminal: it runs in a session of its own."""
    os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    return "opened"


@attempt(also=_NO_DEVICE, local=_LOCAL)
def open_terminals_of_others(_: Case) -> object:
    """No terminal of anybody else is there."""
    for name in os.listdir("/dev/pts"):
        if name.isdigit():
            os.close(os.open(f"/dev/pts/{name}", os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK))
            return f"opened /dev/pts/{name}"
    raise ContainedError("none is there")
