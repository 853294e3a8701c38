"""The recording filter decides alike on both machines, told by running its instructions here."""

import pytest

from harness.deciding import ALLOW, ENOSYS, EPERM, KILL, NOTIFY, decide
from pratique.sandbox.guest import recording
from pratique.sandbox.record import calls, describe, sink_jail, sleeping
from pratique.sandbox.syscalls import AARCH64, X86_64, Machine

CHANNEL = 7

both = pytest.mark.parametrize("machine", [X86_64, AARCH64], ids=lambda m: m.name)


@both
def test_every_refused_or_watched_call_is_asked_for_and_can_be_described(machine: Machine) -> None:
    code = recording.program(machine, CHANNEL)
    for name in (*calls.REFUSED, *calls.WATCHED):
        nr = machine.numbers[name]
        if nr >= 0:
            assert decide(code, machine, nr, 1, 1, 1) == NOTIFY, name
    told = {*calls.REFUSED, *calls.WATCHED, *calls.BY_ARGUMENT} - set(sleeping.SLEEPS)
    assert all(name in calls.REFUSED or name in describe.DESCRIBERS for name in told)
    assert all(describe.bare(name) for name in told)


@both
@pytest.mark.parametrize(
    ("name", "args", "want"),
    [
        ("read", (3,), ALLOW),
        ("write", (3,), ALLOW),
        ("futex", (0,), ALLOW),
        ("newfstatat", (0,), ALLOW),
        ("clock_gettime", (0,), ALLOW),
        ("clone3", (0, 0), ENOSYS),
        ("socket", (1, 1, 0), ALLOW),
        ("socket", (2, 1, 6), ALLOW),
        ("socket", (2, 0x80802, 0), ALLOW),
        ("socket", (10, 0x80001, 0), ALLOW),
        ("socket", (2, 3, 1), NOTIFY),
        ("socket", (2, 0x80003, 1), NOTIFY),
        ("socket", (10, 5, 132), NOTIFY),
        ("socket", (2, 10, 0), NOTIFY),
        ("socket", (16, 2, 0), NOTIFY),
        ("socket", (40, 1, 0), NOTIFY),
        ("socketpair", (1, 1, 0), ALLOW),
        ("socketpair", (30, 1, 0), NOTIFY),
        ("sendto", (3, 0, 0, 0, 0, 0), ALLOW),
        ("sendto", (3, 0, 0, 0, 0x1000, 16), NOTIFY),
        ("sendto", (3, 0, 0, 0, 0x7F0000000000, 16), NOTIFY),
        ("sendmsg", (CHANNEL, 0, 0), ALLOW),
        ("sendmsg", (CHANNEL + 1, 0, 0), NOTIFY),
        ("sendmmsg", (3, 0, 1), NOTIFY),
        ("mmap", (0, 4096, 3, 2, 5), ALLOW),
        ("mmap", (0, 4096, 5, 2, 5), NOTIFY),
        ("mmap", (0, 4096, 7, 0x22, -1), ALLOW),
        ("prctl", (15, 0), ALLOW),
        ("prctl", (4, 0), NOTIFY),
        ("prctl", (22, 2), NOTIFY),
        ("ioctl", (0, 0x5401), ALLOW),
        ("ioctl", (0, 0x5412), NOTIFY),
        ("rt_sigaction", (15, 0x1000), NOTIFY),
        ("rt_sigaction", (15, 0x7F0000000000), NOTIFY),
        ("rt_sigaction", (15, 0), ALLOW),
        ("rt_sigaction", (17, 0x1000), ALLOW),
        ("pselect6", (0, 0, 0, 0, 0x1000), NOTIFY),
        ("pselect6", (4, 0, 0, 0, 0x1000), ALLOW),
        ("ppoll", (0, 0, 0x1000), NOTIFY),
        ("ppoll", (0x1000, 1, 0x1000), ALLOW),
    ],
)
def test_arguments(machine: Machine, name: str, args: tuple[int, ...], want: int) -> None:
    code = recording.program(machine, CHANNEL)
    assert decide(code, machine, machine.numbers[name], *args) == want


def test_without_a_channel_every_message_is_asked_for() -> None:
    code = recording.program(X86_64)
    assert decide(code, X86_64, X86_64.numbers["sendmsg"], 3) == NOTIFY


def test_another_architecture_and_x32_are_killed() -> None:
    code = recording.program(X86_64, CHANNEL)
    assert decide(code, X86_64, 0, audit=0x40000003) == KILL
    assert decide(code, X86_64, 0x40000000 | 257) == KILL
    assert decide(recording.program(AARCH64), AARCH64, 63, audit=0x40000028) == KILL


@both
def test_the_kernel_takes_programs_of_this_size(machine: Machine) -> None:
    assert len(recording.program(machine, CHANNEL)) // 8 < 4096


@both
def test_the_decoys_helper_may_do_little(machine: Machine) -> None:
    code, nr = sink_jail.program(machine), machine.numbers
    for name in ("openat", "execve", "clone", "connect", "ptrace", "kill", "unlinkat", "setns"):
        assert decide(code, machine, nr[name]) == EPERM, name
    for name in ("recvmsg", "sendmsg", "accept4", "bind", "listen"):
        assert decide(code, machine, nr[name]) == ALLOW, name
    assert decide(code, machine, nr["socket"], 2, 1) == ALLOW
    assert decide(code, machine, nr["socket"], 16, 3) == EPERM
    assert decide(code, machine, nr["mmap"], 0, 4096, 5) == EPERM
    assert decide(code, machine, nr["ioctl"], 0, 0x5412) == EPERM
