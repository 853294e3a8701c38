"""A statement names what its stages knew from elsewhere, in which version."""

from dataclasses import replace

from harness.badges import told_of
from harness.scans import BODIES, receipt, scan_of
from pratique.attest.statement import statement
from pratique.core.advisory import Matched, Snapshot
from pratique.core.component import Inventory
from pratique.core.scan import Scan


def databases(scan: Scan) -> dict[str, list[dict[str, str]]]:
    stages = statement(told_of(scan))["predicate"]["stages"]
    return {stage["id"]: stage["databases"] for stage in stages if stage["databases"]}


def test_nothing_from_elsewhere_is_nothing() -> None:
    assert databases(scan_of()) == {}


def test_rules_of_the_user_an_antivirus_and_advisories_are_named() -> None:
    by_others = [
        receipt(rule="MAL001", reader="clamav@ClamAV 1.4.3/27800"),
        receipt(rule="MAL001", reader="user-rules@0123456789abcdef"),
        receipt(rule="MAL001", reader="pickle@3"),
    ]
    snapshot = Snapshot(digest="sha256:" + "a" * 64)
    scan = replace(
        scan_of(BODIES, *by_others), matched=Matched(inventory=Inventory(), snapshot=snapshot)
    )
    assert databases(scan) == {
        "malware": [
            {"name": "clamav", "version": "ClamAV 1.4.3/27800"},
            {"name": "user-rules", "version": "0123456789abcdef"},
        ],
        "vulnerabilities": [{"name": "advisories", "version": "sha256:" + "a" * 64}],
    }
