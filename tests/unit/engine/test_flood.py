"""Many findings are counted; what is not listed was not accepted by anybody either."""

from collections.abc import Iterator
from typing import Any

from harness.inspecting import subject_of
from pratique.artifacts.views import Layout
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Span, Stage
from pratique.core.receipt import Coverage, Receipt
from pratique.engine.bounds import FINDINGS_JUDGED, FINDINGS_PER_RULE
from pratique.engine.inspect import Account, Inspector


def flooding(count: int, last: Severity) -> list[Account]:
    card = Rule(
        id=RuleId("INT999"),
        slug="flood",
        stage=Stage.INTEGRITY,
        severity=Severity.LOW,
        confidence=Confidence.LOW,
        refs=("CWE-1",),
        since="0",
    )

    def finding(severity: Severity, says: str) -> Finding:
        return Finding(card.id, severity, Confidence.LOW, Span(), says)

    def found(_: object, __: Layout) -> Iterator[Finding]:
        yield from (finding(Severity.LOW, "decoy") for _ in range(count))
        yield finding(last, "worse")

    # no subclass of Detector: those are counted against the catalog by another test
    flood: Any = type("Flood", (), {"rule": card, "reads": Layout, "inspect": found})
    return list(Inspector((), (flood,)).inspect(subject_of(b"")))


def told(account: list[Account]) -> tuple[list[str], Receipt]:
    (receipt,) = [a for a in account if isinstance(a, Receipt)]
    return [a.says for a in account if isinstance(a, Finding)], receipt


def test_decoys_do_not_hide_what_is_worse() -> None:
    says, receipt = told(flooding(5_000, Severity.CRITICAL))
    assert says.count("decoy") == FINDINGS_PER_RULE
    assert says[-1] == "worse"
    assert receipt.coverage is not Coverage.FULL
    assert receipt.why == "4500 more findings, none worse, are not listed"


def test_what_is_no_worse_is_counted() -> None:
    says, receipt = told(flooding(5_000, Severity.LOW))
    assert "worse" not in says
    assert receipt.why == "4501 more findings, none worse, are not listed"


def test_an_endless_flood_is_not_full() -> None:
    _, receipt = told(flooding(FINDINGS_JUDGED, Severity.LOW))
    assert receipt.coverage is not Coverage.FULL
    assert "not looked at" in receipt.why


def test_what_asks_for_nothing_may_go_unlisted() -> None:
    _, receipt = told(flooding(0, Severity.INFO))
    assert receipt.coverage is Coverage.FULL
