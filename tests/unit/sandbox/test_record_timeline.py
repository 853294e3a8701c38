"""Events are folded and bounded; what a guest says of itself is checked."""

import pytest

from pratique.core.trace import Outcome
from pratique.sandbox.record import timeline
from pratique.sandbox.record.hearsay import audited
from pratique.sandbox.record.target import tidy
from pratique.sandbox.record.timeline import APART, Timeline, printable


def test_consecutive_equal_events_are_one() -> None:
    kept = Timeline()
    for _ in range(5):
        kept.add("open", 1, {"path": "/a"})
    kept.add("open", 1, {"path": "/b"})
    kept.add("open", 1, {"path": "/a"})
    events, cut = kept.result()
    assert [(e.word("path"), e.count) for e in events] == [("/a", 5), ("/b", 1), ("/a", 1)]
    assert not cut


def test_events_that_alternate_are_folded_after_a_while() -> None:
    kept = Timeline()
    for index in range(1_000):
        kept.add("open", 1, {"path": f"/{index % 2}"})
    events, cut = kept.result()
    assert len(events) == 2 * APART
    assert sum(e.count for e in events) == 1_000
    assert not cut


def test_events_differ_by_process_phase_and_outcome() -> None:
    kept = Timeline()
    kept.add("fork", 1, {})
    kept.add("fork", 2, {})
    kept.add("fork", 2, {}, Outcome.DENIED)
    kept.phase = "load"
    kept.add("fork", 2, {}, Outcome.DENIED)
    assert [e.count for e in kept.result()[0]] == [1, 1, 1, 1]


def test_a_full_timeline_keeps_some_of_every_call_and_says_that_it_was_cut() -> None:
    kept = Timeline(most=1_000)
    for index in range(5_000):
        kept.add("open", 1, {"path": str(index)})
    for index in range(timeline.RESERVED + 50):
        kept.add("connect", 1, {"port": index})
    events, cut = kept.result()
    assert cut
    assert sum(e.count for e in events if e.call == "open") == 5_000
    connects = [e for e in events if e.call == "connect"]
    assert len(connects) == timeline.RESERVED + 1
    assert connects[-1].count == 50
    assert connects[-1].word("more")
    assert kept.full("open")
    assert not kept.full("execve")


def test_long_texts_are_bounded_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timeline, "MAX_BYTES", 200_000)
    kept = Timeline()
    for index in range(5_000):
        kept.add("open", 1, {"path": f"{index}" + "x" * 900})
    events, cut = kept.result()
    assert cut
    assert len(events) < 500


def test_nothing_is_kept_of_a_phase_before_the_model() -> None:
    kept = Timeline()
    kept.phase = "import"
    kept.add("open", 1, {"path": "/a"})
    kept.skip("open")
    assert kept.full("open")
    assert kept.result() == ((), False)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("a\x1b[2J\n", "a\\x1b[2J\\n"),
        ("\u202eevil", "\\u202eevil"),
        ("\udc80", "\\udc80"),
        ("x" * 900, "x" * 500),
        ("\n" * 900, "\\n" * 250),
        (7, "7"),
    ],
)
def test_texts_are_cut_and_made_printable(text: object, shown: str) -> None:
    assert printable(text) == shown


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/a/b", "/a/b"),
        ("/a/./b/../c", "/a/c"),
        ("/../../etc/passwd", "/etc/passwd"),
        ("//a//b", "/a/b"),
        ("/a/..b/c.d", "/a/..b/c.d"),
        ("/.", "/"),
        ("?/a", "?/a"),
    ],
)
def test_paths_are_tidied_by_their_text(path: str, told: str) -> None:
    assert tidy(path) == told


def test_an_audit_event_is_heard() -> None:
    said = {"event": "subprocess.Popen", "args": ["sh", "-c"], "stack": ["m.py:3 load"]}
    assert audited(said) == (
        "audit",
        {"event": "subprocess.Popen", "args": "sh, -c"},
        ("m.py:3 load",),
    )


@pytest.mark.parametrize(
    "said",
    [
        None,
        [],
        {},
        {"event": ""},
        {"event": 3},
        {"event": "x" * 65},
        {"event": "x", "args": "y"},
        {"event": "x", "args": [1]},
        {"event": "x", "args": ["y"] * 9},
        {"event": "x", "stack": ["y"] * 13},
        {"event": "x", "stack": [["y"]]},
        {"event": "x", "more": 1},
    ],
)
def test_what_breaks_the_rules_of_an_audit_event_is_not_heard(said: object) -> None:
    assert audited(said) is None
