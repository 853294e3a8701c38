"""Workers answer, and whatever they do instead, the parent says it and lives."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.inspecting import open_descriptors
from pratique.core.errors import JailError, WorkerError
from pratique.core.limits import MiB
from pratique.sandbox import workers
from pratique.sandbox.workers import Worker, Zygote

PROGRAM = "harness.programs.misbehave"


def children() -> list[str]:
    """Return the processes below this one, zombies too."""
    out: list[str] = []
    for task in Path("/proc/self/task").iterdir():
        out += (task / "children").read_text().split()
    return out


@pytest.fixture(scope="module")
def zygote() -> Iterator[Zygote]:
    with Zygote.start(PROGRAM, heap=256 * MiB, scratch=1 * MiB) as running:
        yield running


@pytest.fixture
def worker(zygote: Zygote) -> Iterator[Worker]:
    before = open_descriptors()
    with zygote.worker() as fresh:
        yield fresh
    assert open_descriptors() <= before


def test_answers_with_passed_descriptors(worker: Worker) -> None:
    with tempfile.TemporaryFile() as a, tempfile.TemporaryFile() as b:
        a.write(b"one")
        b.write(b"two")
        a.flush()
        b.flush()
        for _ in range(3):
            (frame,) = worker.ask({"do": "echo", "x": 1}, [a.fileno(), b.fileno()], 10)
            assert frame == {"echo": {"do": "echo", "x": 1}, "read": [b"one".hex(), b"two".hex()]}


def test_a_request_larger_than_the_socket_buffer(worker: Worker) -> None:
    with tempfile.TemporaryFile() as a:
        (frame,) = worker.ask({"do": "echo", "x": "y" * (5 * MiB)}, [a.fileno()], 20)
    assert len(frame["echo"]["x"]) == 5 * MiB


def test_writes_the_scratch_descriptor(worker: Worker) -> None:
    with tempfile.TemporaryFile() as scratch:
        assert list(worker.ask({"do": "write"}, [scratch.fileno()], 10)) == [{"wrote": 8}]
        assert os.pread(scratch.fileno(), 8, 0) == b"unpacked"


def test_keeps_no_descriptor_between_requests(worker: Worker) -> None:
    with tempfile.TemporaryFile() as a:
        list(worker.ask({"do": "echo"}, [a.fileno()] * 3, 10))
    (frame,) = worker.ask({"do": "leak"}, [], 10)
    assert len(frame["open"]) == 1  # its channel


@pytest.mark.parametrize(
    ("do", "why", "says"),
    [
        ("fail", "crashed", "ValueError: a reader's bug ?[31m"),
        ("abort", "crashed", "was killed by SIGABRT"),
        ("segfault", "crashed", "was killed by SIGSEGV"),
        ("leave", "crashed", "ended with exit code 7"),
        ("hang_up", "crashed", "closed its channel"),
        ("allocate", "memory", "memory ran out"),
        ("garbage", "protocol", "not JSON"),
        ("oversize", "protocol", "4294967295 bytes"),
        ("array", "protocol", "not a JSON object"),
        ("deep", "protocol", "not JSON: RecursionError"),
        ("nested", "protocol", "deeper than 64"),
        ("wide", "protocol", "more than 2000000 values"),
        ("constant", "protocol", "not JSON"),
        ("endless_float", "protocol", "not JSON"),
        ("digits", "protocol", "not JSON"),
        ("flood", "protocol", "more than 268435456 bytes"),
        ("many", "protocol", "more than 30000 frames"),
    ],
)
def test_what_went_wrong_is_said(
    worker: Worker, monkeypatch: pytest.MonkeyPatch, do: str, why: str, says: str
) -> None:
    monkeypatch.setattr("pratique.sandbox.asking.MAX_FRAMES", 30_000)
    monkeypatch.setattr("pratique.sandbox.workers.GRACE_S", 0.2)
    with pytest.raises(WorkerError) as raised:
        for _ in worker.ask({"do": do}, [], 60):
            pass
    assert (raised.value.why, says in str(raised.value)) == (why, True), raised.value
    with pytest.raises(WorkerError, match="dead"):
        list(worker.ask({"do": "echo"}, [], 5))


@pytest.mark.parametrize("do", ["spin", "chatter", "drip"])
def test_the_deadline_is_for_the_whole_answer(worker: Worker, do: str) -> None:
    began = time.monotonic()
    with pytest.raises(WorkerError, match=r"within 0.3 s") as raised:
        list(worker.ask({"do": do}, [], 0.3))
    assert raised.value.why == "deadline"
    assert time.monotonic() - began < 5


def test_a_frame_left_for_the_next_request_is_seen(worker: Worker) -> None:
    list(worker.ask({"do": "afterword"}, [], 5))
    with pytest.raises(WorkerError, match="before it was asked") as raised:
        list(worker.ask({"do": "echo"}, [], 5))
    assert raised.value.why == "protocol"


def test_a_descriptor_sent_to_the_parent_is_dropped(worker: Worker) -> None:
    with tempfile.TemporaryFile() as a:
        before = open_descriptors()
        frames = worker.ask({"do": "pass_back"}, [a.fileno()], 5)
        assert next(frames) == {}
        assert open_descriptors() == before
        list(frames)


def test_a_caller_that_stops_half_way_ends_the_worker(worker: Worker) -> None:
    frames = worker.ask({"do": "chatter"}, [], 5)
    next(frames)
    frames.close()  # type: ignore[attr-defined]
    with pytest.raises(WorkerError, match="dead"):
        list(worker.ask({"do": "echo"}, [], 5))


def test_killed_by_somebody_else(worker: Worker) -> None:
    frames = worker.ask({"do": "chatter"}, [], 20)
    next(frames)
    os.kill(worker.pid, signal.SIGKILL)
    with pytest.raises(WorkerError, match="SIGKILL") as raised:
        list(frames)
    assert raised.value.why == "crashed"


def test_several_threads_share_a_zygote(zygote: Zygote) -> None:
    told: list[object] = []

    def one(n: int) -> None:
        for _ in range(5):
            with zygote.worker() as mine:
                told.extend(f["echo"]["n"] for f in mine.ask({"do": "echo", "n": n}, [], 20))

    threads = [threading.Thread(target=one, args=(n,)) for n in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert sorted(told) == sorted(list(range(4)) * 5)  # type: ignore[type-var]


def test_nothing_is_left_behind() -> None:
    before, below = open_descriptors(), children()
    with Zygote.start(PROGRAM) as zygote:
        workers = [zygote.worker() for _ in range(3)]
        pids = [w.pid for w in workers]
        list(workers[0].ask({"do": "echo"}, [], 5))
    for worker in workers:
        worker.close()
    zygote.close()
    assert open_descriptors() == before
    assert children() == below
    assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]


def test_a_zygote_that_was_killed_is_said() -> None:
    with Zygote.start(PROGRAM) as zygote:
        held = zygote.worker()
        zygote.worker().close()
        os.kill(zygote.pid, signal.SIGKILL)
        with pytest.raises(WorkerError):
            list(held.ask({"do": "spin"}, [], 20))  # workers die with their zygote
        with pytest.raises(JailError):
            zygote.worker()
        held.close()


@pytest.mark.parametrize(
    ("program", "says"),
    [
        ("harness.programs.absent", "No module named"),
        ("harness.programs.cold", "RuntimeError: no rules to compile"),
        ("harness.programs.threaded", "left 2 threads where one may be"),
        ("no_such_package_here.at_all", "no module 'no_such_package_here'"),
    ],
)
def test_a_program_that_does_not_get_warm(program: str, says: str) -> None:
    before = open_descriptors()
    with pytest.raises(JailError, match=says):
        Zygote.start(program)
    assert open_descriptors() == before


def test_a_launched_zygote_is_the_one_that_starts() -> None:
    before = open_descriptors()
    Zygote.launch(PROGRAM, heap=256 * MiB)
    Zygote.launch(PROGRAM, heap=256 * MiB)  # once is enough
    # other tests of this process may have launched some that nobody asked for
    (key,) = [k for k in workers._LAUNCHED if PROGRAM in k]  # noqa: SLF001 - to compare processes
    launched = workers._LAUNCHED[key][1]  # noqa: SLF001 - to compare processes
    with Zygote.start(PROGRAM, heap=128 * MiB) as other:
        assert other.pid != launched.pid
    with Zygote.start(PROGRAM, heap=256 * MiB) as zygote, zygote.worker() as worker:
        assert zygote.pid == launched.pid
        assert list(worker.ask({"do": "echo"}, [], 5))
    assert open_descriptors() == before


def test_a_launched_zygote_that_nobody_wants_ends_with_its_parent() -> None:
    says = (
        "from pratique.sandbox import workers\n"
        "workers.Zygote.launch('harness.programs.misbehave')\n"
        "print(*(process.pid for _, process in workers._LAUNCHED.values()))"
    )
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    argv = [sys.executable, "-c", says]
    told = subprocess.run(argv, env=env, capture_output=True, text=True, check=True, timeout=60)
    with pytest.raises(ProcessLookupError):
        os.kill(int(told.stdout), 0)
    assert not told.stderr


def test_a_program_that_cannot_be_launched_is_told_when_it_is_started() -> None:
    Zygote.launch("no_such_package_here.at_all")
    with pytest.raises(JailError, match="no module"):
        Zygote.start("no_such_package_here.at_all")


def test_without_a_jail_the_limits_hold_and_the_report_says_so() -> None:
    with Zygote.start(PROGRAM, jail=False, heap=256 * MiB) as zygote:
        assert zygote.report.tier == "none"
        assert not zygote.report.sound
        with zygote.worker() as worker, pytest.raises(WorkerError, match="memory"):
            list(worker.ask({"do": "allocate"}, [], 20))


def test_the_environment_is_empty(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRATIQUE_CANARY", "kept out")
    (frame,) = worker.ask({"do": "environment"}, [], 5)
    names = [name for name in frame["names"] if not name.endswith("_NUM_THREADS")]
    assert set(names) <= {"LC_CTYPE"}  # Python's own, PEP 538


ORPHAN = """
import sys
from pratique.sandbox.workers import Zygote
zygote = Zygote.start("harness.programs.misbehave", jail=sys.argv[1] == "jail")
worker = zygote.worker()
print(zygote.pid, worker.pid, flush=True)
list(worker.ask({"do": "spin"}, [], 60))
"""


@pytest.mark.parametrize("jail", ["jail", "none"])
def test_nothing_outlives_a_parent_that_was_killed(jail: str) -> None:
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    argv = [sys.executable, "-c", ORPHAN, jail]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, env=env, text=True) as parent:
        assert parent.stdout is not None
        pids = [int(pid) for pid in parent.stdout.readline().split()]
        assert len(pids) == 2
        time.sleep(0.1)
        parent.kill()
    until = time.monotonic() + 10
    while time.monotonic() < until and any(running(pid) for pid in pids):
        time.sleep(0.02)
    assert not [pid for pid in pids if running(pid)]


def running(pid: int) -> bool:
    """Tell whether a process runs; one that only waits for init to reap it does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX"


def test_other_systems_can_import_this_room() -> None:
    told = """
import sys, ctypes
sys.platform = "darwin"
def no_library(*args, **kwargs): raise OSError("none here")
ctypes.CDLL = no_library
import pratique.sandbox.workers, pratique.sandbox.selftest, pratique.sandbox.probe
from pratique.sandbox.lockdown import this_machine
from pratique.core.errors import JailError
try:
    this_machine()
except JailError as e:
    print(e)
"""
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", told], env=env, capture_output=True, text=True, check=True
    )
    assert "no table of system calls for this darwin" in done.stdout
