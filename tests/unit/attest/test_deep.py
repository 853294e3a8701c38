"""A badge of a model that was run as well lists the stage network, and what it was run under."""

import json
from dataclasses import replace
from typing import Any

from harness.badges import NOW, told_of
from harness.detonating import deep_scan
from harness.scans import scan_of
from harness.traces import detonation, event, everywhere, honest, run
from pratique.attest import card, claims
from pratique.attest.evidence import evidence
from pratique.attest.statement import Headline, Told, headline, statement
from pratique.core.canonical import sha256_of
from pratique.core.scan import Scan
from pratique.core.trace import Ending
from pratique.core.trace_json import value
from pratique.detectors.index import rules


def told(scan: Scan) -> Told:
    made = replace(told_of(scan), rules=rules())
    account = sha256_of(evidence(scan))
    return replace(made, evidence=account, svg=account)


def predicate(scan: Scan) -> dict[str, Any]:
    said: dict[str, Any] = statement(told(scan))["predicate"]
    return said


def network(scan: Scan) -> dict[str, Any]:
    found: dict[str, Any] = next(s for s in predicate(scan)["stages"] if s["id"] == "network")
    return found


def test_a_model_that_was_run_has_the_stage() -> None:
    stage = network(deep_scan(honest()))
    assert stage["status"] == "completed"
    assert stage["tasks"] == {"full": 17, "partial": 0, "none": 0}
    assert len(stage["rules"]) == 17
    said = claims.read(json.dumps(statement(told(deep_scan(honest())))).encode())
    assert said.predicate["result"] == "PASSED"


def test_what_it_was_run_under_is_its_limitation() -> None:
    first, *_ = predicate(deep_scan(honest()))["limitations"]
    assert first == (
        "the model was run in a jail sandbox by torch (2.13.0) under now, in-90-days, as-root; "
        "what shows only elsewhere was not seen"
    )
    nothing = predicate(deep_scan(detonation(tier="")))["limitations"][0]
    assert "in a failed sandbox by no loader under no condition" in nothing


def test_a_model_that_was_only_read_has_it_not() -> None:
    stage = network(scan_of())
    assert (stage["status"], stage["rules"]) == ("absent", {})
    limitations = predicate(scan_of())["limitations"]
    assert "stage network is absent: the model was not run" in limitations
    assert "what shows only when the model runs was not seen" in limitations[0]


def test_runs_that_did_not_end_leave_it_incomplete() -> None:
    scan = deep_scan(detonation(run(ending=Ending.DEADLINE)))
    assert network(scan)["status"] == "incomplete"
    assert predicate(scan)["coverage"]["skippedTotal"] == 17
    assert headline(scan, told(scan).decision, NOW).result != "PASSED"


def test_what_was_seen_denies_a_good_result() -> None:
    thief = deep_scan(everywhere(event("connect", address="192.0.2.7", port="443")))
    assert predicate(thief)["result"] == "FAILED"


def test_the_evidence_holds_the_trace() -> None:
    told = json.loads(evidence(deep_scan(honest())))
    assert told["detonation"] == value(honest())
    assert len(told["behaviour"]["receipts"]) == 17
    assert "detonation" not in json.loads(evidence(scan_of()))


def test_a_card_tells_whether_it_was_run() -> None:
    head = Headline("PASSED", "L1", NOW, NOW)
    assert b"the model was not run" in card.block(head, "ab")
    assert b"Read, and run in a sandbox" in card.block(head, "ab", run=True)
