from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from harness.detonating import deep_scan
from harness.scans import BODIES, finding, receipt, scan_of
from harness.traces import detonation, honest, run
from pratique.cli.reports.account import Target
from pratique.core.finding import Confidence, Rule, RuleId, Severity, Span, Stage
from pratique.core.jail import JailReport
from pratique.core.receipt import Coverage
from pratique.core.scan import FileReport, Inspection, Scan, fingerprint
from pratique.core.trace import Ending
from pratique.core.verdict import Decision, Verdict, Waiver
from pratique.policy import pack
from pratique.policy.decide import decide
from pratique.policy.document import EXAMPLE, document

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
DEFAULT = pack.load("default")
NEXT_MONTH = date(2026, 12, 23)


def judged(scan: Scan, packed: pack.Pack = DEFAULT) -> Decision:
    return decide(scan, packed, now=NOW)


def broken(decision: Decision) -> list[str]:
    return [result.id for result in decision.results if not result.held]


def test_a_clean_complete_scan_is_admitted() -> None:
    decision = judged(scan_of())
    assert decision.verdict is Verdict.ADMIT
    assert broken(decision) == []
    assert decision.pack_digest == DEFAULT.digest


@pytest.mark.parametrize(
    ("severity", "verdict"),
    [
        (Severity.INFO, Verdict.ADMIT),
        (Severity.LOW, Verdict.ADMIT),
        (Severity.MEDIUM, Verdict.REVIEW),
        (Severity.HIGH, Verdict.REVIEW),
        (Severity.CRITICAL, Verdict.REJECT),
    ],
)
def test_the_default_pack_by_severity(severity: Severity, verdict: Verdict) -> None:
    assert judged(scan_of(BODIES, finding(severity))).verdict is verdict


@pytest.mark.parametrize(
    ("name", "verdict"),
    [("default", Verdict.REVIEW), ("lax", Verdict.REVIEW), ("strict", Verdict.REJECT)],
)
def test_a_vulnerable_version_is_for_a_person_to_decide_about(name: str, verdict: Verdict) -> None:
    """Another version mends it: it says nothing of what the model itself is."""
    named = finding(Severity.CRITICAL, "VUL001")
    assert judged(scan_of(BODIES, named), pack.load(name)).verdict is verdict
    both = scan_of(BODIES, named, finding(Severity.CRITICAL))
    assert judged(both, pack.load(name)).verdict is Verdict.REJECT


@pytest.mark.parametrize("coverage", [Coverage.PARTIAL, Coverage.NONE])
def test_what_was_not_seen_is_incomplete(coverage: Coverage) -> None:
    decision = judged(scan_of(BODIES, receipt(coverage)))
    assert decision.verdict is Verdict.INCOMPLETE
    assert broken(decision) == ["full-coverage"]


def test_review_beats_incomplete() -> None:
    scan = scan_of(BODIES, receipt(Coverage.PARTIAL), finding())
    assert judged(scan).verdict is Verdict.REVIEW


def test_a_file_without_any_receipt_is_incomplete() -> None:
    scan = scan_of()
    silent = replace(scan.files[0], inspection=Inspection())
    assert judged(replace(scan, files=(silent, *scan.files[1:]))).verdict is Verdict.INCOMPLETE


def test_a_file_that_could_not_be_read_is_incomplete() -> None:
    scan = scan_of()
    lost = FileReport("lost", scan.files[0].digest.__class__(""), 0, Inspection())
    decision = judged(replace(scan, files=(*scan.files, lost)))
    assert decision.verdict is Verdict.INCOMPLETE
    assert "every-file-read" in broken(decision)


@pytest.mark.parametrize("name", pack.BUILT_IN)
def test_nothing_inspected_is_never_admitted(name: str) -> None:
    decision = judged(scan_of({}), pack.load(name))
    assert decision.verdict is Verdict.REVIEW
    assert "pratique/something-inspected" in broken(decision)


@pytest.mark.parametrize("name", pack.BUILT_IN)
def test_without_a_jail_nothing_is_admitted(name: str) -> None:
    scan = scan_of(jail=JailReport(("seccomp",)), intended=(("publisher-signature", "held"),))
    assert judged(scan, pack.load(name)).verdict is Verdict.INCOMPLETE


@pytest.mark.parametrize(
    ("outcome", "verdict"),
    [("held", Verdict.ADMIT), ("unknown", Verdict.INCOMPLETE), ("failed", Verdict.REJECT)],
)
def test_what_was_intended(outcome: str, verdict: Verdict) -> None:
    assert judged(scan_of(intended=(("digest", outcome),))).verdict is verdict


def test_strict_asks_for_a_signature_and_inert_formats() -> None:
    strict = pack.load("strict")
    signed = (("publisher-signature", "held"),)
    assert judged(scan_of(intended=signed), strict).verdict is Verdict.ADMIT
    assert broken(judged(scan_of(), strict)) == ["publisher-signed"]
    pickled = scan_of(BODIES, receipt(reader="pickle@1"), intended=signed)
    assert broken(judged(pickled, strict)) == ["inert-formats-only"]
    low = scan_of(BODIES, finding(Severity.LOW), intended=signed)
    assert judged(low, strict).verdict is Verdict.REVIEW
    high = scan_of(BODIES, finding(Severity.HIGH), intended=signed)
    assert judged(high, strict).verdict is Verdict.REJECT


def test_lax_admits_what_was_partly_seen() -> None:
    lax = pack.load("lax")
    scan = scan_of(BODIES, receipt(Coverage.PARTIAL), finding(Severity.MEDIUM))
    assert judged(scan, lax).verdict is Verdict.ADMIT
    none = scan_of({"a": b"x"}, receipt(Coverage.NONE))
    assert judged(none, lax).verdict is Verdict.INCOMPLETE


def test_fail_on_replaces_the_threshold() -> None:
    high = scan_of(BODIES, finding(Severity.HIGH))
    assert decide(high, DEFAULT, now=NOW, fail_on=Severity.CRITICAL).verdict is Verdict.ADMIT
    low = scan_of(BODIES, finding(Severity.LOW))
    assert decide(low, DEFAULT, now=NOW, fail_on=Severity.LOW).verdict is Verdict.REVIEW


@pytest.mark.parametrize("name", ["default", "lax"])
def test_fail_on_coverage_asks_for_review(name: str) -> None:
    scan = scan_of(BODIES, receipt(Coverage.PARTIAL))
    decision = decide(scan, pack.load(name), now=NOW, fail_on_coverage=True)
    assert decision.verdict is Verdict.REVIEW
    assert decide(scan_of(), DEFAULT, now=NOW, fail_on_coverage=True).verdict is Verdict.ADMIT


def test_a_baseline_leaves_known_findings_out() -> None:
    known = frozenset({fingerprint("config.json", finding())})
    scan = scan_of(BODIES, finding())
    assert decide(scan, DEFAULT, now=NOW, known=known).verdict is Verdict.ADMIT
    other = scan_of(BODIES, finding(says="imports 'os.execv'"))
    assert decide(other, DEFAULT, now=NOW, known=known).verdict is Verdict.REVIEW


def test_the_input_digest_follows_the_input() -> None:
    one, two = judged(scan_of()), judged(scan_of(BODIES, finding(Severity.INFO)))
    assert one.input_digest != two.input_digest
    assert one.input_digest == judged(scan_of()).input_digest


WAIVER = Waiver(
    rule="MAL001", path="conf*", reason="known good", approver="ana", expires=NEXT_MONTH
)


def waived(waiver: Waiver, severity: Severity = Severity.HIGH, now: datetime = NOW) -> Decision:
    scan = scan_of(BODIES, finding(severity))
    return decide(scan, DEFAULT.with_waivers((waiver,)), now=now)


def test_a_waiver_lets_a_finding_pass_and_is_told() -> None:
    decision = waived(WAIVER)
    assert decision.verdict is Verdict.ADMIT
    assert decision.waived == (fingerprint("config.json", finding()),)
    assert decision.waivers == (WAIVER,)
    assert decision.ignored == ()
    assert decision.pack_digest == DEFAULT.digest


def test_a_waiver_holds_through_its_last_day() -> None:
    last = datetime(2026, 12, 23, 23, 59, tzinfo=UTC)
    assert waived(WAIVER, now=last).verdict is Verdict.ADMIT
    late = waived(WAIVER, now=last + timedelta(minutes=1))
    assert late.verdict is Verdict.REVIEW
    assert late.ignored == (
        "the waiver of MAL001 at conf* has no effect: it expired on 2026-12-23",
    )


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"reason": ""}, "lacks its reason"),
        ({"approver": "", "reason": ""}, "lacks its reason and approver"),
        ({"expires": None}, "lacks its expiry"),
        ({"path": ""}, "lacks its path"),
        ({"rule": ""}, "names neither or both"),
        ({"fingerprint": "ab"}, "names neither or both"),
    ],
)
def test_a_waiver_that_lacks_something_has_no_effect(change: dict[str, str], says: str) -> None:
    decision = waived(replace(WAIVER, **change))  # type: ignore[arg-type]  # one field at a time
    assert decision.verdict is Verdict.REVIEW
    assert says in decision.ignored[0]


def test_a_waiver_of_another_path_or_rule_has_no_effect() -> None:
    assert waived(replace(WAIVER, path="model*")).verdict is Verdict.REVIEW
    assert waived(replace(WAIVER, rule="MAL002")).verdict is Verdict.REVIEW


def test_a_waiver_that_matches_nothing_is_named() -> None:
    other = replace(WAIVER, path="model*")
    assert waived(other).ignored == ("the waiver of MAL001 at model* matches no finding here",)
    scan = scan_of(BODIES, finding(Severity.HIGH))
    many = tuple(replace(WAIVER, path=f"m{n}") for n in range(9))
    (says,) = decide(scan, DEFAULT.with_waivers((WAIVER, *many)), now=NOW).ignored
    assert says.endswith("MAL001 at m4 and 4 more match no finding here")


@pytest.mark.parametrize("glob", ["requirements.txt", "*.txt", "**"])
def test_a_waiver_names_the_path_that_a_report_shows(glob: str) -> None:
    """What a rule over the whole says of a file has that file's path in every report."""
    body = {"requirements.txt": b"a==1\n"}
    about = replace(finding(Severity.HIGH), at=Span(chain=("requirements.txt",), line=1))
    plain = scan_of(body)
    scan = replace(plain, advice=Inspection(findings=(about,)))
    (row,) = Target(scan, judged(scan)).rows()
    assert row.path == "requirements.txt"
    for named in ({"rule": "MAL001"}, {"rule": "", "fingerprint": row.fingerprint}):
        waiver = replace(WAIVER, path=glob, **named)  # type: ignore[arg-type]  # as above
        decision = decide(scan, DEFAULT.with_waivers((waiver,)), now=NOW)
        assert (decision.waived, decision.ignored) == ((row.fingerprint,), ())
    other = replace(WAIVER, path="other.txt")
    assert not decide(scan, DEFAULT.with_waivers((other,)), now=NOW).waived


def test_a_critical_finding_is_waived_by_its_fingerprint_only() -> None:
    assert waived(WAIVER, Severity.CRITICAL).verdict is Verdict.REJECT
    mark = fingerprint("config.json", finding(Severity.CRITICAL))
    own = replace(WAIVER, rule="", fingerprint=mark)
    assert waived(own, Severity.CRITICAL).verdict is Verdict.ADMIT


def test_findings_are_counted_by_stage_and_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    card = Rule(
        id=RuleId("MAL001"),
        slug="x",
        stage=Stage.MALWARE,
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        refs=(),
        since="0.1",
    )
    monkeypatch.setattr("pratique.policy.document.rules", lambda: {card.id: card})
    told = document(scan_of(), (finding(), finding(rule="ZZZ001")), Severity.HIGH, {})
    assert told["findings"]["stages"]["malware"] == 1
    assert told["findings"]["rules"] == {"MAL001": 1, "ZZZ001": 1}


def in_tier(tier: str) -> pack.Pack:
    return replace(DEFAULT, tier=tier)


def test_a_deep_scan_is_judged_by_what_was_seen() -> None:
    assert judged(deep_scan(honest())).verdict is Verdict.ADMIT
    assert judged(deep_scan(detonation(run(cut=True)))).verdict is Verdict.REVIEW
    lost = deep_scan(detonation(run(), unloaded=(("a.keras", "needs keras"),)))
    assert judged(lost).verdict is Verdict.INCOMPLETE


def test_a_detonation_alone_needs_no_receipts_of_files() -> None:
    part = deep_scan(honest(), only=Stage.NETWORK)
    assert judged(part).verdict is Verdict.ADMIT
    assert document(part, (), Severity.MEDIUM, {})["scan"]["only"] == "network"
    assert judged(replace(part, only=None)).verdict is Verdict.INCOMPLETE


def test_a_weaker_sandbox_than_demanded_leaves_a_scan_incomplete() -> None:
    for tier, verdict in (("jail", Verdict.ADMIT), ("gvisor", Verdict.INCOMPLETE)):
        assert judged(deep_scan(honest()), in_tier(tier)).verdict is verdict
    stronger = deep_scan(replace(honest(), tier="microvm-tcg"))
    assert judged(stronger, in_tier("gvisor")).verdict is Verdict.ADMIT
    unknown = deep_scan(replace(honest(), tier="paper"))
    assert judged(unknown, in_tier("jail")).verdict is Verdict.INCOMPLETE


def test_a_demand_on_the_sandbox_leaves_plain_scans_alone() -> None:
    assert judged(scan_of(), in_tier("microvm")).verdict is Verdict.ADMIT


def test_a_line_may_ask_about_the_detonation() -> None:
    told = document(deep_scan(honest()), (), Severity.MEDIUM, {})["detonation"]
    assert told == {
        "ran": True,
        "complete": True,
        "tier": "jail",
        "rank": 1,
        "loaders": ["torch"],
        "conditions": ["now", "in-90-days", "as-root"],
        "runs": 3,
        "unloaded": 0,
        "untried": 0,
    }
    assert document(scan_of(), (), Severity.MEDIUM, {})["detonation"]["ran"] is False
    refused = deep_scan(detonation(run(ending=Ending.REFUSED)))
    told = document(refused, (), Severity.MEDIUM, {})["detonation"]
    assert (told["ran"], told["tier"], told["complete"]) == (False, "", False)
    assert document(scan_of(), (), Severity.MEDIUM, {}).keys() == EXAMPLE.keys()
