"""What is not known of an attempt is open, and a cell that gets worse is told."""

import math
from typing import Any

import pytest

from pratique.sandbox.escape_suite import matrix
from pratique.sandbox.escape_suite.control import Control
from pratique.sandbox.escape_suite.enclosure import OpenGroundError
from pratique.sandbox.escape_suite.encounter import Encounter, Setting
from pratique.sandbox.escape_suite.targets import Targets, digest
from pratique.sandbox.escape_suite.verdict import Promise, Result, Seen, Verdict, catalogue, judge
from pratique.sandbox.escapes import run

INSIDE, OUTSIDE = "the kernel's answer inside", "what was seen outside"


def promise(name: str = "get-out", **more: object) -> Promise:
    known: dict[str, Any] = {"group": "files", "contained": "Nothing.", "judged": OUTSIDE}
    known |= {"alone": False, "ends": (), "deadline_s": 1.0, "local": "", "machine": ""}
    return Promise(name, **known | more)


def seen(ended: str = "refused", harm: dict[str, str] | None = None) -> Seen:
    return Seen(told={"get-out": {"ended": ended, "says": "EPERM"}}, harm=harm or {})


@pytest.fixture(scope="module")
def promises() -> tuple[Promise, ...]:
    return catalogue()


def test_there_are_more_than_a_hundred_attempts_of_every_kind(
    promises: tuple[Promise, ...],
) -> None:
    assert len(promises) >= 120
    assert len({p.name for p in promises}) == len(promises)
    groups = {p.group for p in promises}
    assert groups >= {"network", "files", "environment", "processes", "resources", "interfaces"}
    assert groups >= {"namespaces", "devices", "channel", "outputs", "sharing", "persistence"}


def test_each_attempt_says_in_a_sentence_what_containment_means(
    promises: tuple[Promise, ...],
) -> None:
    assert [
        p.name for p in promises if not p.contained.endswith(".") or " " not in p.contained
    ] == []


def test_each_loud_attempt_has_a_short_deadline(promises: tuple[Promise, ...]) -> None:
    assert [p.name for p in promises if p.alone and p.deadline_s > 20] == []


@pytest.mark.parametrize(
    ("one", "what", "verdict"),
    [
        (promise(), seen(), Verdict.CONTAINED),
        (promise(), seen("let"), Verdict.CONTAINED),
        (promise(judged=INSIDE), seen("let"), Verdict.OPEN),
        (promise(judged=INSIDE), seen(), Verdict.CONTAINED),
        (promise(), seen("broken"), Verdict.OPEN),
        (promise(), seen("nonsense"), Verdict.OPEN),
        (promise(), seen(harm={"get-out": "a canary was written"}), Verdict.OPEN),
        (promise(), seen(harm={"": "a process is left"}), Verdict.OPEN),
        (promise(), seen(harm={"another": "a canary was written"}), Verdict.CONTAINED),
        (promise(), Seen(), Verdict.OPEN),
        (promise(), Seen(begun="get-out", ended="crashed"), Verdict.OPEN),
        (promise(ends=("crashed",)), Seen(begun="get-out", ended="crashed"), Verdict.CONTAINED),
        (promise(ends=("crashed",)), Seen(begun="get-out", ended="deadline"), Verdict.OPEN),
        (promise(ends=("crashed",)), Seen(begun="another", ended="crashed"), Verdict.OPEN),
        (promise(ends=("crashed",)), Seen(begun="get-out", ended="broken"), Verdict.OPEN),
    ],
)
def test_an_attempt_is_contained_only_when_that_is_known(
    one: Promise, what: Seen, verdict: Verdict
) -> None:
    assert judge(one, what, own_kernel=False)[0] is verdict


def test_what_happens_to_a_kernel_of_ones_own_is_neither_escape_nor_proof() -> None:
    local = promise(judged=INSIDE, local="the inmate's own kernel")
    assert judge(local, seen("let"), own_kernel=True) == (Verdict.NOT_APPLICABLE, local.local)
    assert judge(local, seen("let"), own_kernel=False)[0] is Verdict.OPEN
    assert judge(promise(judged=INSIDE), seen("let"), own_kernel=True)[0] is Verdict.OPEN
    hit = seen("let", harm={"get-out": "a listener heard it"})
    assert judge(local, hit, own_kernel=True)[0] is Verdict.OPEN


# --- what an inmate says -------------------------------------------------------------------------


def encounter() -> Encounter:
    known = {digest(b"secret"): ("the canary", ""), digest(b"stayed"): ("it stayed", "plant")}
    return Encounter(
        Setting(Control(), record=False, targets=Targets([]), secrets=known), [promise()]
    )


@pytest.mark.parametrize(
    "frame",
    [
        {},
        {"begin": []},
        {"holding": {"a": 1}},
        {"attempt": 7, "loot": []},
        {"attempt": "get-out", "loot": "x"},
        {"attempt": "get-out"},
    ],
)
def test_frames_of_the_wrong_kind_are_no_word(frame: dict[str, Any]) -> None:
    met = encounter()
    met.note(frame)
    assert met.seen == Seen()


def test_a_digest_of_a_secret_tells_that_it_was_had() -> None:
    met = encounter()
    met.note({"attempt": "get-out", "loot": [[], digest(b"nothing"), digest(b" secret\n")]})
    assert met.seen.harm == {"get-out": "had: the canary"}


def test_what_an_earlier_inmate_planted_counts_for_both() -> None:
    met = encounter()
    met.note({"attempt": "seek", "loot": [digest(b"stayed")]})
    assert set(met.seen.harm) == {"seek", "plant"}


def test_a_number_that_json_has_not_is_harm() -> None:
    met = encounter()
    met.note({"x": math.nan})
    assert met.seen.harm


# --- the matrix ----------------------------------------------------------------------------------

HELD = {"jail": {"a": ["contained", "EPERM"], "b": ["open", "let through"]}}


def test_a_matrix_that_is_the_same_is_not_worse() -> None:
    assert list(matrix.worse(HELD, HELD)) == []


@pytest.mark.parametrize(
    ("now", "word"),
    [
        ({"a": ["open", "let"], "b": ["contained", ""]}, "a is open"),
        ({"a": ["not-applicable", "no"], "b": ["open", ""]}, "a was contained"),
        ({"b": ["open", ""]}, "a is not made any more"),
        ({**HELD["jail"], "new": ["open", "let"]}, "new is open"),
    ],
)
def test_a_cell_that_gets_worse_is_told(now: dict[str, list[str]], word: str) -> None:
    told = list(matrix.worse(HELD, {"jail": now}))
    assert len(told) == 1
    assert word in told[0]


def test_a_tier_that_was_not_run_and_the_control_are_not_compared() -> None:
    assert list(matrix.worse(HELD, {"control": {"a": ["open", "let"]}})) == []


def test_the_page_tells_every_cell_that_is_not_contained() -> None:
    results = [Result("a", "files", Verdict.OPEN, "let | through")]
    about = {"date": "2026-11-25", "system": "Linux", "user": "root"}
    told = matrix.page(
        matrix.cells({"control": results, "jail": results}),
        [promise("a")],
        about,
        {"microvm": "no QEMU"},
    )
    assert "| `a` | Nothing. | open | **open** |" in told
    assert "* jail, `a`: open: let / through" in told
    assert "`microvm` was not tried here: no QEMU" in told
    assert "Side channels" in told


# --- where it may run ----------------------------------------------------------------------------


def test_nothing_is_started_where_a_network_leads_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.if_nameindex", lambda: [(1, "lo"), (2, "eth0")])
    with pytest.raises(OpenGroundError, match="eth0"):
        run(Control(), ["connect-tcp-loopback"])
