"""Snapshots as in test_reports.py: `PRATIQUE_SNAPSHOTS=write` writes them; read the diff."""

import io
import json
import os
import unicodedata
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from rich.console import Console

from harness.accounts import HOSTILE
from harness.detonating import deep_scan
from harness.traces import (
    AS_ROOT,
    LATER,
    NOW,
    THIEF,
    detonation,
    event,
    everywhere,
    heard,
    honest,
    run,
    worded,
)
from pratique.cli.reports import account as accounting
from pratique.cli.reports.account import Account, Target, gaps, stages
from pratique.cli.reports.as_json import write_json
from pratique.cli.reports.as_markdown import write_markdown
from pratique.cli.reports.as_sarif import document, write_sarif
from pratique.cli.reports.next_steps import next_steps
from pratique.cli.reports.schema import schema
from pratique.cli.reports.text import write_text
from pratique.cli.reports.timeline import pairs
from pratique.core.finding import Stage
from pratique.core.scan import Inspection, Scan
from pratique.core.trace import Detonation, Ending, Outcome
from pratique.detectors import index
from pratique.policy import pack
from pratique.policy.decide import decide

SNAPSHOTS = Path(__file__).parent / "snapshots"
DATA = Path(__file__).parents[2] / "data"
REAL = index.entries()


@pytest.fixture(autouse=True)
def _every_rule(monkeypatch: pytest.MonkeyPatch, _two_rules: None) -> None:
    """Undo what the other report tests do: these are about the rules there are."""
    monkeypatch.setattr(index, "entries", lambda: REAL)
    accounting.cards.cache_clear()


def thief() -> Detonation:
    """Return what a trojan does: some of it always, the worst on one day only."""
    always = (
        event("open", path="/model/config.json", mode="read", at_ms=900, outcome=Outcome.LET),
        heard("socket.connect", "<socket>, [192.0.2.7, 443]", THIEF),
        event("connect", family="inet", address="192.0.2.7", port="443"),
        event("open", path="/home/ml/.ssh/id_ed25519", mode="read", outcome=Outcome.LET),
    )
    late = event("execve", at_ms=5_300, phase="exit", path="/bin/sh", argv="sh -c 'id'")
    return detonation(
        run(*always, target="model.safetensors"),
        run(*always, late, condition=LATER, target="model.safetensors"),
        run(*always, condition=AS_ROOT, target="model.safetensors"),
        run(loader="onnx", target="sub/tokens.txt", ending=Ending.REFUSED, says="no onnxruntime"),
        unloaded=(("sub/x.keras", "needs keras, which is not installed"),),
        untried=(("in-2-years", "was not asked for"),),
    )


def hostile() -> Detonation:
    bad = HOSTILE
    act = worded("execve", {"path": bad, "argv": bad, bad: bad}, phase=bad)
    odd = replace(act, call=bad, stack=(bad,), source=bad)
    return detonation(
        run(act, odd, loader=bad, target=bad, says=bad, condition=replace(NOW, name=bad)),
        tier=bad,
        recorder=bad,
        unloaded=((bad, bad),),
        untried=((bad, bad),),
        missing=((bad, bad),),
    )


def told_of(scan: Scan) -> Account:
    now = datetime(2026, 11, 25, 12, tzinfo=UTC)
    return Account((Target(scan, decide(scan, pack.load("default"), now=now)),), "0.1.0")


def account(case: str) -> Account:
    made = {
        "deep-honest": lambda: deep_scan(honest()),
        "deep-thief": lambda: deep_scan(thief()),
        "only-thief": lambda: deep_scan(thief(), only=Stage.NETWORK),
        "deep-hostile": lambda: deep_scan(hostile()),
    }
    return told_of(made[case]())


def told(case: str, form: str, *, timeline: bool = False) -> str:
    out = io.StringIO()
    if form == "txt":
        console = Console(file=out, width=100, highlight=False, emoji=False, markup=False)
        write_text(account(case), console, timeline=timeline)
        return "".join(f"{line.rstrip()}\n" for line in out.getvalue().splitlines())
    {"json": write_json, "sarif": write_sarif, "md": write_markdown}[form](account(case), out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("case", "form"),
    [
        ("deep-honest", "txt"),
        ("deep-thief", "txt"),
        ("deep-thief", "md"),
        ("only-thief", "txt"),
        ("only-thief", "json"),
    ],
)
def test_snapshot(case: str, form: str) -> None:
    place, got = SNAPSHOTS / f"{case}.{form}", told(case, form)
    if os.environ.get("PRATIQUE_SNAPSHOTS") == "write":
        place.write_text(got)
    assert got == place.read_text()


@pytest.mark.parametrize("form", ["txt", "md"])
def test_nothing_hostile_of_a_trace_reaches_a_terminal_or_a_page(form: str) -> None:
    said = told("deep-hostile", form, timeline=True)
    kinds = {unicodedata.category(c) for c in said if c != "\n"}
    assert not kinds & {"Cc", "Cf", "Cs", "Co"}
    if form == "md":
        assert "<img" not in said
        assert "](http" not in said
        assert "@someone" not in said


@pytest.mark.parametrize("case", ["deep-honest", "deep-thief", "only-thief", "deep-hostile"])
def test_machine_formats_keep_their_schemas(case: str) -> None:
    report = json.loads(told(case, "json"))
    jsonschema.validate(report, closed(schema()))
    official = json.loads((DATA / "sarif-schema-2.1.0.json").read_text())
    jsonschema.Draft7Validator(official).validate(json.loads(told(case, "sarif")))


def closed(node: Any) -> Any:  # noqa: ANN401 - a JSON schema
    if isinstance(node, dict):
        node = {key: closed(value) for key, value in node.items()}
        if "properties" in node and isinstance(node["properties"], dict):
            node["additionalProperties"] = False
    if isinstance(node, list):
        return [closed(item) for item in node]
    return node


def test_an_honest_loader_is_one_line() -> None:
    said = told("deep-honest", "txt")
    lines = [line for line in said.splitlines() if "torch (2.13.0)" in line]
    assert len(lines) == 1
    assert "+1.2" not in said
    assert "+1.200 s" in told("deep-honest", "txt", timeline=True)


def test_sarif_places_a_finding_in_the_file_and_the_loader() -> None:
    results = document(account("deep-thief"))["runs"][0]["results"]
    (found,) = (r for r in results if r["ruleId"] == "NET001")
    physical = found["locations"][0]["physicalLocation"]["artifactLocation"]
    assert physical["uri"] == "model/model.safetensors"
    assert found["locations"][0]["logicalLocations"][0]["fullyQualifiedName"] == "torch"
    (ran,) = document(account("deep-thief"))["runs"][0]["invocations"]
    assert ran["properties"]["detonation"]["conditions"] == ["now", "in-90-days", "as-root"]


def test_a_plain_scan_says_that_nothing_was_run() -> None:
    plain = replace(deep_scan(honest()), detonation=None, behaviour=Inspection())
    (line,) = (line for line in stages(plain) if line.stage is Stage.NETWORK)
    assert line.status == "absent"
    out = io.StringIO()
    write_text(told_of(plain), Console(file=out, width=100))
    assert "the model was not run; scan --deep does" in out.getvalue()


def test_one_stage_alone_calls_no_file_overlooked() -> None:
    part = deep_scan(honest(), only=Stage.NETWORK)
    assert gaps(part) == []
    assert {line.stage for line in stages(part) if line.status != "absent"} == {Stage.NETWORK}
    unread = replace(part, files=(replace(part.files[0], digest=""),))  # type: ignore[arg-type] # empty
    assert [gap.why for gap in gaps(unread)] == ["it could not be read"]


def test_next_steps_are_about_runs() -> None:
    (target,) = account("deep-thief").targets
    commands = [command for command, _ in next_steps(target)]
    assert "pip install 'pratique[detonate]'" in commands
    (part,) = account("only-thief").targets
    assert next_steps(part)[0][0] == "pratique scan --deep model"
    assert next_steps(part)[-1][0] == "pratique detonate --format json -o report.json model"
    slow = told_of(deep_scan(detonation(run(ending=Ending.DEADLINE))))
    steps = [command for command, _ in next_steps(slow.targets[0])]
    assert "pratique scan --deep --run-deadline 600 model" in steps
    assert "pratique scan --deadline 600 model" not in steps


def test_a_flood_of_events_is_bounded() -> None:
    flood = [event("open", path=f"/srv/{n}", mode="create", at_ms=n) for n in range(3_000)]
    wide = [run(loader=f"l{n}") for n in range(200)]
    out = io.StringIO()
    write_text(told_of(deep_scan(detonation(run(*flood), *wide))), Console(file=out, width=100))
    assert len(out.getvalue().splitlines()) < 400
    out = io.StringIO()
    write_markdown(told_of(deep_scan(detonation(run(*flood), *wide))), out)
    assert len(out.getvalue()) < 120_000


def test_runs_lie_over_another() -> None:
    (pair,) = pairs(everywhere(event("dns", name="a.example"), event("thread")))
    (deed,) = pair.deeds(every=False)
    assert (deed.count, pair.under(deed)) == (3, "always")
    assert len(pair.deeds(every=True)) == 2
    assert pair.head == "torch (2.13.0) over pytorch_model.bin"
    assert pair.tail.startswith("3 conditions · 12.8 s · finished · inferred · 2,436 usual events")
    (whole,) = pairs(detonation(run(target="."), run(condition=LATER, ending=Ending.CRASHED)))[:1]
    assert whole.head == "torch (2.13.0) over the whole folder"


def test_nothing_run_is_said() -> None:
    out = io.StringIO()
    write_text(told_of(deep_scan(detonation())), Console(file=out, width=100))
    assert "nothing was run" in out.getvalue()
