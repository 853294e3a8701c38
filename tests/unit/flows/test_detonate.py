"""The story of a detonation, with a sandbox that runs nothing."""

from pathlib import Path

import pytest

from harness.detonating import Scripted
from harness.traces import detonation, event, everywhere, honest, run
from pratique.artifacts.sources.base import Source
from pratique.artifacts.sources.opening import open_source
from pratique.core.errors import JailError, MachineError, UsageError
from pratique.core.finding import Stage
from pratique.core.ports import Quiet
from pratique.core.receipt import Coverage
from pratique.core.scan import Scan
from pratique.core.trace import Detonation
from pratique.flows.asked import Asked
from pratique.flows.detonate import detonate
from pratique.flows.scan import scan

CALLS_HOME = everywhere(event("connect", family="inet", address="192.0.2.7", port="443"))


class Heard(Quiet):
    """Remembers what it was told of runs and oddities."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def ran(self, done: int, planned: int, says: str) -> None:
        self.said.append(f"{done}/{planned} {says}")

    def noticed(self, says: str) -> None:
        self.said.append(says)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "pytorch_model.bin").write_bytes(b"text of a model\n" * 20)
    return folder


def deep(model: Path, detonator: Scripted) -> Scan:
    return scan(open_source(str(model)), Asked(jobs=1, detonator=detonator))


def coverages(scanned: Scan) -> set[Coverage]:
    return {r.coverage for r in scanned.behaviour.receipts}


def test_a_detonation_alone_hashes_and_judges_what_was_seen(model: Path) -> None:
    detonator, heard = Scripted(CALLS_HOME), Heard()
    seen = detonate(open_source(str(model)), Asked(jobs=1, watcher=heard), detonator)
    assert (seen.only, seen.detonation) == (Stage.NETWORK, CALLS_HOME)
    assert [f.path for f in seen.files] == ["pytorch_model.bin"]
    assert seen.files[0].digest.startswith("sha256:")
    assert not seen.files[0].inspection.receipts
    (found,) = seen.behaviour.findings
    assert found.bound == seen.files[0].digest
    assert seen.complete
    assert detonator.places == [model.resolve()]
    assert heard.said == ["1/1 torch over model.bin, now: finished"]


def test_a_deep_scan_holds_both(model: Path) -> None:
    seen = deep(model, Scripted(honest()))
    assert seen.detonation == honest()
    assert coverages(seen) == {Coverage.FULL}
    assert seen.files[0].inspection.receipts
    assert seen.asked(Stage.NETWORK)
    assert seen.asked(Stage.MALWARE)


def test_a_plain_scan_runs_nothing(model: Path) -> None:
    seen = scan(open_source(str(model)), Asked(jobs=1))
    assert seen.detonation is None
    assert not seen.behaviour.receipts
    assert not seen.asked(Stage.NETWORK)


def test_a_model_that_changes_meanwhile_was_not_seen(model: Path) -> None:
    def change(place: Path) -> None:
        (place / "pytorch_model.bin").write_bytes(b"other bytes")

    def add(place: Path) -> None:
        (place / "pytorch_model.bin").unlink()

    for meanwhile in (change, add):
        seen = deep(model, Scripted(CALLS_HOME, meanwhile))
        assert coverages(seen) == {Coverage.NONE}
        assert "changed while" in seen.behaviour.receipts[0].why
        assert seen.behaviour.findings  # what was seen is told all the same


def test_a_sandbox_that_fails_costs_no_scan(model: Path) -> None:
    trouble = JailError("no user namespaces")
    seen = deep(model, Scripted(honest(), trouble=trouble))
    assert coverages(seen) == {Coverage.NONE}
    assert "could not be run: no user namespaces" in seen.behaviour.receipts[0].why
    assert seen.files[0].inspection.receipts
    assert isinstance(seen.detonation, Detonation)
    with pytest.raises(MachineError, match="no user namespaces"):
        detonate(open_source(str(model)), Asked(), Scripted(honest(), trouble=trouble))


def test_what_is_not_here_cannot_be_run() -> None:
    class Remote:
        name = "hf://org/name@c0ffee"

        def files(self) -> object:
            return iter(())

    source: Source = Remote()  # type: ignore[assignment] # it yields nothing
    with pytest.raises(UsageError, match="can be detonated"):
        scan(source, Asked(detonator=Scripted(honest())))
    with pytest.raises(UsageError, match="can be detonated"):
        detonate(source, Asked(), Scripted(honest()))


def test_a_file_that_cannot_be_read_has_no_digest(model: Path) -> None:
    (model / "dangling").symlink_to("nothing")
    heard = Heard()
    told = detonation(run(target="pytorch_model.bin"))
    seen = detonate(open_source(str(model)), Asked(jobs=1, watcher=heard), Scripted(told))
    assert [f.path for f in seen.files if not f.digest] == ["dangling"]
    assert any(says.startswith("dangling: ") for says in heard.said)
