"""Whatever the recorded does, recording stays bounded and nobody hangs when it ends."""

import contextlib
import ctypes
import errno
import mmap
import os
import random
import select
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from harness.recorded import AWAY, DEADLINE_S, child, ended, number, own_channel, raw, record
from pratique.sandbox import deny, kernel
from pratique.sandbox.record import calls
from pratique.sandbox.record.recorder import Recorder
from pratique.sandbox.syscalls import this_machine

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="recording needs Linux")


def test_a_flood_of_calls_stays_bounded_and_hides_nothing() -> None:
    def payload() -> None:
        fd = number("openat")
        libc = ctypes.CDLL(None)
        for index in range(200_000):
            libc.syscall(fd, -100, b"/nothing/%d" % index, 0)
        with socket.socket() as sock, contextlib.suppress(OSError):
            sock.connect(AWAY)

    seen = record(payload)
    assert seen.status == 0
    assert seen.cut
    assert len(seen.events) < 8_100
    assert seen.of("connect", address="192.0.2.7")
    assert sum(e.count for e in seen.of("open")) == 200_000
    assert seen.one("open", more="past the bound of the recording").count > 190_000


def test_equal_calls_are_folded() -> None:
    def payload() -> None:
        for index in range(3_000):
            with contextlib.suppress(OSError):
                os.open(f"/nothing/{index % 3}", os.O_RDONLY)

    seen = record(payload)
    assert not seen.cut
    assert len(seen.of("open")) == 3 * 16
    assert sum(e.count for e in seen.of("open")) == 3_000


def test_many_threads_at_once_are_answered() -> None:
    def payload() -> None:
        def often() -> None:
            for _ in range(200):
                os.close(os.open("/etc/hostname", os.O_RDONLY))

        threads = [threading.Thread(target=often) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    seen = record(payload)
    assert seen.status == 0
    assert seen.of("open", path="/etc/hostname")
    assert sum(e.count for e in seen.of("open", path="/etc/hostname")) == 3_200


def test_targets_that_die_while_they_wait_do_no_harm() -> None:
    def payload() -> None:
        children = []
        for _ in range(30):
            pid = os.fork()
            if pid == 0:
                while True:
                    os.close(os.open("/etc/hostname", os.O_RDONLY))
            children.append(pid)
        time.sleep(0.2)
        for pid in children:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        Path("/etc/hosts").read_bytes()

    seen = record(payload)
    assert seen.status == 0
    assert seen.of("open", path="/etc/hosts")


def test_odd_arguments_of_any_call_break_nothing(tmp_path: Path) -> None:
    """Whatever the words are: no call stops the recorder, and the last one is still told."""
    signals = {*calls.SIGNALS, *calls.PROCESSES, *calls.PROGRAMS}
    waits = {"select", "pselect6", "poll", "ppoll", "accept", "accept4"}
    names = sorted({*calls.REFUSED, *calls.WATCHED, *calls.BY_ARGUMENT} - signals - waits)
    tmp_path.chmod(0o777)

    def payload() -> None:
        os.chdir(tmp_path)
        signal.signal(signal.SIGALRM, signal.SIG_IGN)
        picks = random.Random(7)  # noqa: S311 - the same words every time
        page = mmap.mmap(-1, 2 * mmap.PAGESIZE)
        page.write(bytes(1 + picks.randrange(46) for _ in range(len(page))))
        at = kernel.address(page)
        words = [0, 1, -1, -100, 999, at, at + 5, at + len(page) - 9, 1 << 62, -(1 << 62), 0xDEAD0]
        for name in names:
            for _ in range(20):
                if number(name) >= 0:
                    raw(name, *picks.choices(words, k=6))
        Path("/etc/hostname").read_bytes()

    seen = record(payload)
    assert seen.status == 0
    assert seen.of("open", path="/etc/hostname")
    assert len({e.word("name") for e in seen.of("kernel")}) > len(deny.KERNEL) // 2


def test_odd_programs_and_signals_break_nothing() -> None:
    def payload() -> None:
        for at in (0, 1 << 62, 0xDEAD0):
            raw("execve", at, at, at)
            raw("execveat", -1, at, at, 0, 0x1000)
            raw("tgkill", os.getpid(), 1 << 40, 99)
            raw("pidfd_send_signal", -1, 99, None, 0)
        Path("/etc/hostname").read_bytes()

    seen = record(payload)
    assert seen.status == 0
    assert seen.of("execve", unreadable="execve")
    assert seen.of("open", path="/etc/hostname")


def test_memory_that_changes_while_it_is_read_decides_nothing() -> None:
    """Refusals look at registers: a racing writer cannot turn one into a leave."""

    def payload() -> None:
        racing = ctypes.create_string_buffer(b"/etc/hostname")
        stop = threading.Event()

        def race() -> None:
            while not stop.is_set():
                racing.value = b"/etc/hosts"
                racing.value = b"/etc/hostname"

        thread = threading.Thread(target=race)
        thread.start()
        libc = ctypes.CDLL(None)
        for _ in range(500):
            libc.syscall(number("openat"), -100, racing, 0)
            assert libc.syscall(number("bpf"), 0, racing, 13) == -1
        stop.set()
        thread.join()

    seen = record(payload)
    assert seen.status == 0
    assert sum(e.count for e in seen.of("kernel", name="bpf")) == 500


# --- the end -----------------------------------------------------------------------------------


def test_phases_are_carried_by_events() -> None:
    with child(_three_phases) as (pid, listener, sock, _):
        recorder = Recorder(listener)
        recorder.phase("load")
        recorder.start()
        sock.sendall(b"g")
        assert sock.recv(1) == b"l"
        recorder.phase("idle")
        sock.sendall(b"g")
        assert ended(pid) == 0
        events, _ = recorder.stop()
    assert [(e.word("path"), e.phase) for e in events if e.call == "open"] == [
        ("/etc/hostname", "load"),
        ("/etc/hosts", "idle"),
    ]


def _three_phases() -> None:
    os.close(os.open("/etc/hostname", os.O_RDONLY))
    with own_channel() as channel:
        channel.sendall(b"l")
        channel.recv(1)
    os.close(os.open("/etc/hosts", os.O_RDONLY))


def test_calls_fail_and_do_not_hang_once_the_recorder_has_stopped() -> None:
    with child(_open_until_refused) as (pid, listener, sock, _):
        recorder = Recorder(listener)
        recorder.start()
        sock.sendall(b"g")
        time.sleep(0.3)
        events, _ = recorder.stop()
        assert ended(pid) == 7
    assert next(e for e in events if e.call == "open").word("path") == "/etc/hostname"


def _open_until_refused() -> None:
    while True:
        try:
            os.close(os.open("/etc/hostname", os.O_RDONLY))
        except OSError as e:
            os._exit(7 if e.errno == errno.ENOSYS else 8)


def test_calls_fail_and_do_not_hang_once_the_supervisor_was_killed() -> None:
    ready, told = os.pipe()
    supervisor = os.fork()
    if supervisor == 0:
        _supervise(told)
    os.close(told)
    try:
        inmate = int(os.read(ready, 100))
        held = os.pidfd_open(inmate)
        time.sleep(0.2)
    finally:
        os.kill(supervisor, signal.SIGKILL)
        os.waitpid(supervisor, 0)
        os.close(ready)
    poll = select.poll()
    poll.register(held, select.POLLIN)
    assert poll.poll(DEADLINE_S * 1000), "the inmate hangs"
    os.close(held)


def _supervise(told: int) -> None:
    try:
        with child(_open_until_refused) as (pid, listener, sock, _):
            recorder = Recorder(listener)
            recorder.start()
            os.write(told, str(pid).encode())
            sock.sendall(b"g")
            time.sleep(DEADLINE_S)
    finally:
        os._exit(0)


def test_stopping_twice_and_stopping_before_the_start_do_no_harm() -> None:
    with child(lambda: None) as (_, listener, _, _):
        recorder = Recorder(listener)
        assert recorder.stop() == ((), False)
        assert recorder.stop() == ((), False)


def test_a_wrong_architecture_kills() -> None:
    if this_machine().name != "x86_64":
        pytest.skip("int 0x80 is of x86")

    def payload() -> None:
        raw("getpid")
        kernel.syscall(this_machine().x32_bit | number("getpid"))

    assert record(payload).status == -signal.SIGSYS


@pytest.fixture
def ordinary() -> tuple[str, int]:
    """Return a Python and a user other than root who can run it."""
    if os.geteuid() != 0:
        pytest.skip("these tests run as an ordinary user anyway")
    python = shutil.which("python3", path="/usr/bin:/usr/local/bin")
    ask = "import sys; sys.exit(sys.version_info < (3, 11))"
    user = 61_234
    if python is None or subprocess.run([python, "-c", ask], user=user, check=False).returncode:
        pytest.skip("no Python 3.11 that an ordinary user can run")
    return python, user


_AS_USER = """
import os, socket, sys
from harness.recorded import record
def payload():
    os.close(os.open("/etc/hostname", 0))
    with socket.create_connection(("198.51.100.9", 4444), 5) as sock:
        sock.sendall(b"canary")
seen = record(payload, decoys=True)
assert seen.status == 0, seen.shown()
seen.one("open", path="/etc/hostname")
seen.one("connect", address="198.51.100.9", port="4444")
seen.one("received", address="198.51.100.9", port="4444", preview="canary")
print("seen")
"""


def test_an_ordinary_user_can_record_too(ordinary: tuple[str, int]) -> None:
    python, user = ordinary
    root = Path(__file__).parents[3]
    ran = subprocess.run(
        [python, "-B", "-c", _AS_USER],
        user=user,
        group=user,
        extra_groups=[],
        cwd="/",
        env={"PYTHONPATH": f"{root / 'src'}:{root / 'tests'}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if "Permission denied" in ran.stderr and "import" in ran.stderr:
        pytest.skip("an ordinary user cannot read this working tree")
    assert ran.stdout == "seen\n", ran.stderr
