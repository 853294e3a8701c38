"""Change the machine itself: its clock, name, accounts, swap, kernel and power."""

import ctypes
import os
import struct
import time
from collections.abc import Callable
from typing import Any

from pratique.sandbox.guest.escape.attempt import (
    NOWHERE,
    OUTSIDE,
    Attempt,
    Case,
    add,
    attempt,
    call,
)

_LOCAL = "a setting of the inmate's own machine"
_TIMEX = 208
_ADJ_STATUS = 0x10

# name: (what containment means, the call, arguments that change nothing where they are taken)
CALLS: dict[str, tuple[str, str, tuple[int | bytes | None, ...]]] = {
    "set-time-of-day": ("The clock is not set.", "settimeofday", (None, None)),
    "restart-the-machine": ("The machine is not restarted.", "reboot", (0, 0, 0, None)),
    "swap-on": ("No swap is added.", "swapon", (NOWHERE, 0)),
    "swap-off": ("No swap is taken.", "swapoff", (NOWHERE,)),
    "account-processes": ("No accounting of processes is begun.", "acct", (NOWHERE,)),
    "disk-quotas": (
        "No quota is asked or set.",
        "quotactl",
        (0x80000000 | 0x800002 << 8, None, 0, None),
    ),
    "disk-quotas-by-descriptor": (
        "No quota is set by descriptor.",
        "quotactl_fd",
        (0, 0x800001 << 8, 0, None),
    ),
    "load-a-module": ("No module is loaded.", "init_module", (None, 0, None)),
    "load-a-module-file": ("No module is loaded from a file.", "finit_module", (-1, b"", 0)),
    "unload-a-module": ("No module is unloaded.", "delete_module", (NOWHERE[1:], 0x800)),
    "load-a-kernel": ("No other kernel is loaded.", "kexec_load", (0, 0, None, 0xFFFF)),
    "load-a-kernel-file": (
        "No other kernel is loaded from a file.",
        "kexec_file_load",
        (-1, -1, 0, None, 0),
    ),
    "hang-up-terminal": ("No terminal is hung up.", "vhangup", ()),
    "clear-kernel-log": ("The level of the kernel's log is not set.", "syslog", (8, None, 99)),
}


def _caller(name: str, args: tuple[int | bytes | None, ...]) -> Callable[[Case], object]:
    return lambda _: f"answered {call(name, *args)}"


def _enter(name: str, row: tuple[str, str, tuple[Any, ...]]) -> None:
    says, which, args = row
    add(Attempt(name, "host", says, _caller(which, args), local=_LOCAL))


for _name, _row in CALLS.items():
    _enter(_name, _row)


@attempt(local=_LOCAL)
def set_clock(_: Case) -> None:
    """The clock is not set, not even to what it shows."""
    call("clock_settime", 0, struct.pack("=2q", *divmod(time.time_ns(), 1_000_000_000)))


@attempt(local=_LOCAL)
def adjust_clock(_: Case) -> object:
    """The clock is not steered."""
    return _steer("adjtimex")


@attempt(local=_LOCAL)
def adjust_clock_by_number(_: Case) -> object:
    """The clock is not steered by the call that names which."""
    return _steer("clock_adjtime", 0)


def _steer(name: str, *first: int) -> object:
    """Set what is set already: the status that was read."""
    held = ctypes.create_string_buffer(_TIMEX)
    call(name, *first, ctypes.addressof(held))
    struct.pack_into("=I", held, 0, _ADJ_STATUS)
    return f"answered {call(name, *first, ctypes.addressof(held))}"


@attempt(local=_LOCAL)
def set_host_name(_: Case) -> None:
    """The name of the machine is not set, not even to what it is."""
    name = os.uname().nodename.encode()
    call("sethostname", name, len(name))


@attempt(local=_LOCAL)
def set_domain_name(_: Case) -> None:
    """The domain of the machine is not set."""
    call("setdomainname", b"(none)", 6)


@attempt(OUTSIDE)
def learn_host_name(case: Case) -> object:
    """The name of the host is not had."""
    return case.loot(b"host " + os.uname().nodename.encode())
