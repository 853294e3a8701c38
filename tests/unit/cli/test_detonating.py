"""`pratique detonate` and `scan --deep`: options, refusals and exit codes; nothing is run."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from harness.detonating import Scripted, deep_scan
from harness.traces import detonation, event, everywhere, honest, run
from pratique.artifacts.sources.base import Source
from pratique.cli.entry import main
from pratique.cli.reports.schema import schema
from pratique.core.finding import Stage
from pratique.core.scan import Scan
from pratique.core.trace import Detonation, Ending
from pratique.flows import deep, detonate
from pratique.flows import scan as flow
from pratique.flows.asked import Asked
from pratique.sandbox.port import Tier, TierError

CALLS_HOME = everywhere(event("connect", family="inet", address="192.0.2.7", port="443"))
STRICT = """
name: ours
version: 1
description: runs models in a machine of their own
threshold: medium
sandbox:
  tier: microvm
require:
  - id: was-run
    expr: detonation.ran && detonation.complete
    reason: the model was not run
    otherwise: review
"""


class World:
    """What the sandbox would have seen, and what it was asked for."""

    def __init__(self) -> None:
        self.seen: Detonation = honest()
        self.asked: list[deep.Deep] = []

    def of(self, wanted: deep.Deep) -> Scripted:
        self.asked.append(wanted)
        if wanted.tier < wanted.least:
            raise TierError("weaker than demanded", "ask for more")
        return Scripted(self.seen)


@pytest.fixture(autouse=True)
def world(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> World:
    made = World()

    def alone(source: Source, asked: Asked, detonator: Scripted) -> Scan:
        list(source.files())
        return deep_scan(detonator.run(Path(source.name), asked.watcher), only=Stage.NETWORK)

    def both(source: Source, asked: Asked) -> Scan:
        assert asked.detonator is not None
        return deep_scan(asked.detonator.run(Path(source.name), asked.watcher))

    monkeypatch.setattr(deep.InSandbox, "of", made.of)
    monkeypatch.setattr(detonate, "detonate", alone)
    monkeypatch.setattr(flow, "scan", both)
    monkeypatch.setattr("pratique.flows.early.head_start", lambda: None)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model").mkdir()
    (tmp_path / "ours.yaml").write_text(STRICT)
    return made


def told(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    report = json.loads(capsys.readouterr().out)
    jsonschema.validate(report, schema())
    target: dict[str, Any] = report["targets"][0]
    return target


def test_an_honest_model_is_admitted(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["detonate", "model"]) == 0
    said = capsys.readouterr().out
    assert "only the stage network was judged" in said
    (asked,) = world.asked
    assert (asked.tier, len(asked.conditions), asked.deadline_s) == (Tier.JAIL, 7, 90)
    assert asked.cache is not None


@pytest.mark.parametrize(
    ("seen", "code"),
    [
        (CALLS_HOME, 1),
        (detonation(run(ending=Ending.REFUSED)), 3),
        (everywhere(event("fork")), 1),
        (detonation(), 3),
    ],
)
def test_exit_codes_are_those_of_a_scan(world: World, seen: Detonation, code: int) -> None:
    world.seen = seen
    assert main(["detonate", "model"]) == code


def test_options_reach_the_sandbox(world: World, tmp_path: Path) -> None:
    more = ["--condition", "as-root", "--condition", "now", "--deadline", "5", "--total", "60"]
    assert main(["detonate", "model", "--python", "env/python", "--tier", "gvisor", *more]) == 0
    (asked,) = world.asked
    assert [condition.name for condition in asked.conditions] == ["now", "as-root"]
    assert (asked.deadline_s, asked.total_s, asked.tier) == (5, 60, Tier.GVISOR)
    assert asked.python == tmp_path / "env/python"


def test_a_deep_scan_takes_the_same(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    more = ["--run-deadline", "5", "--run-total", "60", "--format", "json", "--no-cache"]
    assert main(["scan", "--deep", "model", "--condition", "now", *more]) == 0
    (asked,) = world.asked
    assert (asked.deadline_s, asked.total_s, asked.cache) == (5, 60, None)
    target = told(capsys)
    assert target["only"] == ""
    assert target["detonation"]["runs"][0]["loader"] == "torch"
    assert len(target["behaviour_checks"]) == 1


def test_a_timeline_in_full(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.seen = honest()
    assert main(["detonate", "model", "--timeline"]) == 0
    assert "/tmp/tmpab12cd34/cache" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["scan", "--tier", "jail", "model"], "are about --deep"),
        (["scan", "--condition", "now", "model"], "are about --deep"),
        (["detonate", "--tier", "paper", "model"], "'paper': is none of jail, gvisor, microvm"),
        (["detonate", "--condition", "never", "model"], "'never': is none of now,"),
        (["detonate", "hf://org/name"], "download the model"),
        (["scan", "--deep", "hf://org/name"], "download the model"),
        (["detonate", "nothing"], "no such file"),
        (["badge", "--tier", "jail", "model"], "are about --deep"),
    ],
)
def test_wrong_use(args: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(args) == 2
    assert says in capsys.readouterr().err


def test_a_tier_below_what_the_policy_demands_is_refused(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["detonate", "--tier", "jail", "--policy", "ours.yaml", "model"]) == 3
    assert "weaker than demanded; ask for more" in capsys.readouterr().err
    assert world.asked[0].least is Tier.MICROVM


def test_the_policy_s_tier_is_taken_where_none_is_named(world: World) -> None:
    assert main(["detonate", "--policy", "ours.yaml", "model"]) == 3  # ran in a jail all the same
    assert world.asked[0].tier is Tier.MICROVM


def test_the_tier_is_compared_before_anything_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    with pytest.raises(TierError, match="was asked for and"):
        deep.InSandbox.of(deep.Deep(tier=Tier.JAIL, least=Tier.MICROVM))
