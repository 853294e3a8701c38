"""QEMU's control channel and the machine's record, from a process that may have been taken over."""

import socket
import threading
from collections.abc import Callable

import pytest

from pratique.core.errors import JailError, WorkerError
from pratique.sandbox.microvm import monitor
from pratique.sandbox.microvm.inmate import event
from pratique.sandbox.microvm.monitor import Monitor


def answering(script: Callable[[socket.socket], None]) -> tuple[Monitor, socket.socket]:
    ours, theirs = socket.socketpair()

    def serve() -> None:
        with theirs:
            try:
                script(theirs)
            except OSError:
                return

    threading.Thread(target=serve, daemon=True).start()
    return Monitor(ours), ours


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "gone"),
        (b"no json\n", "does not speak QMP"),
        (b"[" * 100_000 + b"\n", "does not speak QMP"),
        (b'{"error": {"desc": "not today"}}\n', "not today"),
        (b'{"event": "x"}\n' * 2000, "without end"),
        (b"x" * (1 << 20), "does not answer"),
    ],
)
def test_a_monitor_that_misbehaves_is_refused(body: bytes, says: str) -> None:
    def script(sock: socket.socket) -> None:
        sock.recv(1 << 16)
        sock.sendall(body)
        if body:
            sock.recv(1)  # until the other end has had enough

    found, ours = answering(script)
    with ours, pytest.raises(JailError, match=says):
        found.run("query-status")


def test_a_silent_monitor_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monitor, "ANSWER_S", 0.1)

    def script(sock: socket.socket) -> None:
        sock.recv(1 << 16)
        sock.recv(1)  # nothing comes until the other end closes

    found, ours = answering(script)
    with ours, pytest.raises(JailError, match="does not answer"):
        found.run("query-status")


GOOD = [1, "connect", 1, "load", [["address", "192.0.2.1"]], "denied", [], "kernel", 2]


def test_an_event_of_the_machine_is_taken_as_it_is() -> None:
    found = event(GOOD)
    assert (found.call, found.word("address"), found.count) == ("connect", "192.0.2.1", 2)


@pytest.mark.parametrize(
    "row",
    [
        [],
        None,
        7,
        GOOD[:-1],
        [*GOOD[:5], "allowed", *GOOD[6:]],
        [*GOOD[:4], [["a"]], *GOOD[5:]],
        ["x", *GOOD[1:]],
    ],
)
def test_an_event_that_is_none_breaks_the_rules(row: object) -> None:
    with pytest.raises(WorkerError) as caught:
        event(row)
    assert caught.value.why == "protocol"


def test_what_an_event_says_is_bounded_and_printable() -> None:
    found = event([*GOOD[:4], [["path", "\x1b[31m" + "x" * 10_000]], *GOOD[5:]])
    assert len(found.word("path")) <= 500
    assert "\x1b" not in found.word("path")
