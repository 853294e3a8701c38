import json
from dataclasses import replace
from typing import Any

import pytest

from harness.traces import DECOYS, detonation, event, everywhere, honest, run
from pratique.core import trace_json
from pratique.core.errors import MalformedError
from pratique.core.trace import Detonation, Ending, Event, rank
from pratique.core.trace_json import MAX_EVENTS, MAX_TEXT, dump, load, value


def test_what_goes_out_comes_back() -> None:
    told = detonation(
        run(event("connect", address="192.0.2.7", port="443"), ending=Ending.CRASHED, cut=True),
        unloaded=(("a.keras", "needs keras"),),
        untried=(("in-1-day", "was not asked for"),),
        missing=(("cgroups", "none here"),),
    )
    assert load(dump(told)) == told
    assert load(dump(honest())) == honest()


def test_long_texts_are_cut_and_what_is_no_text_is_escaped() -> None:
    told = load(dump(everywhere(event("open", path="\udcff" + "x" * 10_000))))
    (_, first), *_ = told.events()
    assert first.word("path").startswith("\\udcff")
    assert len(first.word("path")) == MAX_TEXT


def test_too_many_events_make_their_run_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trace_json, "MAX_EVENTS", 3)
    many = tuple(event("fork", at_ms=n) for n in range(5))
    told = load(dump(detonation(run(*many), run(*many))))
    assert [(len(r.events), r.cut) for r in told.runs] == [(3, True), (0, True)]


def test_too_many_bytes_make_their_run_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trace_json, "_EVENT_BYTES", 1_000)
    told = load(dump(detonation(run(*(event("open", path="x" * 400) for _ in range(5))))))
    assert len(told.runs[0].events) == 2
    assert told.runs[0].cut


def test_what_is_left_out_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trace_json, "MAX_RUNS", 2)
    monkeypatch.setattr(trace_json, "MAX_PAIRS", 5)
    pairs = tuple((f"f{n}", "no loader") for n in range(9))
    told = load(dump(detonation(run(), run(), run(), unloaded=pairs)))
    assert told.unloaded[3:] == (
        ("", "6 more files"),
        ("", "1 more runs than a trace can hold"),
    )
    assert len(told.runs) == 2


def test_the_worst_that_fits_stays_below_what_is_read() -> None:
    """Every bound at once, in the characters that take the most room."""
    bad = "\x01" * MAX_TEXT
    words = tuple((f"{n}{bad}", bad) for n in range(30))
    flood = tuple(Event(n, bad, 1, bad, words, stack=(bad,) * 40) for n in range(200))
    shape = run(*flood, says=bad, target=bad, loader=bad)
    told = detonation(
        *[replace(shape, events=()) for _ in range(100)],
        *[shape] * 5,
        unloaded=((bad, bad),) * 100,
        decoys=DECOYS * 200,
    )
    body = dump(told)
    assert len(body) < trace_json.MAX_BYTES
    load(body)


def broken() -> list[tuple[str, Any]]:
    good = value(everywhere(event("fork")))

    def with_(change: dict[str, Any]) -> dict[str, Any]:
        return {**good, **change}

    first = good["runs"][0]
    row = first["events"][0]

    def with_event(at: int, what: object) -> dict[str, Any]:
        events = [[*row[:at], what, *row[at + 1 :]]]
        return with_({"runs": [{**first, "events": events}]})

    def with_run(**change: object) -> dict[str, Any]:
        return with_({"runs": [{**first, **change}]})

    return [
        ("a list", []),
        ("nothing", None),
        ("another shape", with_({"shape": "pratique-trace/2"})),
        ("a tier that is no text", with_({"tier": 1})),
        ("runs that are no list", with_({"runs": {}})),
        ("a run that is none", with_({"runs": [1]})),
        ("an unknown ending", with_run(ending="sideways")),
        ("a truth for a number", with_run(seconds=True)),
        ("endless seconds", with_run(seconds=1e300)),
        ("a number for a truth", with_run(cut=1)),
        ("a long text", with_run(says="x" * 501)),
        ("a negative count", with_run(normal=-1)),
        ("a truth for a count", with_run(normal=True)),
        ("too few fields", with_({"runs": [{**first, "events": [row[:-1]]}]})),
        ("an unknown outcome", with_event(5, "eaten")),
        ("a pair of three", with_event(4, [["a", "b", "c"]])),
        ("too many words", with_event(4, [["a", "b"]] * 25)),
        ("too deep a stack", with_event(6, ["f"] * 33)),
        ("a decoy of two", with_({"decoys": [["a", "b"]]})),
        ("a huge clock", with_run(condition={**first["condition"], "clock_s": 1 << 70})),
        ("a missing field", {k: v for k, v in good.items() if k != "untried"}),
    ]


@pytest.mark.parametrize("told", broken(), ids=lambda pair: str(pair[0]))
def test_another_shape_is_refused(told: tuple[str, Any]) -> None:
    with pytest.raises(MalformedError, match="not a trace"):
        load(json.dumps(told[1]).encode())


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b'{"shape": NaN}', b"[" * 100_000])
def test_what_is_no_json_is_refused(body: bytes) -> None:
    with pytest.raises(MalformedError, match="not a trace"):
        load(body)


def test_more_events_than_fit_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    body = dump(everywhere(event("fork")))
    monkeypatch.setattr(trace_json, "MAX_EVENTS", 2)
    with pytest.raises(MalformedError, match="more events"):
        load(body)
    assert MAX_EVENTS == 100_000


def test_too_many_bytes_are_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trace_json, "MAX_BYTES", 10)
    with pytest.raises(MalformedError, match="is the most"):
        load(b"x" * 11)


def test_tiers_have_an_order_whatever_they_are_labelled() -> None:
    assert [rank(t) for t in ("jail", "gvisor", "microvm", "microvm-tcg")] == [1, 2, 3, 3]
    assert [rank(t) for t in ("", "none", "jailed")] == [0, 0, 0]
    assert Detonation("jail").runs == ()
