"""What a process does is written down from outside, refused where it must be, and let otherwise."""

# Payloads make the plain calls themselves.
# ruff: noqa: PTH101, PTH102, PTH104, PTH106, PTH108, PTH123, PTH211, S103, S104, S606, SLF001

import atexit
import contextlib
import ctypes
import errno
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from harness.recorded import AWAY, child, ended, inet, own_channel, raw, record
from pratique.core.trace import Outcome
from pratique.sandbox import kernel
from pratique.sandbox.record.recorder import Recorder, RecorderSettings

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="recording needs Linux")


# --- reaching out ------------------------------------------------------------------------------


def test_connect_bind_and_listen_are_told_with_their_address() -> None:
    def payload() -> None:
        with socket.socket() as one, contextlib.suppress(OSError):
            one.connect(AWAY)
        with socket.socket() as two:
            two.bind(("0.0.0.0", 5555))
            two.listen()
        with socket.socket(socket.AF_UNIX) as three, contextlib.suppress(OSError):
            three.connect("\0abstract\n")

    seen = record(payload)
    assert seen.status == 0
    assert seen.of("connect", family="inet", address="192.0.2.7", port="4444")
    assert seen.of("bind", address="0.0.0.0", port="5555")
    assert seen.of("listen")
    assert seen.of("connect", family="unix", path="@abstract\\n")


def test_a_raw_connect_that_python_does_not_know_of_is_told() -> None:
    def payload() -> None:
        sock = socket.socket()
        raw("connect", sock.fileno(), inet(AWAY), 16)

    seen = record(payload)
    assert seen.one("connect", address="192.0.2.7", port="4444").outcome is Outcome.LET


def test_an_address_of_ipv6_that_wraps_one_of_ipv4_is_told_as_that() -> None:
    def payload() -> None:
        with socket.socket(socket.AF_INET6) as sock, contextlib.suppress(OSError):
            sock.connect(("::ffff:192.0.2.7", 4444))

    assert record(payload).of("connect", family="inet6", address="192.0.2.7")


def test_datagrams_are_told_with_where_they_go_and_how_they_begin() -> None:
    def payload() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            with contextlib.suppress(OSError):
                sock.sendto(b"canary\0" + bytes(500), AWAY)
            with contextlib.suppress(OSError):
                sock.sendmsg([b"again"], [], 0, AWAY)

    seen = record(payload)
    first, second = seen.of("sendto", address="192.0.2.7", port="4444")
    assert first.word("size") == "507"
    assert first.word("preview").startswith("canary\\x00")
    assert (second.word("size"), second.word("preview")) == ("5", "again")


@pytest.mark.parametrize(
    ("family", "kind", "told"),
    [
        (40, socket.SOCK_STREAM, ("vsock", "stream")),
        (16, socket.SOCK_RAW, ("netlink", "raw")),
        (17, socket.SOCK_RAW, ("packet", "raw")),
        (38, socket.SOCK_SEQPACKET, ("alg", "seqpacket")),
        (2, socket.SOCK_RAW, ("inet", "raw")),
        (2, socket.SOCK_SEQPACKET, ("inet", "seqpacket")),
    ],
)
def test_odd_sockets_are_refused_and_told(family: int, kind: int, told: tuple[str, str]) -> None:
    def payload() -> None:
        with pytest.raises(PermissionError):
            socket.socket(family, kind)

    seen = record(payload)
    assert seen.status == 0
    assert seen.one("socket", family=told[0], type=told[1]).outcome is Outcome.DENIED


def test_messages_on_the_channel_are_not_told() -> None:
    with child(_talk) as (pid, listener, sock, _):
        recorder = Recorder(listener)
        recorder.start()
        sock.sendall(b"g")
        assert ended(pid) == 0
        events, _ = recorder.stop()
    assert not [e for e in events if e.call == "sendto"]


def _talk() -> None:
    with own_channel() as channel:
        socket.send_fds(channel, [b"x"], [0])


def test_nothing_can_be_put_where_the_channel_was() -> None:
    def payload() -> None:
        with own_channel() as channel, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            for attempt in (
                lambda: os.close(channel.fileno()),
                lambda: os.dup2(other.fileno(), channel.fileno()),
                lambda: os.dup2(other.fileno(), channel.fileno(), inheritable=False),
            ):
                with pytest.raises(PermissionError):
                    attempt()
            number = channel.fileno()
            assert raw("close_range", number, number, 0) == errno.ENOSYS
            assert channel.family == socket.AF_UNIX
            assert os.fstat(channel.fileno()).st_ino != os.fstat(other.fileno()).st_ino

    assert record(payload).status == 0


def test_a_detour_through_proc_is_told_as_the_place_that_it_names() -> None:
    def payload() -> None:
        os.chdir("/etc")
        os.close(os.open("/proc/self/cwd/hostname", os.O_RDONLY))
        os.close(os.open(f"/proc/{os.getpid()}/root/etc/hosts", os.O_RDONLY))
        fd = os.open("/usr", os.O_RDONLY)
        os.close(os.open(f"/proc/thread-self/fd/{fd}/../etc/group", os.O_RDONLY))

    seen = record(payload)
    assert seen.status == 0
    assert seen.of("open", path="/etc/hostname")
    assert seen.of("open", path="/etc/hosts")


# --- programs and processes --------------------------------------------------------------------


def test_a_program_is_told_with_its_arguments_and_files() -> None:
    def payload() -> None:
        subprocess.run(["/bin/sh", "-c", "echo a 'b c'; cat /etc/hostname"], stdout=-3, check=True)

    seen = record(payload)
    assert seen.status == 0, seen.shown()
    shell = seen.one("execve", path="/bin/sh")
    assert shell.word("argv") == "/bin/sh -c 'echo a '\"'\"'b c'\"'\"'; cat /etc/hostname'"
    cat = next(e for e in seen.of("execve") if e.word("argv") == "cat /etc/hostname")
    assert cat.process not in {0, 1, seen.of("fork")[0].process}
    assert seen.one("open", path="/etc/hostname", mode="read").process == cat.process


def test_a_program_executed_from_memory_is_told() -> None:
    def payload() -> None:
        fd = os.memfd_create("hidden")
        os.write(fd, b"#!/bin/true\n")
        os.execve(fd, ["x"], {})

    seen = record(payload)
    assert seen.one("kernel", name="memfd_create", path="hidden").outcome is Outcome.LET
    assert "hidden" in seen.one("execve").word("path")


def test_arguments_are_cut_and_made_printable() -> None:
    def payload() -> None:
        with contextlib.suppress(OSError):
            os.execv("/nothing", ["\x1b[2J", *["y" * 9000] * 200])

    told = record(payload).one("execve", path="/nothing").word("argv")
    assert len(told) <= 500
    assert told.startswith("'\\x1b[2J' yyy")


def test_threads_and_children_are_told_apart() -> None:
    def payload() -> None:
        thread = threading.Thread(target=Path("/etc/hostname").read_bytes)
        thread.start()
        thread.join()
        if os.fork() == 0:
            Path("/etc/hosts").read_bytes()
            os._exit(0)
        os.wait()

    seen = record(payload)
    assert seen.one("thread").process == 1
    assert seen.one("open", path="/etc/hostname").process == 1
    assert seen.one("fork").process == 1
    assert seen.one("open", path="/etc/hosts").process == 2


def test_a_late_thread_is_told() -> None:
    def payload() -> None:
        def late() -> None:
            time.sleep(0.3)
            with socket.socket() as sock, contextlib.suppress(OSError):
                sock.connect(AWAY)

        threading.Thread(target=late).start()
        threading._shutdown()  # type: ignore[attr-defined]

    seen = record(payload)
    assert seen.one("sleep", seconds="0.3").outcome is Outcome.LET
    assert seen.one("connect", address="192.0.2.7").at_ms >= 300


def test_an_exit_handler_is_told() -> None:
    def payload() -> None:
        atexit._clear()
        atexit.register(lambda: Path("/etc/hostname").read_bytes())
        atexit._run_exitfuncs()

    assert record(payload).of("open", path="/etc/hostname")


def test_a_grandchild_that_outlives_its_parents_is_told() -> None:
    def payload() -> None:
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                time.sleep(0.3)
                Path("/etc/hostname").read_bytes()
                os._exit(0)
            os._exit(0)

    seen = record(payload, linger_s=1.0)
    assert seen.of("kernel", name="setsid")
    assert seen.one("open", path="/etc/hostname").process == 3


def test_a_fork_bomb_ends_at_its_budget() -> None:
    def payload() -> None:
        children = []
        with contextlib.suppress(PermissionError):
            while True:
                pid = os.fork()
                if pid == 0:
                    os._exit(0)
                children.append(pid)
        for pid in children:
            os.waitpid(pid, 0)
        assert len(children) == 10

    seen = record(payload, RecorderSettings(forks=10))
    assert seen.status == 0
    let = [e.count for e in seen.of("fork") if e.outcome is Outcome.LET]
    assert sum(let) == 10
    assert [e.count for e in seen.of("fork") if e.outcome is Outcome.DENIED] == [1]


def test_a_new_namespace_is_refused_by_any_door() -> None:
    def payload() -> None:
        flags = kernel.CLONE_NEWUSER
        assert raw("unshare", flags) == errno.EPERM
        assert raw("clone", flags | signal.SIGCHLD, None, None, None, None) == errno.EPERM
        assert raw("clone3", bytes(88), 88) == errno.ENOSYS

    seen = record(payload)
    assert seen.status == 0
    assert seen.one("kernel", name="unshare", flags="newuser").outcome is Outcome.DENIED
    assert seen.one("kernel", name="clone", flags="newuser").outcome is Outcome.DENIED


# --- files -------------------------------------------------------------------------------------


def test_files_are_told_by_their_full_path(tmp_path: Path) -> None:
    (tmp_path / "canary").write_text("harmless")
    tmp_path.chmod(0o777)

    def payload() -> None:
        os.chdir(tmp_path)
        folder = os.open(".", os.O_RDONLY)
        os.close(os.open("canary", os.O_RDONLY))
        os.close(os.open("./../" + tmp_path.name + "//./canary", os.O_RDONLY))
        os.close(os.open("canary", os.O_RDONLY, dir_fd=folder))
        os.close(os.open("new", os.O_CREAT | os.O_WRONLY, 0o600))
        os.close(os.open("new", os.O_WRONLY))
        os.rename("new", "newer")
        os.link("newer", "hard")
        os.symlink("/etc/shadow", "soft")
        os.chmod("newer", 0o755)
        os.truncate("newer", 3)
        os.utime("newer", (1, 1))
        os.mkdir("folder")
        os.rmdir("folder")
        os.unlink("hard")

    seen = record(payload)
    assert seen.status == 0, seen.shown()
    at = str(tmp_path)
    assert seen.one("open", path=f"{at}/canary", mode="read").count == 3
    for call, words in {
        ("open", "new", ""): {"mode": "create"},
        ("rename", "new", "newer"): {},
        ("link", "newer", "hard"): {},
        ("chmod", "newer", ""): {"to": "0o755"},
        ("truncate", "newer", ""): {"to": "3"},
        ("utime", "newer", ""): {},
        ("mkdir", "folder", ""): {},
        ("remove", "folder", ""): {},
        ("remove", "hard", ""): {},
    }.items():
        name, path, to = call
        more = {"to": f"{at}/{to}"} if to else words
        assert seen.of(name, path=f"{at}/{path}", **more)
    assert seen.of("open", path=f"{at}/new", mode="write")
    assert seen.of("symlink", path=f"{at}/soft", to="/etc/shadow")


def test_openat2_is_told() -> None:
    def payload() -> None:
        how = os.O_RDONLY.to_bytes(8, "little") + bytes(16)
        assert raw("openat2", -100, b"/etc/hostname", how, 24) == 0

    assert record(payload).of("open", path="/etc/hostname", mode="read")


def test_a_path_that_cannot_be_read_is_told_as_unreadable() -> None:
    def payload() -> None:
        assert raw("openat", -100, 16, 0) == errno.EFAULT

    assert record(payload).of("open", unreadable="openat")


def test_a_loaded_library_is_told(tmp_path: Path) -> None:
    with open("/proc/self/maps") as maps:
        libc = next(line.split()[-1] for line in maps if "/libc.so" in line or "/libc-" in line)
    path = Path(shutil.copy(libc, tmp_path / "native.so"))
    seen = record(lambda: ctypes.CDLL(str(path)))
    assert seen.of("dlopen", path=str(path))


# --- the kernel --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("io_uring_setup", (1, None)),
        ("ptrace", (0, 0, None, None)),
        ("process_vm_readv", (1, None, 0, None, 0, 0)),
        ("bpf", (0, None, 0)),
        ("userfaultfd", (1,)),
        ("keyctl", (0, -3, 0)),
        ("mount", (None, None, None, 0, None)),
        ("setns", (-1, 0)),
        ("perf_event_open", (None, 0, -1, -1, 0)),
        ("kexec_load", (0, 0, None, 0)),
        ("init_module", (None, 0, None)),
        ("open_by_handle_at", (-100, None, 0)),
        ("pidfd_getfd", (-1, 0, 0)),
        ("seccomp", (1, 0, None)),
        ("memfd_secret", (0,)),
    ],
)
def test_more_of_the_kernel_is_refused_and_told(
    name: str, args: tuple[int | bytes | None, ...]
) -> None:
    def payload() -> None:
        assert raw(name, *args) == errno.EPERM

    seen = record(payload)
    assert seen.status == 0
    assert seen.one("kernel", name=name).outcome is Outcome.DENIED


def test_prctl_is_told_by_its_option_and_dumping_is_only_seemingly_switched_off() -> None:
    def payload() -> None:
        kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
        assert kernel.prctl(kernel.PR_GET_DUMPABLE) == 1
        kernel.prctl(36, 1)
        with pytest.raises(PermissionError):
            kernel.prctl(22, 2, 0)

    seen = record(payload)
    assert seen.status == 0, seen.shown()
    assert seen.one("kernel", name="PR_SET_DUMPABLE").outcome is Outcome.FAKED
    assert seen.one("kernel", name="PR_SET_CHILD_SUBREAPER").outcome is Outcome.LET
    assert seen.one("kernel", name="PR_SET_SECCOMP").outcome is Outcome.DENIED


def test_signals_timers_and_handlers_are_told() -> None:
    def payload() -> None:
        os.kill(os.getpid(), 0)
        with contextlib.suppress(OSError):
            os.kill(os.getppid(), 0)
        signal.signal(signal.SIGTERM, lambda *_: None)
        signal.signal(signal.SIGQUIT, signal.SIG_IGN)
        signal.setitimer(signal.ITIMER_REAL, 500.5)
        signal.alarm(0)

    seen = record(payload)
    assert seen.of("kill", target="self", signal="0")
    assert seen.of("kill", target=str(os.getpid()), signal="0")
    assert seen.of("signal", signal="SIGTERM", kind="caught")
    assert seen.of("signal", signal="SIGQUIT", kind="ignored")
    assert [e.word("seconds") for e in seen.of("timer")] == ["500.5"]
