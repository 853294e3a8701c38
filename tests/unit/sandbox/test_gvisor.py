"""gVisor: which runsc is refused, what one is asked, and a real run where an old one is there."""

import dataclasses
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from harness.caging import descriptors, job, mounts, told
from pratique.core.errors import WorkerError
from pratique.core.trace import Condition
from pratique.sandbox.gvisor import bundle
from pratique.sandbox.gvisor.sandbox import GVisorSandbox, clear
from pratique.sandbox.jail import command
from pratique.sandbox.jail.interpreter import interpreter
from pratique.sandbox.port import Mount, Tier, TierError

PTRACE = os.environ.get("PRATIQUE_TEST_RUNSC", "")
"""A runsc of any age, to run this code with its ptrace platform."""


def fake(folder: Path, version: str) -> str:
    place = folder / "runsc"
    place.write_text(f"#!/bin/sh\necho 'runsc version {version}'\n")
    place.chmod(0o755)
    return str(place)


@pytest.mark.parametrize(
    "version", ["0.0~20221219.0", "release-20230529.0", "unknown", "release-20220222.0-88-g1"]
)
def test_a_runsc_from_before_systrap_is_refused(tmp_path: Path, version: str) -> None:
    with pytest.raises(TierError, match="too old") as caught:
        GVisorSandbox(fake(tmp_path, version)).start(job())
    assert "2023-06" in caught.value.hint()


def test_without_runsc_it_is_refused_and_says_how_to_get_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.delenv("PRATIQUE_RUNSC", raising=False)
    offered = GVisorSandbox().offer()
    assert (offered.tier, offered.usable) == (Tier.GVISOR, False)
    assert "PRATIQUE_RUNSC" in offered.mend


def test_the_operator_names_a_runsc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRATIQUE_RUNSC", fake(tmp_path, "release-20230529.0"))
    assert "20230529" in GVisorSandbox().offer().says


def test_a_runsc_that_does_not_run_is_told(tmp_path: Path) -> None:
    (tmp_path / "runsc").write_text("no program")
    with pytest.raises(TierError, match="does not run"):
        GVisorSandbox(str(tmp_path / "runsc")).start(job())


@pytest.mark.parametrize("ask", [{"record": True}, {"condition": Condition(clock_s=86400)}])
def test_what_it_cannot_do_is_refused(ask: dict[str, Any]) -> None:
    with pytest.raises(TierError) as caught:
        GVisorSandbox().start(job(**ask))
    assert "tier 1 or 3" in caught.value.hint()


def config(folder: Path) -> dict[str, Any]:
    wanted = job(mounts=(Mount(folder, "/model"),))
    shown = command.shown(wanted, interpreter(wanted.python), programs=False)
    place = folder / "bundle"
    place.mkdir()
    bundle.write(place, shown, ["/usr/bin/python3"], wanted.bounds)
    found: dict[str, Any] = json.loads((place / "config.json").read_text())
    for mount in found["mounts"]:
        assert (place / "rootfs" / mount["destination"].lstrip("/")).exists()
    return found


def test_the_bundle_gives_no_right_and_no_way_to_write(tmp_path: Path) -> None:
    found = config(tmp_path)
    process = found["process"]
    assert not any(process["capabilities"].values())
    assert process["noNewPrivileges"]
    assert process["user"]["uid"] != 0
    assert found["root"]["readonly"]
    binds = [m for m in found["mounts"] if m["type"] == "bind"]
    assert binds
    assert all("ro" in m["options"] for m in binds)
    assert {"type": "network"} in found["linux"]["namespaces"]
    sizes = [o for m in found["mounts"] if m["type"] == "tmpfs" for o in m["options"]]
    assert sum(o.startswith("size=") for o in sizes) == 3


def test_what_a_killed_supervisor_left_is_cleared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (tmp_path / "pratique-999999999-gv1-x").mkdir()
    (tmp_path / f"pratique-{os.getpid()}-gv1-x").mkdir()
    clear()
    assert [p.name for p in tmp_path.iterdir()] == [f"pratique-{os.getpid()}-gv1-x"]


def old_runsc() -> GVisorSandbox:
    runsc = PTRACE or shutil.which("runsc") or ""
    if not runsc:
        pytest.skip("SKIPPED: no runsc here; name one of any age in PRATIQUE_TEST_RUNSC")
    if os.geteuid() != 0:
        pytest.skip("SKIPPED: an old runsc on ptrace was only ever tried by root")
    return GVisorSandbox(runsc, oldest=0, platform="ptrace")


def test_a_program_runs_under_gvisor_and_nothing_is_left() -> None:
    sandbox = old_runsc()
    before = mounts(), descriptors()
    with sandbox.start(job()) as inmate:
        assert {"rlimits", "seccomp", "no-network"} <= set(inmate.report.held)
        assert inmate.report.tier == "gvisor"
        assert told(inmate, "echo", body="y" * 2_000_000) == {"echo": "y" * 2_000_000}
        assert told(inmate, "tell")["uid"] != 0
        assert "refused" in told(inmate, "write", path="/usr/new", size=1)
        assert "refused" in told(inmate, "read", path="/etc/shadow")
        assert inmate.finish(20) == ""
    assert (mounts(), descriptors()) == before


@pytest.mark.parametrize(("deed", "why"), [("spin", "deadline"), ("crash", "crashed")])
def test_what_went_wrong_under_gvisor_is_said(deed: str, why: str) -> None:
    with old_runsc().start(dataclasses.replace(job())) as inmate:
        with pytest.raises(WorkerError) as caught:
            told(inmate, deed, seconds=3)
        assert caught.value.why == why
