"""The parent's side of an inspection: it trusts no worker, no path and no file system."""

import errno
import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.examining import look, source
from harness.working import InProcess, Scripted
from pratique.artifacts.sources.base import SourceFile
from pratique.core.errors import ChangedError, JailError, NotRegularError, WorkerError
from pratique.core.finding import Confidence, Finding, RuleId, Severity, Span
from pratique.core.limits import Limits
from pratique.core.ports import Quiet
from pratique.core.receipt import Coverage
from pratique.core.scan import FileReport, fingerprint
from pratique.core.wire import encode
from pratique.engine import examine, plan
from pratique.engine.examine import Examiner
from pratique.engine.handle import Handle
from pratique.engine.plan import unread
from pratique.engine.ports import Asking
from pratique.store.sql import open_store


def whys(report: FileReport) -> set[str]:
    return {r.why for r in report.inspection.receipts if r.coverage is not Coverage.FULL}


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "notes.txt"
    path.write_text("nothing to see\n" * 40)
    return path


def test_what_was_read_once_is_not_read_again(text: Path, tmp_path: Path) -> None:
    workers = InProcess()
    first = look(source(text), workers, store=open_store(tmp_path / "s"))
    again = look(source(text), workers, store=open_store(tmp_path / "s"))
    assert (first.cached, again.cached) == (False, True)
    assert len(workers.asked) == 1
    assert again.inspection == first.inspection


def test_other_limits_are_another_result(text: Path, tmp_path: Path) -> None:
    workers = InProcess()
    look(source(text), workers, store=open_store(tmp_path / "s"))
    look(source(text), workers, Limits(depth=3), store=open_store(tmp_path / "s"))
    assert len(workers.asked) == 2


def test_a_large_file_is_hashed_meanwhile(text: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = look(source(text))
    monkeypatch.setattr(examine, "SMALL", 0)
    large = look(source(text))
    assert large.digest == small.digest
    assert large.inspection == small.inspection


def test_a_file_that_changes_has_no_full_receipt(text: Path, tmp_path: Path) -> None:
    class Meddling(InProcess):
        def ask(
            self, request: Mapping[str, Any], fds: Sequence[int], deadline_s: float
        ) -> Iterator[dict[str, Any]]:
            text.write_text("something else\n" * 400)
            yield from InProcess.ask(self, request, fds, deadline_s)

    report = look(source(text), Meddling(), store=open_store(tmp_path / "s"))
    assert {r.coverage for r in report.inspection.receipts} == {Coverage.NONE}
    assert any("changed" in why for why in whys(report))


@pytest.mark.parametrize("why", ["crashed", "deadline", "memory", "protocol"])
def test_a_worker_that_dies_leaves_a_receipt_and_no_result(
    why: str, text: Path, tmp_path: Path
) -> None:
    def script(_: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        yield {"progress": 1 << 60}
        raise WorkerError("it died", why)

    report = look(source(text), Scripted(script), store=open_store(tmp_path / "s"))
    assert {"the worker did not finish: it died"} == whys(report)
    after = InProcess()
    look(source(text), after, store=open_store(tmp_path / "s"))
    assert len(after.asked) == 1


def _frames(request: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [encode(r) for r in unread("x", 0, request["rules"])]


def test_a_worker_that_says_nothing_is_not_clean(text: Path) -> None:
    report = look(source(text), Scripted(lambda _: iter(())))
    assert whys(report) == {"the worker left no account of this rule"}


def test_a_worker_may_not_speak_for_other_rules(text: Path) -> None:
    def script(request: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        yield {**_frames(request)[0], "receipt": "ZZZ999"}

    assert any("not asked for" in why for why in whys(look(source(text), Scripted(script))))


@pytest.mark.parametrize("frame", [{}, {"finding": 1}, {"fact": "x"}, {"receipt": "INT001"}])
def test_a_worker_out_of_shape_is_not_believed(frame: dict[str, Any], text: Path) -> None:
    report = look(source(text), Scripted(lambda _: iter([frame])))
    assert any("out of shape" in why for why in whys(report))


def test_a_fifo_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert whys(look(source(tmp_path / "pipe"))) == {"not a regular file"}


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/etc/passwd")
    report = look(source(tmp_path / "link"))
    assert report.digest == ""
    assert any("cannot be read" in why for why in whys(report))


def test_what_a_source_refuses_is_in_the_report() -> None:
    def refuse() -> int:
        raise NotRegularError("a device")

    assert whys(look(SourceFile("dev", -1, refuse))) == {"a device"}


def test_a_huge_file_ends_at_once(tmp_path: Path) -> None:
    path = tmp_path / "sparse"
    path.touch()
    os.truncate(path, 1 << 40)
    report = look(source(path))
    assert any("more than the limit" in why for why in whys(report))


def test_promised_digests_are_compared(text: Path) -> None:
    body = text.read_bytes()
    git = hashlib.sha1(b"blob %d\0" % len(body) + body, usedforsecurity=False).hexdigest()
    report = look(source(text, git_sha1=git, sha256="00"))
    facts = [f.data for f in report.inspection.facts if f.kind == "intended"]
    told = {d["algorithm"]: d["matches"] for d in facts if isinstance(d, dict)}
    assert told == {"git-sha1": True, "sha256": False}


def test_an_empty_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    report = look(source(tmp_path / "empty"))
    assert report.size == 0
    assert {r.coverage for r in report.inspection.receipts} == {Coverage.FULL}
    assert replace(report, cached=True) != report


def test_a_plan_out_of_shape_ends_nothing(text: Path) -> None:
    views = {"fact": "views", "chain": [], "data": {"views": [[1], {}, "Layout"]}}
    report = look(source(text), Scripted(lambda _: iter([views])))
    assert whys(report) == {"the worker left no account of this rule"}


def test_a_worker_may_not_speak_for_the_source(text: Path) -> None:
    forged = {"fact": "intended", "chain": [], "data": {"matches": True}}
    report = look(source(text), Scripted(lambda _: iter([forged])))
    assert any("for the source" in why for why in whys(report))


def test_a_worker_may_not_flood_with_findings(text: Path) -> None:
    def script(request: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        at = Span((), 0, 0)
        rule = RuleId(request["rules"][0])
        while True:
            yield encode(Finding(rule, Severity.LOW, Confidence.LOW, at, "x"))

    report = look(source(text), Scripted(script), Limits(findings=5))
    most = 5 + len(Severity) * len(plan.file_rules())
    assert len(report.inspection.findings) == most
    assert any(f"more than {most} findings" in why for why in whys(report))


def test_a_worker_may_not_flood_with_facts(text: Path) -> None:
    many = {"fact": "json", "chain": [], "data": [[]] * 900}

    def script(_: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        while True:
            yield many

    report = look(source(text), Scripted(script), Limits(facts_values=5_000))
    assert len(report.inspection.facts) <= 12
    assert any("more facts than it may" in why for why in whys(report))


def test_grave_findings_are_bound_to_their_bytes(text: Path) -> None:
    def told(severity: Severity) -> set[str]:
        def script(request: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
            rule = RuleId(request["rules"][0])
            yield encode(Finding(rule, severity, Confidence.LOW, Span(), "the same words"))

        marks = set()
        for body in ("one", "two"):
            text.write_text(body)
            (found,) = look(source(text), Scripted(script)).inspection.findings
            marks.add(fingerprint("notes.txt", found))
        return marks

    assert len(told(Severity.MEDIUM)) == 1
    assert len(told(Severity.HIGH)) == 2


def test_a_machine_without_workers_leaves_receipts(text: Path) -> None:
    class Gone(InProcess):
        def worker(self) -> AbstractContextManager[Asking]:
            raise JailError("the zygote has died")

    assert whys(look(source(text), Gone())) == {"no worker could be had: the zygote has died"}


def test_no_room_to_unpack_is_no_fault_of_the_file(
    text: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full() -> object:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("tempfile.TemporaryFile", full)
    report = look(source(text))
    assert report.digest
    assert whys(report) == {"no room on this machine to unpack into: No space left on device"}
    with closing(open_store(None)) as kept:
        examiner = Examiner(kept, InProcess(), Limits(), Quiet())
        with closing(examiner):
            told = examiner.repository([b"{}"], frozenset({RuleId("INT001")}))
    assert [r.coverage for r in told.receipts] == [Coverage.NONE]


def test_what_was_found_before_a_large_file_shrank_is_told(
    text: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(*_: object) -> object:
        raise ChangedError("the file became shorter while it was read")

    def script(request: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        rule = RuleId(request["rules"][0])
        yield encode(Finding(rule, Severity.HIGH, Confidence.LOW, Span((), 0, 0), "x"))

    monkeypatch.setattr(examine, "SMALL", 0)
    monkeypatch.setattr(Handle, "hashes", cut)
    report = look(source(text), Scripted(script))
    assert len(report.inspection.findings) == 1
    assert whys(report) == {"the file became shorter while it was read"}
