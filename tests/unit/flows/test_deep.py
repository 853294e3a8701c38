"""From what was asked of a deep scan to runs in a tier, with a sandbox that is never started."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from harness.traces import honest, run
from pratique.core.errors import UsageError
from pratique.core.ports import Quiet
from pratique.core.trace import Detonation
from pratique.flows import deep
from pratique.flows.deep import Deep, InSandbox
from pratique.sandbox.detonate import Options, Progress
from pratique.sandbox.detonate.run import Tell
from pratique.sandbox.port import Inmate, Job, Offer, Sandbox, Tier, TierError


class Paper:
    """A tier of paper."""

    tier = Tier.GVISOR

    def offer(self) -> Offer:
        return Offer(self.tier, usable=True, says="it is paper")

    def start(self, job: Job) -> Inmate:
        raise TierError(f"paper holds no {job.program}")


class Heard(Quiet):
    """Remembers what it was told of runs."""

    def __init__(self) -> None:
        self.said: list[tuple[int, int, str]] = []

    def ran(self, done: int, planned: int, says: str) -> None:
        self.said.append((done, planned, says))


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Options]:
    seen: list[Options] = []

    def run_all(place: Path, sandbox: Sandbox, options: Options, tell: Tell) -> Detonation:
        assert (place, sandbox.tier) == (Path("model"), Tier.GVISOR)
        seen.append(options)
        tell(Progress(0, 2, says="learning what torch does"))
        tell(Progress(1, 2, run()))
        tell(Progress(2, 2))
        return replace(honest(), tier="none")

    monkeypatch.setattr(deep, "choose", lambda tier: {Tier.GVISOR: Paper()}[tier])
    monkeypatch.setattr(deep, "run_all", run_all)
    return seen


def test_runs_take_place_as_they_were_asked_for(asked: list[Options]) -> None:
    wanted = Deep(tier=Tier.GVISOR, deadline_s=5, total_s=60, cache=Path("kept"))
    heard = Heard()
    seen = InSandbox.of(wanted).run(Path("model"), heard)
    assert seen.tier == "gvisor"  # what an inmate calls its tier may be anything
    (options,) = asked
    assert (options.deadline_s, options.total_s, options.cache) == (5, 60, Path("kept"))
    assert options.python == Path(sys.executable)
    assert len(options.conditions) == 7
    assert heard.said == [
        (0, 2, "learning what torch does"),
        (1, 2, "torch over pytorch_model.bin, now: finished"),
        (2, 2, ""),
    ]


def test_a_label_of_a_tier_is_kept(monkeypatch: pytest.MonkeyPatch, asked: list[Options]) -> None:
    monkeypatch.setattr(deep, "run_all", lambda *_: replace(honest(), tier="gvisor-kvm"))
    made = InSandbox.of(Deep(tier=Tier.GVISOR))
    assert made.run(Path("model"), Quiet()).tier == "gvisor-kvm"
    assert asked == []


def test_an_interpreter_that_is_not_there_is_wrong_use(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such interpreter"):
        InSandbox.of(Deep(python=tmp_path / "python"))


def test_a_weaker_tier_than_demanded_is_refused_untried(asked: list[Options]) -> None:
    with pytest.raises(TierError, match="is demanded"):
        InSandbox.of(Deep(tier=Tier.JAIL, least=Tier.GVISOR))
    assert asked == []
