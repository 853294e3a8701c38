from harness.traces import AS_ROOT, LATER, detonation, event, honest, run
from pratique.artifacts.traces import makers, trace_of, view_of
from pratique.core.trace import Ending
from pratique.core.trace_json import dump


def test_a_trace_is_whole_when_every_run_came_to_its_end() -> None:
    view = trace_of(dump(honest()))
    assert (view.partial, view.covered) == ("", 4096)
    failed = view_of(detonation(run(), run(ending=Ending.FAILED, condition=LATER)))
    assert failed.partial == ""


def test_one_condition_is_enough_for_a_loader_that_was_planned_for_one() -> None:
    once = run(loader="safetensors", target="w.safetensors")
    assert view_of(detonation(run(), run(condition=LATER), once)).partial == ""


def test_each_reason_is_told_once_with_its_conditions() -> None:
    view = view_of(
        detonation(
            run(ending=Ending.DEADLINE),
            run(ending=Ending.DEADLINE, condition=LATER),
            run(condition=AS_ROOT),
            unloaded=(("a.keras", "needs keras, which is not installed"),),
            untried=(("in-1-day", "was not asked for"), ("in-2-years", "was not asked for")),
        )
    )
    assert view.partial == (
        "a.keras: needs keras, which is not installed; "
        "torch over pytorch_model.bin under now, in-90-days: it was ended at its deadline; "
        "not tried: in-1-day, in-2-years: was not asked for"
    )
    everywhere = view_of(detonation(run(ending=Ending.REFUSED, says="no torch")))
    assert everywhere.partial == "torch over pytorch_model.bin: no torch"


def test_lost_events_are_a_reason() -> None:
    assert "more than a trace can hold" in view_of(detonation(run(cut=True))).partial


def test_nothing_run_covers_nothing() -> None:
    refused = view_of(detonation(run(ending=Ending.REFUSED)))
    nothing = view_of(detonation(size=10, covered=10))
    assert (refused.covered, nothing.covered) == (0, 0)
    assert "nothing was run" in nothing.partial


def test_reasons_are_bounded() -> None:
    many = tuple((f"f{n}", "no loader") for n in range(100))
    assert view_of(detonation(run(), unloaded=many)).partial.endswith("and 80 more reasons")


def test_those_who_ran_and_watched_are_named() -> None:
    told = detonation(run(event("fork")), run(loader="onnx", ending=Ending.REFUSED))
    assert makers(told) == ("tier:jail", "recorder@1", "torch@2.13.0")
    many = detonation(*(run(loader=f"l{n:02}") for n in range(40)))
    assert makers(many)[-1] == "and 16 more loaders"
