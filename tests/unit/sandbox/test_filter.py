"""The seccomp filter decides alike on both machines, told by running its instructions here."""

import re
from pathlib import Path

import pytest

from harness import deciding
from harness.deciding import ALLOW, ENOSYS, EPERM, KILL
from pratique.sandbox.filter import ALLOWED, program
from pratique.sandbox.syscalls import AARCH64, X86_64, Machine

PID = 4242
HEADERS = {
    "x86_64": Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
    "aarch64": Path("/usr/include/asm-generic/unistd.h"),
}

both = pytest.mark.parametrize("machine", [X86_64, AARCH64], ids=lambda m: m.name)


def decide(machine: Machine, nr: int, *args: int, audit: int | None = None) -> int:
    """Return what a worker's filter decides."""
    return deciding.decide(program(machine, PID), machine, nr, *args, audit=audit)


@both
def test_what_is_admitted(machine: Machine) -> None:
    for name in ALLOWED:
        assert decide(machine, machine.numbers[name]) == ALLOW, name


@both
def test_everything_else_is_refused(machine: Machine) -> None:
    checked = {"clone", "clone3", "mmap", "mprotect", "fcntl", "tgkill", "prlimit64"}
    checked |= {"write", "preadv2", "pwritev2"}
    admitted = {machine.numbers[name] for name in {*ALLOWED, *checked}}
    for nr in set(range(700)) - admitted:
        assert decide(machine, nr) == EPERM, nr


@both
@pytest.mark.parametrize(
    ("name", "args", "want"),
    [
        ("clone", (0x3D0F00,), ALLOW),  # as pthread_create() asks
        ("clone", (0x1200011,), EPERM),  # as fork() asks
        ("clone", (0x4111,), EPERM),  # as vfork() asks
        ("clone3", (0, 0), ENOSYS),
        ("mmap", (0, 4096, 3, 0x22), ALLOW),
        ("mmap", (0, 4096, 1, 0x01), ALLOW),  # a file, shared
        ("mmap", (0, 4096, 3, 0x21), EPERM),  # shared and anonymous: no limit counts it
        ("mmap", (0, 4096, 3, 0x23), EPERM),
        ("mmap", (0, 4096, 5, 0x22), EPERM),
        ("mmap", (0, 4096, 5, 0x02), EPERM),
        ("mprotect", (0, 4096, 3), ALLOW),
        ("mprotect", (0, 4096, 5), EPERM),
        ("mprotect", (0, 4096, 7), EPERM),
        ("fcntl", (5, 1030, 0), ALLOW),
        ("fcntl", (5, 3), ALLOW),
        ("fcntl", (5, 4), EPERM),  # F_SETFL
        ("fcntl", (5, 8), EPERM),  # F_SETOWN
        ("fcntl", (5, 1033), EPERM),  # F_ADD_SEALS
        ("tgkill", (PID, PID, 6), ALLOW),
        ("tgkill", (PID + 1, PID + 1, 9), EPERM),
        ("tgkill", (-1, PID, 9), EPERM),
        ("write", (2, 0, 1), ALLOW),  # which is the null device
        ("write", (3, 0, 1), EPERM),
        ("read", (3, 0, 1), EPERM),  # a position is shared with the parent
        ("lseek", (3, 0, 0), EPERM),
        ("preadv2", (3, 0, 1, 0, 0, 0), ALLOW),
        ("preadv2", (3, 0, 1, 1 << 62, 0, 0), ALLOW),
        ("preadv2", (3, 0, 1, -1, -1, 0), EPERM),
        ("pwritev2", (3, 0, 1, -1, -1, 0), EPERM),
        ("prlimit64", (0, 7, 0, 0x7FFE00000000), ALLOW),
        ("prlimit64", (0, 7, 0x1000, 0), EPERM),
        ("prlimit64", (0, 7, 0x7FFE00000000, 0), EPERM),
        ("prlimit64", (1, 7, 0, 0), EPERM),
    ],
)
def test_arguments(machine: Machine, name: str, args: tuple[int, ...], want: int) -> None:
    assert decide(machine, machine.numbers[name], *args) == want


def test_another_architecture_is_killed() -> None:
    i386, arm = 0x40000003, 0x40000028
    assert decide(X86_64, 0, audit=i386) == KILL
    assert decide(AARCH64, 63, audit=arm) == KILL
    assert decide(X86_64, 63, audit=AARCH64.audit) == KILL


def test_x32_is_killed() -> None:
    assert decide(X86_64, 0x40000000) == KILL
    assert decide(X86_64, 0x40000000 | X86_64.numbers["openat"]) == KILL


@both
def test_the_kernel_takes_programs_of_this_size(machine: Machine) -> None:
    assert len(program(machine, PID)) // 8 < 4096


@both
def test_the_table_agrees_with_the_kernel_headers(machine: Machine) -> None:
    header = HEADERS[machine.name]
    if not header.exists():
        pytest.skip(f"no {header} here")
    found = re.findall(r"#define\s+__NR(?:3264)?_(\w+)\s+(\d+)", header.read_text())
    known = {("newfstatat" if n == "fstatat" else n): int(nr) for n, nr in found}
    assert {n: known.get(n, -1) for n in machine.numbers} == machine.numbers
