"""The self-test tells the truth: a locked worker is stopped, and an unlocked one is not."""

import tempfile
from pathlib import Path

import pytest

from pratique.core.limits import KiB, MiB
from pratique.sandbox.selftest import Probe, self_test
from pratique.sandbox.workers import Zygote

# What a mistake in an attempt itself would hide: without a jail these must get through.
REAL = {
    *(
        "open a file",
        "open a folder",
        "create a file",
        "stat a path",
        *("reopen the file for writing", "read the zygote's memory", "write the zygote's memory"),
    ),
    *("tcp socket", "unix socket", "socket pair", "fork", "signal the zygote", "execute a program"),
    *("map executable memory", "make memory executable", "memory that no limit counts"),
    *("clone a process", "clone3", "memfd", "pipe", "eventfd", "prctl", "watch a file", "splice"),
}


@pytest.fixture(scope="module")
def told() -> tuple[Probe, ...]:
    return self_test()


def test_every_attempt_is_stopped(told: tuple[Probe, ...]) -> None:
    attempts = [p for p in told if p.name.startswith("attempt: ")]
    assert len(attempts) > 80
    assert [p for p in attempts if not p.held] == []


def test_a_reader_can_still_work(told: tuple[Probe, ...]) -> None:
    allowed = [p for p in told if p.name.startswith("allowed: ")]
    assert len(allowed) == 7
    assert [p for p in allowed if not p.held] == []


def test_the_two_that_a_badge_needs_hold(told: tuple[Probe, ...]) -> None:
    held = {p.name.removeprefix("jail: ").split("-")[0] for p in told if p.held}
    assert {"landlock", "seccomp", "rlimits"} <= held


def test_the_attempts_are_real(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(bytes(4 * KiB))
    with (
        Zygote.start("pratique.sandbox.probe", jail=False, heap=256 * MiB) as zygote,
        zygote.worker() as worker,
        file.open("rb") as read_only,
        tempfile.TemporaryFile() as scratch,
    ):
        request = {"do": "probe", "heap": 256 * MiB}
        frames = list(worker.ask(request, [read_only.fileno(), scratch.fileno()], 60))
    through = {f["probe"].removeprefix("attempt: ") for f in frames if not f["held"]}
    assert through >= REAL
    assert not Path("/tmp/pratique-probe").exists()
