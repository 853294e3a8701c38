"""Statements that our own key signed, and that nobody may believe."""

import hashlib
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from harness.badges import Case, case
from harness.scans import BODIES, finding, receipt, scan_of
from pratique.core.finding import Severity
from pratique.core.jail import JailReport
from pratique.core.receipt import Coverage
from pratique.core.verdict import Waiver
from pratique.policy import pack


@pytest.fixture
def held(tmp_path: Path) -> Case:
    return case(tmp_path)


def predicate(**values: object) -> Callable[[dict[str, Any]], object]:
    return lambda statement: statement["predicate"].update(values)


def stage(name: str, **values: object) -> Callable[[dict[str, Any]], object]:
    def change(statement: dict[str, Any]) -> None:
        next(s for s in statement["predicate"]["stages"] if s["id"] == name).update(values)

    return change


def subjects(
    change: Callable[[list[dict[str, Any]]], object],
) -> Callable[[dict[str, Any]], object]:
    return lambda statement: change(statement["subject"])


def policy(statement: dict[str, Any], threshold: str) -> None:
    statement["predicate"]["policy"]["threshold"] = threshold


def laxly_medium(statement: dict[str, Any]) -> None:
    policy(statement, "high")
    statement["predicate"]["counts"].update(medium=1)


COUNTS = dict.fromkeys(("critical", "high", "medium", "low", "info"), 0)
TASKS = {"full": 1, "partial": 0, "none": 0}
LIES: list[tuple[Callable[[dict[str, Any]], object], str]] = [
    (stage("integrity", status="incomplete"), "stage ['integrity'] is not complete"),
    (stage("malware", tasks=TASKS | {"partial": 1}), "stage ['malware'] is not complete"),
    (stage("malware", tasks=TASKS | {"none": 1}), "stage ['malware'] is not complete"),
    (stage("network", tasks=TASKS), "stage ['network'] is not complete"),
    (stage("network", id="malware"), "it does not list each stage once"),
    (lambda s: s["predicate"]["stages"].pop(), "it does not list each stage once"),
    (stage("integrity", tasks=TASKS | {"full": 0}), "no stage did anything"),
    (
        lambda s: s["predicate"]["coverage"].update(
            skipped=[{"path": "a", "rule": "b", "reason": "c"}]
        ),
        "files were skipped",
    ),
    (lambda s: s["predicate"]["coverage"].update(skippedTotal=1), "files were skipped"),
    (lambda s: s["predicate"]["coverage"].update(files=9), "counts other files than it names"),
    (lambda s: s["predicate"]["jail"].update(sound=False), "the jail did not hold"),
    (lambda s: s["predicate"]["jail"].update(held=["seccomp"]), "the jail did not hold"),
    (lambda s: s["predicate"]["policy"].update(decision="review"), "the policy did not admit"),
    (lambda s: s["predicate"]["policy"]["requirements"][0].update(held=False), "did not hold"),
    (predicate(level="none"), "it reaches no level"),
    (predicate(waived=["abc"]), "findings were waived"),
    (lambda s: s["predicate"]["counts"].update(high=1), "high findings remain that nobody waived"),
    (
        lambda s: s["predicate"].update(result="WARNED", counts=COUNTS | {"critical": 2}),
        "the statement says WARNED, but critical findings remain that nobody waived",
    ),
    (
        lambda s: s["predicate"].update(result="WARNED", counts=COUNTS | {"medium": 1}),
        "the statement says WARNED, but medium findings remain that nobody waived",
    ),
    (laxly_medium, "medium severity or above remain"),
    (lambda s: policy(s, "huge"), "threshold: is not one of"),
    (predicate(level="L2"), "is not one of L1, none"),
    (predicate(highestReachable="L3"), "is not 'L1'"),
    (predicate(result="GREAT"), "is not one of PASSED"),
    (predicate(expires="2027-11-23T12:00:00Z"), "lasts longer than 90 days"),
    (predicate(expires="2026-11-23T12:00:00Z"), "or not at all"),
    (predicate(extra=1), "['extra'] is missing or too much"),
    (lambda s: s["predicate"]["counts"].update(high=-1), "is not a count"),
    (lambda s: s["predicate"]["counts"].update(high=True), "is not a count"),
    (
        lambda s: s["predicate"]["model"].update(root="sha256:" + "0" * 64),
        "is not that of the files",
    ),
    (lambda s: s.update(_type="x"), "statement._type: is not"),
    (subjects(lambda x: x.append(x[0])), "names a file twice"),
    (subjects(lambda x: x.pop()), "is not that of the files"),
    *(
        (subjects(lambda x, n=name: x[0].update(name=n)), "without a way up")  # type: ignore[misc]
        for name in ("../x", "/etc/passwd", "a/../../b", "a//b", "./a", "", "a\0b", 7)
    ),
]


@pytest.mark.parametrize(("change", "says"), LIES)
def test_a_signed_lie_is_refused(
    change: Callable[[dict[str, Any]], object], says: str, held: Case
) -> None:
    held.forge(change)
    assert says in held.refused()


def test_a_statement_about_nothing(held: Case) -> None:
    def change(statement: dict[str, Any]) -> None:
        statement["subject"] = []
        statement["predicate"]["model"]["root"] = "sha256:" + hashlib.sha256().hexdigest()
        statement["predicate"]["coverage"]["files"] = 0

    held.forge(change)
    assert "it is about no file" in held.refused()


def test_a_forgery_that_changes_nothing_holds(held: Case) -> None:
    held.forge()
    assert held.refused() == ""


def test_an_honest_bad_result_is_told_but_does_not_hold(held: Case) -> None:
    held.made(scan_of(BODIES, finding(Severity.CRITICAL)))
    assert held.refused() == "level: the result is FAILED"
    held.made(scan_of(BODIES, receipt(Coverage.PARTIAL)))
    assert held.refused() == "level: the result is INCOMPLETE"
    held.made(scan_of(jail=JailReport(("seccomp",))))
    assert held.refused() == "level: the result is INCOMPLETE"


def test_lax_never_makes_a_passed_badge_of_a_partial_scan(held: Case) -> None:
    held.made(scan_of(BODIES, receipt(Coverage.PARTIAL)), packed="lax")
    assert held.refused() == "level: the result is INCOMPLETE"


def test_findings_that_remain_are_a_warning(held: Case) -> None:
    held.made(scan_of(BODIES, finding(Severity.MEDIUM)), packed="lax")
    told = held.verify()
    assert told.result == "WARNED"
    assert "warned" in told.checks[-1].says


ADMITS_ALL = """
name: all
version: 1
description: everything
threshold: {}
require: [{{id: x, expr: 'true', reason: x, otherwise: review}}]
"""


@pytest.mark.parametrize(
    ("threshold", "severity", "result"),
    [
        ("critical", Severity.CRITICAL, "FAILED"),
        ("critical", Severity.HIGH, "FAILED"),
        ("critical", Severity.MEDIUM, "WARNED"),
        ("medium", Severity.MEDIUM, "FAILED"),
        ("medium", Severity.LOW, "PASSED"),
        ("low", Severity.LOW, "FAILED"),
    ],
)
def test_a_pack_that_admits_everything_gets_no_good_word_for_it(
    threshold: str, severity: Severity, result: str, held: Case
) -> None:
    packed = pack.parse(ADMITS_ALL.format(threshold).encode(), "all")
    made = held.made(scan_of(BODIES, finding(severity)), packed=packed)
    assert made.predicate["policy"]["decision"] == "admit"
    assert made.predicate["policy"]["threshold"] == threshold
    assert made.predicate["result"] == result
    assert held.refused() == ("level: the result is FAILED" if result == "FAILED" else "")


def test_a_waived_finding_is_still_a_warning(held: Case) -> None:
    waiver = Waiver(
        rule="MAL001", path="*", reason="known", approver="ana", expires=date(2026, 12, 1)
    )
    packed = pack.load("default").with_waivers((waiver,))
    held.made(scan_of(BODIES, finding(Severity.HIGH)), packed=packed)
    assert held.verify().result == "WARNED"
