"""Trojans show what they do and honest models show nothing, in the jail, for real."""

import os
from pathlib import Path

import pytest

from harness.caging import jail
from harness.detonation import loaders, made, options, own, shown
from harness.make_honest_models import MODELS
from harness.make_trojans import TROJANS
from pratique.core.trace import Ending
from pratique.sandbox.detonate import Options, Progress, detonate

LIGHT = {"pickle", "python", "resolver", "factory", "native"}
"""Carriers that need nothing but Python and numpy."""
DEADLINE_S = {"past-deadline": 5.0}
QUICK = {"connect", "torch-state", "plain-pickle", "numpy-objects"}
"""Of those that need loaders, these always run; the rest does in `make prove` (detonation)."""


def long(name: str) -> None:
    if name not in QUICK and "PRATIQUE_LONG" not in os.environ:
        pytest.skip("SKIPPED: long; PRATIQUE_LONG=1 runs it, and scripts/prove_detonation.py does")


def light() -> list[str]:
    return [name for name, trojan in TROJANS.items() if trojan.carrier in LIGHT]


def heavy() -> list[str]:
    return [name for name, trojan in TROJANS.items() if trojan.carrier not in LIGHT]


def tried(name: str, folder: Path, python: Path) -> None:
    trojan = TROJANS[name]
    conditions = {"now", *trojan.conditions}
    model = made("make_trojans.py", name, folder, python)
    asked = options(python, tuple(conditions), DEADLINE_S.get(name, 60))
    seen = detonate(model, jail(), asked)
    assert seen.runs
    if trojan.ending not in ("", "any"):
        assert {run.ending for run in seen.runs} == {Ending(trojan.ending)}
    if trojan.call:
        assert shown(seen, trojan) == set(trojan.conditions or conditions)


@pytest.mark.parametrize("name", light())
def test_a_trojan_shows_under_the_conditions_that_it_waits_for(name: str, tmp_path: Path) -> None:
    tried(name, tmp_path, own())


@pytest.mark.parametrize("name", heavy())
def test_a_trojan_in_a_format_of_its_own_shows_as_well(name: str, tmp_path: Path) -> None:
    long(name)
    tried(name, tmp_path, loaders())


@pytest.mark.parametrize("name", list(MODELS))
def test_an_honest_model_does_nothing_of_its_own(name: str, tmp_path: Path) -> None:
    long(name)
    python = loaders()
    model = made("make_honest_models.py", name, tmp_path, python)
    seen = detonate(model, jail(), options(python))
    assert [e for _, e in seen.events() if e.source != "python"] == []
    assert {run.target for run in seen.runs if run.ending is Ending.FINISHED} == {
        run.target for run in seen.runs
    }
    assert (seen.covered, seen.unloaded) == (seen.size, ())
    assert all(run.baseline.endswith("shipped") for run in seen.runs)


def test_a_baseline_that_nobody_shipped_is_learnt_here_and_kept(tmp_path: Path) -> None:
    model = made("make_honest_models.py", "plain-pickle", tmp_path, own())
    cache, said = tmp_path / "cache", list[str]()
    asked = Options(own(), options(own()).conditions, cache=cache)

    def tell(progress: Progress) -> None:
        said.append(progress.says)

    first = detonate(model, jail(), asked, tell)
    assert any(says.startswith("learning what pickle") for says in said)
    assert {run.baseline.rpartition(", ")[2] for run in first.runs} == {"learnt here"}
    said.clear()
    detonate(model, jail(), asked, tell)
    assert not any(said)


def test_what_the_interpreter_cannot_load_is_told(tmp_path: Path) -> None:
    (tmp_path / "model.gguf").write_bytes(b"GGUF" + bytes(100))
    seen = detonate(tmp_path, jail(), options(own()))
    assert not seen.runs
    assert seen.covered == 0
    ((path, why),) = seen.unloaded
    assert path == "model.gguf"
    assert "llama.cpp, which is not installed" in why


def test_a_file_that_breaks_its_loader_is_not_covered_but_was_watched(tmp_path: Path) -> None:
    (tmp_path / "a.pkl").write_bytes(b"\x80\x04cos\nno_such_name\n.")
    seen = detonate(tmp_path / "a.pkl", jail(), options(own()))
    assert {run.ending for run in seen.runs} == {Ending.FAILED}
    assert seen.covered == 0
    assert "AttributeError" in dict(seen.unloaded)["a.pkl"]


def test_runs_that_no_time_is_left_for_are_told_as_untried(tmp_path: Path) -> None:
    model = made("make_honest_models.py", "plain-pickle", tmp_path, own())
    asked = Options(own(), total_s=0.5, at_once=1)
    seen = detonate(model, jail(), asked)
    assert {run.ending for run in seen.runs} == {Ending.REFUSED}
    assert {name for name, _ in seen.untried} == {run.condition.name for run in seen.runs}
    assert seen.covered < seen.size
