"""A detonation is judged in a worker, accounted for by every rule, and never believed later."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from harness.traces import detonation, event, everywhere, honest, run
from harness.working import InProcess, Scripted
from pratique.core.errors import MalformedError, WorkerError
from pratique.core.limits import Limits
from pratique.core.ports import Quiet
from pratique.core.receipt import Coverage
from pratique.core.scan import Inspection
from pratique.core.trace import Detonation, Ending
from pratique.core.trace_json import dump
from pratique.engine import plan
from pratique.engine.examine import Examiner
from pratique.engine.ports import Workers
from pratique.store.sql import open_store

CALLS_HOME = everywhere(event("connect", family="inet", address="192.0.2.7", port="443"))


def judged(
    told: Detonation | bytes, workers: Workers | None = None, store: Path | None = None
) -> Inspection:
    body = told if isinstance(told, bytes) else dump(told)
    with closing(open_store(store)) as kept:
        examiner = Examiner(kept, workers or InProcess(), Limits(), Quiet())
        with closing(examiner):
            return examiner.trace(body)


def test_every_rule_leaves_a_receipt_that_names_who_ran() -> None:
    told = judged(honest())
    assert {r.rule for r in told.receipts} == plan.trace_rules()
    assert {r.coverage for r in told.receipts} == {Coverage.FULL}
    assert told.receipts[0].readers == ("engine@3", "tier:jail", "recorder@1", "torch@2.13.0")
    assert told.findings == ()


def test_what_was_done_is_found_where_it_was_done() -> None:
    (found,) = judged(CALLS_HOME).findings
    assert (found.rule, found.at.chain) == ("NET001", ("pytorch_model.bin", "torch"))


def test_a_run_that_was_cut_short_makes_no_receipt_full() -> None:
    told = judged(detonation(run(), run(ending=Ending.DEADLINE)))
    assert {r.coverage for r in told.receipts} == {Coverage.PARTIAL}
    none = judged(detonation(run(ending=Ending.REFUSED, says="not installed")))
    assert {r.coverage for r in none.receipts} == {Coverage.NONE}


def test_bytes_that_are_no_trace_leave_no_rule_unaccounted() -> None:
    def refuse(request: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        raise WorkerError(f"crashed over {request['size']} bytes", "crashed")

    told = judged(b"{}", Scripted(refuse))
    assert {r.rule for r in told.receipts} == plan.trace_rules()
    assert {r.coverage for r in told.receipts} == {Coverage.NONE}
    assert "crashed over 2 bytes" in told.receipts[0].why
    with pytest.raises(MalformedError):  # which the jailed worker tells as its end
        judged(b"{}", InProcess())


def test_a_worker_may_answer_for_no_other_rule() -> None:
    frame = {"receipt": "MAL001", "version": 1, "chain": [], "readers": [], "size": 0}
    frame |= {"covered": 0, "coverage": "full", "why": ""}
    told = judged(honest(), Scripted(lambda _: iter([frame])))
    assert {r.rule for r in told.receipts} == plan.trace_rules()
    assert "which it was not asked for" in told.receipts[0].why


def test_nothing_of_it_is_kept(tmp_path: Path) -> None:
    workers = InProcess()
    for _ in range(2):
        judged(honest(), workers, tmp_path / "s")
    assert [asked["do"] for asked in workers.asked] == ["trace", "trace"]


def test_files_and_traces_have_rules_of_their_own() -> None:
    assert not plan.trace_rules() & (plan.file_rules() | plan.repository_rules())
    assert all(rule.startswith("NET") for rule in plan.trace_rules())


def test_no_room_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> object:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pratique.engine.examine.tempfile.TemporaryFile", full)
    told = judged(honest())
    assert {r.why for r in told.receipts} == {
        "no room on this machine for the trace: No space left on device"
    }
