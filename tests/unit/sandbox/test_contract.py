"""What every tier promises, held against each one that this machine offers."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.caging import cgroups, descriptors, jail, job, mounts, told
from harness.machines import microvm, vm_job
from pratique.core.errors import WorkerError
from pratique.core.trace import Condition
from pratique.sandbox.port import Bounds, Job, Mount, Sandbox

Make = Callable[[], tuple[Sandbox, Job]]


def serving() -> tuple[Sandbox, Job]:
    return jail(), job()


def recording() -> tuple[Sandbox, Job]:
    return jail(), job(record=True)


def machine() -> tuple[Sandbox, Job]:
    if "PRATIQUE_LONG" not in os.environ:
        pytest.skip("SKIPPED: long; PRATIQUE_LONG=1 holds the microVM to the same contract")
    return microvm(), vm_job()


TIERS = [pytest.param(make, id=make.__name__) for make in (serving, recording, machine)]
tiers = pytest.mark.parametrize("make", TIERS)


def changed(wanted: Job, **fields: object) -> Job:
    base = {name: getattr(wanted, name) for name in wanted.__dataclass_fields__}
    return Job(**{**base, **fields})


@tiers
@pytest.mark.parametrize("size", [0, 1, 100_000, 8_000_000])
def test_messages_of_any_size_go_both_ways(make: Make, size: int) -> None:
    sandbox, wanted = make()
    with sandbox.start(wanted) as inmate:
        assert told(inmate, "echo", body="y" * size) == {"echo": "y" * size}
        assert told(inmate, "grow", size=size) == {"body": "x" * size}


@tiers
def test_one_inmate_answers_many_requests(make: Make) -> None:
    sandbox, wanted = make()
    with sandbox.start(wanted) as inmate:
        assert [told(inmate, "echo", body=n)["echo"] for n in range(50)] == list(range(50))


@tiers
def test_it_believes_to_be_who_and_where_the_condition_says(make: Make) -> None:
    sandbox, wanted = make()
    condition = Condition(user="alice", host="trainer-7", locale="de_DE.UTF-8")
    with sandbox.start(changed(wanted, condition=condition)) as inmate:
        found = told(inmate, "tell")
    assert (found["user"], found["home"], found["host"]) == ("alice", "/home/alice", "trainer-7")
    assert found["environment"]["LANG"] == "de_DE.UTF-8"
    assert found["uid"] != 0


@tiers
@pytest.mark.parametrize("days", [1, 90, 731, -30])
def test_it_believes_the_date_of_the_condition(make: Make, days: int) -> None:
    sandbox, wanted = make()
    if os.uname().machine != "x86_64":
        pytest.skip("SKIPPED: another date is offered on x86-64 only")
    with sandbox.start(changed(wanted, condition=Condition(clock_s=days * 86400))) as inmate:
        assert told(inmate, "tell")["time"] == pytest.approx(time.time() + days * 86400, abs=30)


@tiers
def test_nothing_of_this_machine_s_environment_is_there(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRATIQUE_TEST_SECRET", "canary-7f3a")
    sandbox, wanted = make()
    with sandbox.start(changed(wanted, environment={"PLANTED": "decoy"})) as inmate:
        found = told(inmate, "tell")
        inits = [told(inmate, "read", path=f"/proc/{pid}/environ") for pid in (1, found["pid"])]
    assert "canary-7f3a" not in str((found, inits))
    assert found["environment"]["PLANTED"] == "decoy"


@tiers
def test_a_model_is_shown_and_cannot_be_changed(make: Make, tmp_path: Path) -> None:
    sandbox, wanted = make()
    (tmp_path / "weights.bin").write_text("weights")
    (tmp_path / "weights.bin").chmod(0o600)
    with sandbox.start(changed(wanted, mounts=(Mount(tmp_path, "/model"),))) as inmate:
        assert told(inmate, "read", path="/model/weights.bin") == {"text": "weights"}
        assert "refused" in told(inmate, "write", path="/model/weights.bin", size=1)
        assert "refused" in told(inmate, "write", path="/model/new", size=1)
    assert [p.name for p in tmp_path.iterdir()] == ["weights.bin"]


@tiers
def test_decoys_lie_in_the_home_folder(make: Make) -> None:
    sandbox, wanted = make()
    with sandbox.start(changed(wanted, home=((".ssh/id_ed25519", b"canary"),))) as inmate:
        home = told(inmate, "tell")["home"]
        assert told(inmate, "read", path=f"{home}/.ssh/id_ed25519") == {"text": "canary"}


@tiers
@pytest.mark.parametrize("path", ["/etc/shadow", "/root/.bashrc", "/proc/1/root/etc/shadow"])
def test_files_of_this_machine_are_not_there(make: Make, path: str) -> None:
    sandbox, wanted = make()
    with sandbox.start(wanted) as inmate:
        assert "refused" in told(inmate, "read", path=path)


@tiers
@pytest.mark.parametrize("path", ["/new", "/usr/new", "/etc/new", "/dev/new", "/pratique/new"])
def test_nothing_can_be_written_but_its_own_folders(make: Make, path: str) -> None:
    sandbox, wanted = make()
    with sandbox.start(wanted) as inmate:
        assert "refused" in told(inmate, "write", path=path, size=1)


@tiers
def test_its_folders_are_bounded(make: Make) -> None:
    sandbox, wanted = make()
    with sandbox.start(wanted) as inmate:
        found = told(inmate, "write", path="/tmp/big", size=64 << 20)
        assert found["written"] <= wanted.bounds.tmp
        assert "refused" in found


@tiers
@pytest.mark.parametrize("deed", ["sleep", "spin"])
def test_the_deadline_ends_it(make: Make, deed: str) -> None:
    sandbox, wanted = make()
    began = time.monotonic()
    with sandbox.start(wanted) as inmate, pytest.raises(WorkerError) as caught:
        told(inmate, deed, seconds=1)
    assert caught.value.why == "deadline"
    assert time.monotonic() - began < 15


@tiers
@pytest.mark.parametrize(
    ("deed", "request_", "why", "says"),
    [
        ("leave", {"code": 7}, "crashed", "exit code 7"),
        ("crash", {}, "crashed", "SIGSEGV"),
        ("fail", {}, "crashed", "RuntimeError: as asked"),
        ("forge", {"bytes": "ffffffff", "then": "sleep"}, "protocol", "a frame of"),
        ("forge", {"bytes": "00000003" + b"[1]".hex(), "then": "sleep"}, "protocol", "object"),
        ("forge", {"bytes": "00000001" + b"x".hex(), "then": "sleep"}, "protocol", "JSON"),
    ],
)
def test_what_went_wrong_is_said(
    make: Make, deed: str, request_: dict[str, object], why: str, says: str
) -> None:
    sandbox, wanted = make()
    with sandbox.start(wanted) as inmate, pytest.raises(WorkerError, match=says) as caught:
        told(inmate, deed, seconds=20, **request_)
    assert caught.value.why == why


@tiers
def test_a_forged_end_is_seen_before_the_next_question(make: Make) -> None:
    sandbox, wanted = make()
    forged = "0000000c" + b'{"end":true}'.hex()
    with sandbox.start(wanted) as inmate:
        list(inmate.ask({"do": "forge", "bytes": forged}, 10))
        time.sleep(0.2)
        with pytest.raises(WorkerError, match="before it was asked"):
            told(inmate, "echo")


@tiers
def test_descriptors_that_it_sends_arrive_nowhere(make: Make) -> None:
    sandbox, wanted = make()
    before = descriptors()
    with sandbox.start(wanted) as inmate:
        frames = list(inmate.ask({"do": "hand"}, 10))
    assert {"done": True} in frames
    assert descriptors() == before


@tiers
def test_memory_is_bounded(make: Make) -> None:
    sandbox, wanted = make()
    bounds = Bounds(memory=256 << 20, tmp=1 << 20, processes=64, deadline_s=30)
    with sandbox.start(changed(wanted, bounds=bounds)) as inmate, pytest.raises(WorkerError) as e:
        told(inmate, "eat", size=1 << 30)
    assert e.value.why == "memory"


@tiers
def test_a_flood_of_words_neither_stops_it_nor_fills_this_process(make: Make) -> None:
    sandbox, wanted = make()
    with sandbox.start(wanted) as inmate:
        assert told(inmate, "flood", size=200 << 20) == {"flooded": True}


@tiers
def test_an_orderly_end_runs_exit_handlers_and_waits_for_threads(make: Make) -> None:
    sandbox, wanted = make()
    with sandbox.start(wanted) as inmate:
        told(inmate, "late")
        began = time.monotonic()
        assert inmate.finish(20) == ""
        assert time.monotonic() - began >= 0.25


@tiers
def test_an_end_that_does_not_come_is_told(make: Make) -> None:
    sandbox, wanted = make()
    with sandbox.start(wanted) as inmate:
        told(inmate, "linger")
        assert "still ran" in inmate.finish(1)


@tiers
def test_nothing_is_left_behind(make: Make) -> None:
    sandbox, wanted = make()
    before, fds = mounts(), descriptors()
    with sandbox.start(wanted) as inmate:
        told(inmate, "write", path="/tmp/x", size=1 << 20)
    assert mounts() == before
    assert descriptors() == fds
    assert cgroups(os.getpid()) == []


@tiers
def test_a_dead_inmate_says_so(make: Make) -> None:
    sandbox, wanted = make()
    inmate = sandbox.start(wanted)
    inmate.close()
    inmate.close()
    with pytest.raises(WorkerError, match="dead"):
        list(inmate.ask({"do": "echo"}, 1))
