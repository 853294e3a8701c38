"""Lines of strace become events, and it attaches for real where it is installed."""

import os
import shutil
import subprocess
import sys

import pytest

from pratique.core.errors import JailError
from pratique.core.trace import Outcome
from pratique.sandbox.record import strace
from pratique.sandbox.record.strace import Strace
from pratique.sandbox.record.timeline import Timeline


def test_a_connection_is_told_with_its_result() -> None:
    args = b'3, {sa_family=AF_INET, sin_port=htons(4444), sin_addr=inet_addr("192.0.2.7")}, 16'
    call, words, outcome = strace.told("connect", args, b"-1 ENETUNREACH (unreachable)")
    assert (call, outcome) == ("connect", Outcome.LET)
    assert (words["address"], words["port"]) == ("192.0.2.7", 4444)
    assert words["result"] == "-1 ENETUNREACH (unreachable)"


def test_a_connection_of_ipv6_is_told() -> None:
    args = (
        b"3, {sa_family=AF_INET6, sin6_port=htons(80), sin6_flowinfo=htonl(0), "
        b'inet_pton(AF_INET6, "2001:db8::7", &sin6_addr), sin6_scope_id=0}, 28'
    )
    assert strace.told("connect", args, b"0")[1]["address"] == "2001:db8::7"


def test_a_refused_call_is_denied() -> None:
    call, words, outcome = strace.told("ptrace", b"PTRACE_TRACEME", b"-1 EPERM (not permitted)")
    assert (call, words["name"], outcome) == ("kernel", "ptrace", Outcome.DENIED)


def test_a_program_and_a_new_name_are_told() -> None:
    assert strace.told("execve", b'"/bin/sh", ["sh"], 0x1', b"0")[1]["path"] == "/bin/sh"
    words = strace.told("rename", b'"/a", "/b"', b"0")[1]
    assert (words["path"], words["to"]) == ("/a", "/b")


def test_strace_attaches_and_tells_results() -> None:
    if shutil.which("strace") is None:
        pytest.skip("no strace on this machine")
    code = "input()\nimport os, subprocess\nsubprocess.run(['true'])\nos.unlink('/nothing')"
    target = subprocess.Popen([sys.executable, "-c", code], stdin=-1, stderr=-3)
    timeline = Timeline()
    try:
        try:
            attached = Strace.start(target.pid, timeline)
        except JailError as e:
            pytest.skip(f"{e} (a container without leave to trace)")
        target.communicate(b"\n", timeout=30)
    finally:
        target.kill()
        target.wait()
    attached.close()
    attached.close()
    events, cut = timeline.result()
    assert not cut
    assert {e.source for e in events} == {"strace"}
    assert [e.word("result") for e in events if e.word("path") == "/nothing"] == [
        "-1 ENOENT (No such file or directory)"
    ]
    assert any(e.call == "execve" and e.word("path").endswith("/true") for e in events)
    assert any(e.call == "fork" for e in events)


def test_a_machine_without_strace_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nothing")
    with pytest.raises(JailError, match="no strace"):
        Strace.start(os.getpid(), Timeline())
