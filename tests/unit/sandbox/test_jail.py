"""What tier 1 is made of, looked at from outside."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.caging import TESTS, Kin, cgroups, jail, job, told
from pratique.core.errors import JailError, WorkerError
from pratique.sandbox.jail import cgroups as groups
from pratique.sandbox.jail.interpreter import interpreter
from pratique.sandbox.jail.sandbox import NEEDED, JailSandbox
from pratique.sandbox.port import Bounds, Job, Mount, TierError
from pratique.sandbox.record.network import Network

ROOT = TESTS.parent
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="SKIPPED: needs root")

SUPERVISOR = """
import sys, time
sys.path[:0] = {paths!r}
from harness.caging import job
from pratique.sandbox.jail.sandbox import JailSandbox
inmate = JailSandbox().start(job(record={record}))
print("started", inmate.pid, flush=True)
if {record}:
    for frame in inmate.ask({{"do": "outlive"}}, 20): pass
    print("left", flush=True)
list(inmate.ask({{"do": "sleep"}}, 600))
"""


def test_the_report_names_what_holds() -> None:
    with jail().start(job()) as inmate:
        held = set(inmate.report.held)
        assert held >= NEEDED | {"seccomp"}
        assert any(name.startswith("bubblewrap-") for name in held)
        assert inmate.report.tier == "jail"
        assert inmate.report.sound


@as_root
def test_root_gives_it_a_user_and_groups_of_its_own() -> None:
    with jail().start(job()) as inmate:
        assert {"uid", "pids-cgroup", "memory-cgroup", "cgroups"} <= set(inmate.report.held)
        uids = Path(f"/proc/{inmate.pid}/status").read_text().split("Uid:")[1].split()[:4]
    assert len(set(uids)) == 1
    assert int(uids[0]) > 1 << 16


@as_root
def test_two_inmates_are_two_users() -> None:
    with jail().start(job()) as one, jail().start(job()) as other:
        owners = {Path(f"/proc/{i.pid}").stat().st_uid for i in (one, other)}
    assert len(owners) == 2


@as_root
def test_memory_is_bounded_over_all_processes() -> None:
    bounds = Bounds(memory=300 << 20, tmp=1 << 20, processes=64, deadline_s=30)
    with jail().start(job(record=True, bounds=bounds)) as inmate, pytest.raises(WorkerError) as e:
        _ = told(inmate, "eat", size=2 << 30, forks=True), told(inmate, "echo")
    assert e.value.why == "memory"


def test_a_fork_bomb_is_bounded_and_gone_with_the_inmate() -> None:
    inmate = jail().start(job(record=True))
    with Kin(inmate.pid) as kin, inmate:
        found = told(inmate, "bomb")
        assert found["born"] <= 64
        assert "refused" in found
        assert len(kin.alive()) > 2
        inmate.close()
        assert not kin.alive()


def test_a_server_may_not_start_processes_or_programs() -> None:
    with jail().start(job()) as inmate:
        assert told(inmate, "bomb") == {"born": 0, "refused": "Operation not permitted"}
        assert "refused" in told(inmate, "execute", argv=["/bin/true"])


def test_who_outlives_its_parent_ends_with_the_inmate() -> None:
    inmate = jail().start(job(record=True))
    with Kin(inmate.pid) as kin, inmate:
        assert told(inmate, "outlive") == {"left": True}
        assert len(kin.alive()) > 2
        inmate.finish(1)
        inmate.close()
        assert not kin.alive()


@pytest.mark.parametrize(
    ("moment", "record"), [("started", False), ("started", True), ("left", True)]
)
def test_nothing_survives_its_supervisor(moment: str, record: bool) -> None:  # noqa: FBT001 - a case
    jail()
    code = SUPERVISOR.format(paths=[str(ROOT / "src"), str(TESTS)], record=record)
    argv = [sys.executable, "-c", code]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as killed:
        assert killed.stdout is not None
        kin = Kin(int(killed.stdout.readline().split()[1]))
        if moment == "left":
            assert killed.stdout.readline() == "left\n"
        assert kin.alive()
        killed.send_signal(signal.SIGKILL)
    with kin:
        assert kin.gone(), kin.alive()
    groups.clear()
    assert cgroups(killed.pid) == []


@pytest.fixture
def open_path() -> Iterator[Path]:
    """Give a folder that others may enter: what lies above pytest's own may be shut to them."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def test_an_ordinary_user_has_the_same_jail_less_a_user_and_groups(open_path: Path) -> None:
    jail()
    python = "/usr/bin/python3"
    if os.geteuid() != 0 or not Path(python).exists():
        pytest.skip("SKIPPED: needs root to become somebody else, and /usr/bin/python3")
    if interpreter(Path(python)).version < (3, 11):
        pytest.skip("SKIPPED: /usr/bin/python3 is older than 3.11")
    shutil.copytree(ROOT / "src", open_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(TESTS / "harness" / "programs", open_path / "programs")
    code = (
        "import sys; sys.path.insert(0, 'src')\n"
        "from pathlib import Path\n"
        "from pratique.sandbox.jail.sandbox import JailSandbox\n"
        "from pratique.sandbox.port import Job\n"
        "with JailSandbox().start(Job('inmate', paths=(Path('programs').absolute(),))) as i:\n"
        "    print(list(i.ask({'do': 'read', 'path': '/etc/shadow'}, 10)))\n"
        "    print(sorted(dict(i.report.missing)))\n"
    )
    done = subprocess.run(
        ["setpriv", "--reuid", "61234", "--regid", "61234", "--clear-groups", python, "-c", code],
        cwd=open_path,
        env={"PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.splitlines() == [
        "[{'refused': 'No such file or directory'}]",
        "['memory-cgroup', 'pids-cgroup', 'uid']",
    ], done.stderr


def test_without_bubblewrap_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(TierError, match="bubblewrap") as caught:
        JailSandbox().start(job())
    assert "apt install bubblewrap" in caught.value.hint()
    offered = JailSandbox().offer()
    assert not offered.usable
    assert "apt install bubblewrap" in offered.mend


def test_a_mechanism_that_does_not_hold_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    found = jail()
    monkeypatch.setattr("pratique.sandbox.jail.sandbox.NEEDED", NEEDED | {"a-mechanism-of-2031"})
    with pytest.raises(JailError, match="does not hold"):
        found.start(job())


def test_a_program_that_is_not_there_is_said() -> None:
    with pytest.raises(JailError, match="No module named"):
        jail().start(job(program="harness.programs.absent"))


def test_a_link_to_an_interpreter_shows_nothing_of_what_lies_beside_it(open_path: Path) -> None:
    (open_path / "bin").mkdir()
    (open_path / "secret").write_text("x")
    link = open_path / "bin" / "python3"
    link.symlink_to(Path(sys.executable).resolve())
    found = interpreter(link)
    assert not [f for f in found.folders if open_path.resolve().is_relative_to(f)]
    with jail().start(job(python=link)) as inmate:
        assert told(inmate, "read", path=str(open_path / "secret"))["refused"]


@as_root
def test_a_models_folder_that_became_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "model").symlink_to(tmp_path / "real")
    with pytest.raises(JailError):
        jail().start(job(mounts=(Mount(tmp_path / "model", "/model"),)))


def test_an_interpreter_that_is_none_is_said() -> None:
    with pytest.raises(JailError, match="does not answer as a Python interpreter"):
        jail().start(Job("x", python=Path("/bin/true")))


@pytest.mark.parametrize("version", ["1", "2"])
@as_root
def test_groups_of_the_dead_are_cleared(
    version: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for controller in ("pids", "memory"):
        if version == "1":
            (tmp_path / controller).mkdir()
    folder = tmp_path / "pids" if version == "1" else tmp_path
    monkeypatch.setattr(groups, "ROOT", tmp_path)
    monkeypatch.setattr(groups, "_parent", lambda _: folder)
    for name in ("pratique-4194305-0", f"pratique-{os.getpid()}-0", "other"):
        (folder / name).mkdir()
    groups.clear()
    left = {p.name for p in folder.iterdir() if p.name not in ("pids", "memory")}
    assert left == {f"pratique-{os.getpid()}-0", "other"}


def test_what_the_decoys_lack_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def lacking(self: Network) -> None:
        ready(self)
        self.missing = (("ipv6", "no such thing here"),)

    ready = Network._ready  # noqa: SLF001 - where it hears what its helper holds
    monkeypatch.setattr(Network, "_ready", lacking)
    with jail().start(job(record=True)) as inmate:
        assert ("decoy-network ipv6", "no such thing here") in inmate.report.missing


def test_what_an_inmate_does_is_written_down_with_the_decoys_that_it_met() -> None:
    inmate = jail().start(job(record=True, canary="canary-91b2"))
    with inmate:
        address = told(inmate, "resolve", name="payload.example")["address"]
        assert told(inmate, "connect", address=address, port=4444)["got"].startswith("HTTP/1.1 200")
        assert told(inmate, "execute", argv=["/bin/sh", "-c", "echo hi"])["out"] == "hi\n"
    events, cut = inmate.trace()
    assert not cut
    seen = {(e.call, e.word("name") or e.word("argv") or e.word("address")) for e in events}
    assert ("dns", "payload.example") in seen
    assert ("connect", "payload.example") in seen
    assert ("execve", "/bin/sh -c 'echo hi'") in seen
    assert any(e.call == "received" and e.word("port") == "4444" for e in events)
    assert any(e.source == "python" and e.stack for e in events)


def test_strace_is_a_second_witness_where_it_may() -> None:
    if shutil.which("strace") is None:
        pytest.skip("SKIPPED: no strace on this machine")
    inmate = jail().start(job(record=True, strace=True))
    with inmate:
        told(inmate, "execute", argv=["/bin/true"])
    if "strace" not in inmate.report.held:
        pytest.skip(f"SKIPPED: strace may not: {dict(inmate.report.missing)['strace']}")
    assert any(e.source == "strace" and e.call == "execve" for e in inmate.trace()[0])


def test_a_flood_of_words_is_told_as_one_event() -> None:
    inmate = jail().start(job(record=True))
    with inmate:
        told(inmate, "flood", size=64 << 20)
    (flood,) = [event for event in inmate.trace()[0] if event.call == "flood"]
    assert int(flood.word("size")) >= 60 << 20
