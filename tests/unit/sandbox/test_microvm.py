"""The microVM, started for real: what the contract's tests do not ask of the other tiers."""

import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.caging import TESTS, Kin, cgroups, descriptors, mounts, told
from harness.machines import folder, microvm, vm_job
from pratique.core.errors import JailError, WorkerError
from pratique.core.limits import MiB
from pratique.core.trace import Condition, rank
from pratique.sandbox.jail.interpreter import Interpreter
from pratique.sandbox.microvm.inmate import MicroVmInmate
from pratique.sandbox.microvm.order import check
from pratique.sandbox.microvm.sandbox import MicroVmSandbox
from pratique.sandbox.port import Bounds, Mount, Tier, TierError

SMALL = Bounds(memory=256 * MiB, tmp=4 * MiB, processes=32, cpu_s=60, deadline_s=60)
DAYS = 90
LARGE = 9 * MiB + 4097
"""Larger than what is copied, and no multiple of a block."""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("model")
    (place / "weights.bin").write_bytes(bytes(range(251)) * (LARGE // 251 + 1))
    os.truncate(place / "weights.bin", LARGE)
    (place / "weights.bin").chmod(0o600)
    (place / "many").mkdir()
    for number in range(300):
        (place / "many" / f"{number:03}-{'n' * 40}").write_text(str(number))
    (place / "empty").touch()
    (place / "link").symlink_to("many/000")
    os.mkfifo(place / "fifo")
    return place


@pytest.fixture(scope="module")
def inmate(model: Path) -> Iterator[MicroVmInmate]:
    condition = Condition(clock_s=DAYS * 86400, user="alice", host="trainer-7")
    wanted = vm_job(
        bounds=SMALL,
        mounts=(Mount(model, "/model"),),
        condition=condition,
        program="harness.programs.machine",
    )
    with microvm().start(wanted) as found:
        yield found


def test_it_is_another_kernel_and_has_no_network_card(inmate: MicroVmInmate) -> None:
    found = told(inmate, "kernel")
    assert found["interfaces"] == ["lo"]
    assert found["release"] != os.uname().release


def test_it_is_labelled_as_what_it_is(inmate: MicroVmInmate) -> None:
    assert inmate.report.tier in ("microvm-tcg", "microvm-kvm")
    assert rank(inmate.report.tier) == Tier.MICROVM
    held = set(inmate.report.held)
    assert {"no-network-device", "seccomp", "vmm-seccomp-mode", "vmm-net-namespace"} <= held
    assert not {"vmm-no-capabilities", "vmm-no-new-privs", "vmm-rlimits"} - held


def test_every_file_of_a_model_is_there_byte_for_byte(inmate: MicroVmInmate, model: Path) -> None:
    seen = told(inmate, "files", path="/model", seconds=30)["files"]
    here = {
        f"/model/{p.relative_to(model)}": hashlib.sha256(p.read_bytes()).hexdigest()
        for p in model.rglob("*")
        if p.is_file() and not p.is_symlink()
    }
    assert seen == here | {"/model/link": "-> many/000"}  # and no FIFO, which would hang a reader


def test_two_machines_of_one_snapshot_draw_other_numbers(inmate: MicroVmInmate) -> None:
    wanted = vm_job(bounds=SMALL, program="harness.programs.machine")
    with microvm().start(wanted) as other:
        first, second = told(inmate, "draw"), told(other, "draw")
    assert first["random"] != second["random"]
    assert first["address"] != second["address"]


@pytest.fixture(scope="module")
def plain() -> Iterator[MicroVmInmate]:
    condition = Condition(clock_s=DAYS * 86400, user="alice", host="trainer-7")
    with microvm().start(vm_job(bounds=SMALL, condition=condition)) as found:
        yield found


@pytest.mark.parametrize("size", [0, 1, 4096, 65_537, 1 << 20, 8 << 20])
def test_messages_of_any_size_go_both_ways(plain: MicroVmInmate, size: int) -> None:
    assert told(plain, "echo", body="y" * size)["echo"] == "y" * size
    assert len(told(plain, "grow", size=size)["body"]) == size


def test_its_clock_is_really_another_one(plain: MicroVmInmate) -> None:
    found = told(plain, "tell")
    assert found["time"] == pytest.approx(time.time() + DAYS * 86400, abs=30)
    assert (found["user"], found["host"], found["uid"]) == ("alice", "trainer-7", 1000)


@pytest.mark.parametrize("path", ["/new", "/usr/new", "/pratique/new", "/work/new"])
def test_its_disks_are_read_only(plain: MicroVmInmate, path: str) -> None:
    assert "refused" in told(plain, "write", path=path, size=1)


def test_its_own_folders_are_bounded(plain: MicroVmInmate) -> None:
    found = told(plain, "write", path="/tmp/big", size=16 << 20)
    assert found["written"] <= SMALL.tmp
    assert "refused" in found


@pytest.mark.parametrize("path", ["/dev/vda", "/dev/vport1p1", "/dev/mem", "/proc/1/environ"])
def test_the_machine_itself_is_out_of_reach(plain: MicroVmInmate, path: str) -> None:
    assert "refused" in told(plain, "read", path=path)


def test_memory_is_bounded_and_nothing_is_left() -> None:
    sandbox = microvm()
    before = mounts(), descriptors(), len(cgroups(os.getpid()))
    with sandbox.start(vm_job(bounds=SMALL)) as inmate, Kin(inmate.pid) as kin:
        with pytest.raises(WorkerError) as caught:
            told(inmate, "eat", size=1 << 30, seconds=50)
        assert caught.value.why == "memory"
        assert kin.gone()
    assert (mounts(), descriptors(), len(cgroups(os.getpid()))) == before


def test_a_crash_is_said_and_ends_the_machine() -> None:
    with microvm().start(vm_job(bounds=SMALL)) as inmate, Kin(inmate.pid) as kin:
        with pytest.raises(WorkerError, match="SIGSEGV") as caught:
            told(inmate, "crash")
        assert caught.value.why == "crashed"
        assert kin.gone()


def test_the_deadline_ends_a_machine_that_spins() -> None:
    with microvm().start(vm_job(bounds=SMALL)) as inmate, Kin(inmate.pid) as kin:
        with pytest.raises(WorkerError) as caught:
            told(inmate, "spin", seconds=1)
        assert caught.value.why == "deadline"
        assert kin.gone()


def test_it_dies_with_the_supervisor() -> None:
    microvm()
    code = (
        "from harness.machines import microvm, vm_job\n"
        "inmate = microvm().start(vm_job())\n"
        "print(inmate.pid, flush=True)\n"
        "list(inmate.ask({'do': 'spin'}, 60))\n"
    )
    path = os.pathsep.join([str(TESTS), str(TESTS.parent / "src")])
    supervisor = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": path}
    )
    assert supervisor.stdout is not None
    with supervisor.stdout, Kin(int(supervisor.stdout.readline())) as kin:
        assert kin.alive()
        supervisor.send_signal(signal.SIGKILL)
        supervisor.wait()
        assert kin.gone()


def test_what_it_calls_is_recorded_by_its_own_root() -> None:
    wanted = vm_job(program="harness.programs.machine", record=True)
    with microvm().start(wanted) as inmate:
        list(inmate.ask({"do": "call_out"}, 50))
        assert inmate.finish(20) == ""
    events, cut = inmate.trace()
    assert not cut
    connects = [e for e in events if e.call == "connect"]
    assert [(e.word("address"), e.word("port"), e.phase) for e in connects] == [
        ("192.0.2.7", "4444", "load")
    ]
    assert any(e.call == "execve" and e.word("path") == "/bin/sh" for e in events)
    assert any(e.call == "received" and "canary" in e.word("preview") for e in events)


def test_without_an_image_it_is_refused_and_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(TierError, match="not built") as caught:
        MicroVmSandbox(tmp_path).start(vm_job())
    assert "pratique microvm build" in caught.value.hint()
    offered = MicroVmSandbox(tmp_path).offer()
    assert not offered.usable
    assert "pratique microvm build" in offered.mend


def test_an_image_of_another_version_is_refused(tmp_path: Path) -> None:
    microvm()
    (tmp_path / "image").mkdir()
    for path in (folder() / "image").iterdir():
        (tmp_path / "image" / path.name).symlink_to(path)
    (tmp_path / "image" / "manifest.json").unlink()
    text = (folder() / "image" / "manifest.json").read_text()
    (tmp_path / "image" / "manifest.json").write_text(text.replace('"guest": "', '"guest": "0'))
    with pytest.raises(TierError, match="another version"):
        MicroVmSandbox(tmp_path).start(vm_job())


def test_a_system_python_that_the_image_cannot_stand_in_for_is_refused() -> None:
    with pytest.raises(JailError, match="virtual environment"):
        check(Interpreter(Path("/usr/bin/python3.13"), (3, 13, 1), ()))
