"""A result is believed again only for the same bytes, limits, readers, rules, and a jail."""

import os
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from harness.examining import look, source
from harness.working import InProcess
from pratique.core.finding import RuleId
from pratique.core.limits import Limits
from pratique.detectors import index
from pratique.engine import examine, plan
from pratique.engine.handle import Handle, opened
from pratique.engine.repository import Rows
from pratique.store.sql import SqlStore, open_store


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "notes.txt"
    path.write_text("nothing to see\n" * 40)
    return path


def kept(tmp_path: Path) -> SqlStore:
    return open_store(tmp_path / "s")


def test_another_reader_reads_everything_again(
    text: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workers = InProcess()
    look(source(text), workers, store=kept(tmp_path))
    now = index.index()
    newer = replace(now, readers=f"{now.readers},new@1")
    monkeypatch.setattr(index, "index", lambda: newer)
    look(source(text), workers, store=kept(tmp_path))
    first, second = (set(asked["rules"]) for asked in workers.asked)
    assert first == second


def test_only_rules_without_a_receipt_run(
    text: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workers = InProcess()
    look(source(text), workers, store=kept(tmp_path))
    newer = {r: v + (r == "SEC001") for r, v in plan.versions().items()}
    monkeypatch.setattr(plan, "versions", lambda: newer)
    monkeypatch.setattr(examine, "versions", lambda: newer)
    look(source(text), workers, store=kept(tmp_path))
    assert workers.asked[1]["rules"] == ["SEC001"]


def test_a_run_for_few_rules_forgets_no_view(
    text: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rule over text measures nothing; a rule over measures that changes later is still owed."""
    workers = InProcess()
    look(source(text), workers, store=kept(tmp_path))
    released = index.rules()
    for changed in ("SEC001", "MAL051"):
        rules = dict(released)
        rules[RuleId(changed)] = replace(rules[RuleId(changed)], version=99)
        monkeypatch.setattr(index, "rules", partial(dict, rules))
        look(source(text), workers, store=kept(tmp_path))
    assert [asked["rules"] for asked in workers.asked[1:]] == [["SEC001"], ["MAL051"]]


def test_a_forged_hint_changes_no_digest(text: Path, tmp_path: Path) -> None:
    honest = look(source(text), store=kept(tmp_path))
    with closing(kept(tmp_path)) as store, opened(source(text)) as handle:
        store.remember(handle.stamp, type(honest.digest)("sha256:" + "0" * 64))
    workers = InProcess()
    again = look(source(text), workers, store=kept(tmp_path))
    assert (again.digest, again.cached, workers.asked) == (honest.digest, True, [])


def test_a_stamp_is_taken_only_when_it_has_settled(text: Path) -> None:
    text.write_text("just now")
    with opened(source(text)) as handle:
        text.write_text("just noW")
        os.utime(text, ns=(0, handle.stamp.modified_ns))
        with pytest.raises(Exception, match="changed"):
            handle.unchanged()
    assert isinstance(handle, Handle)


def test_facts_of_all_files_are_held_in_bounded_room(text: Path) -> None:
    report = look(source(text))
    rows = Rows(Limits(repository_bytes=1))
    assert rows.take(report).inspection.facts == ()
    told = b"".join(rows.descriptor(()))
    assert b"'notes.txt' and 0 more were too many" in told
    assert report.digest.encode() in told
    assert b"format" not in told
