"""The suite is real: without a sandbox attempts get out, and a tier that lets them is noticed."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
KEPT = ROOT / "docs" / "proofs" / "escape.json"

# Quiet ones of every group whose target lies outside: without a sandbox all of them get there.
REAL = (
    *("connect-tcp-loopback", "connect-tcp6-loopback", "send-udp-loopback", "ask-dns-loopback"),
    *("connect-unix-socket", "connect-unix-socket-in-run", "connect-abstract-socket"),
    *("send-abstract-datagram", "listen-for-outside", "listen-on-abstract-socket"),
    *("listen-in-shared-folder", "use-inherited-descriptors", "netlink-route-socket"),
    *("read-secret-tmp", "read-secret-home", "read-secret-run", "read-secret-beside"),
    *("read-etc-passwd", "read-through-dots", "read-through-link-in-model"),
    *("read-own-environment", "read-environment-of-start", "read-arguments-of-all"),
    *("write-canary-of-host", "create-file-on-host", "create-file-in-tmp", "write-model"),
    *("create-in-model", "rename-in-model", "remove-from-model", "truncate-model"),
    *("reopen-model-for-writing", "map-model-for-writing", "hard-link-model-and-write"),
    *("signal-host-process", "signal-host-group", "queue-signal-to-host-process"),
    *("retune-limits-of-host-process", "slow-host-process", "write-python", "write-own-code"),
    *("see-host-processes", "run-a-program-that-writes", "unshare-user", "share-net-namespace"),
    *("lock-shared-file", "watch-shared-file", "make-posix-shared-memory"),
    *("leave-a-pipe", "leave-a-link-to-a-secret", "plant-in-home", "plant-in-tmp"),
)
LOUD = (
    *("forge-the-end", "answer-the-next-question", "send-descriptors", "send-no-number"),
    *("send-half-a-frame", "be-deaf", "outlive-by-double-fork", "sleep-past-the-deadline"),
    *("fork-bomb", "finish-never", "seek-what-was-planted"),
)
SOME = ("connect-tcp-loopback", "read-secret-tmp", "write-canary-of-host", "unshare-user")


@pytest.fixture(scope="module", autouse=True)
def _namespaces() -> None:
    code = "from pratique.sandbox.kernel import *; unshare(CLONE_NEWUSER | CLONE_NEWNET)"
    tried = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    if tried.returncode:
        pytest.skip(f"the control needs a user namespace: {tried.stderr.splitlines()[-1]}")


def escape(*args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "scripts.escape", *args],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
    )


def opened(told: str) -> set[str]:
    rows = (line.split() for line in told.splitlines() if line.startswith("control "))
    return {row[1] for row in rows if row[2] == "open"}


def test_without_a_sandbox_the_attempts_get_out() -> None:
    done = escape("--only", "control", "--names", *REAL, *LOUD)
    assert opened(done.stdout) == {*REAL, *LOUD}, done.stdout + done.stderr
    assert len({*REAL, *LOUD}) >= 60


def test_nothing_is_left_of_the_control() -> None:
    escape("--only", "control", "--names", "plant-in-home", "leave-deep-folders", "fill-tmp")
    places = (Path("/tmp"), Path("/run"), Path("/dev/shm"), Path.home())
    assert [p for place in places for p in place.glob("*esc????????????-*")] == []


def test_a_tier_that_lets_them_out_makes_the_check_fail() -> None:
    done = escape("--check", "--broken", "--names", *SOME)
    assert done.returncode == 1, done.stdout + done.stderr
    assert {line.split()[2] for line in done.stdout.splitlines() if "WORSE" in line} == {*SOME}


def test_tier_1_holds_what_the_committed_matrix_says() -> None:
    done = escape("--check", "--names", *SOME, "send-half-a-frame", "outlive-by-double-fork")
    if "NOT TRIED" in done.stdout:
        pytest.skip(next(line for line in done.stdout.splitlines() if "NOT TRIED" in line))
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_committed_matrix_has_no_open_cell_in_tiers_1_and_3() -> None:
    columns = json.loads(KEPT.read_text())["columns"]
    assert {"control", "jail-serve", "jail-record"} <= columns.keys()
    held = {c: rows for c, rows in columns.items() if c.startswith(("jail", "microvm"))}
    assert [
        (c, n) for c, rows in held.items() for n, cell in rows.items() if cell[0] == "open"
    ] == []
    assert sum(cell[0] == "open" for cell in columns["control"].values()) >= 200
