"""A statement silences a match for one artifact until its day; all else is told and ignored."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from harness.advised import inventory_of, matched_with, record
from pratique.advisories.vex import apply, read
from pratique.core.advisory import Matched
from pratique.core.errors import MalformedError

ROOT = "ab" * 32
NOW = datetime(2026, 11, 26, tzinfo=UTC)
PURL = "pkg:pypi/a@1"


def found() -> Matched:
    rows = [record("PYSEC-1", "a", {"introduced": "0"}, aliases=["CVE-2099-1"])]
    return matched_with(inventory_of({"requirements.txt": "a==1\n"}), rows)


def statement(**more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    product = {"@id": f"pkg:generic/model?checksum=sha256:{ROOT}", "subcomponents": [{"@id": PURL}]}
    told = {
        "vulnerability": {"name": "CVE-2099-1"},
        "products": [product],
        "status": "not_affected",
        "justification": "vulnerable_code_not_in_execute_path",
        "expires": "2026-12-26",
    }
    return {k: v for k, v in (told | more).items() if v is not None}


def document(*statements: dict[str, Any], **more: object) -> bytes:
    told = {
        "@context": "https://openvex.dev/ns/v0.2.0",
        "@id": "x",
        "author": "security@example.org",
        "timestamp": "2026-11-01T00:00:00Z",
        "statements": statements,
    }
    return json.dumps(told | more).encode()


def silenced(body: bytes, now: datetime = NOW, root: str = ROOT) -> tuple[str, tuple[str, ...]]:
    told, ignored = apply(found(), read(body), f"sha256:{root}", now)
    return told.matches[0].silenced, ignored


def test_a_whole_statement_silences_until_its_day() -> None:
    says, ignored = silenced(document(statement()))
    assert "security@example.org until 2026-12-26" in says
    assert not ignored
    says, ignored = silenced(document(statement()), NOW + timedelta(days=31))
    assert not says
    assert "expired on 2026-12-26" in ignored[0]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"expires": None}, "has no expiry"),
        ({"justification": None}, "has no justification"),
        ({"justification": "trust me"}, "has no justification"),
        ({"status": "affected"}, "silences nothing"),
        ({"status": "under_investigation"}, "silences nothing"),
        ({"products": []}, "bound to no artifact"),
        ({"products": [{"@id": "pkg:generic/model"}]}, "bound to no artifact"),
        ({"products": [{"@id": f"sha256:{'cd' * 32}"}]}, "bound to another artifact"),
        ({"vulnerability": {"name": "CVE-2099-2"}}, "concerns nothing found here"),
    ],
)
def test_what_lacks_something_silences_nothing_and_is_told(
    change: dict[str, Any], why: str
) -> None:
    says, ignored = silenced(document(statement(**change)))
    assert not says
    assert why in ignored[0]


def test_a_statement_about_another_component_silences_nothing() -> None:
    product = {"@id": f"sha256:{ROOT}", "subcomponents": [{"@id": "pkg:pypi/b@1"}]}
    assert not silenced(document(statement(products=[product])))[0]
    bare = {"@id": f"sha256:{ROOT}", "subcomponents": [{"@id": "pkg:pypi/a"}]}
    assert silenced(document(statement(products=[bare])))[0]


def test_the_latest_counts_and_at_once_the_one_that_silences_nothing() -> None:
    later = statement(status="affected", timestamp="2026-11-02T00:00:00Z")
    assert not silenced(document(statement(), later))[0]
    earlier = statement(status="affected", timestamp="2026-10-02T00:00:00Z")
    assert silenced(document(statement(), earlier))[0]
    assert not silenced(document(statement(), statement(status="affected")))[0]


def test_cyclonedx() -> None:
    told: dict[str, Any] = {
        "bomFormat": "CycloneDX",
        "metadata": {
            "timestamp": "2026-11-01T00:00:00Z",
            "authors": [{"name": "A. Reviewer"}],
            "component": {"bom-ref": "m", "hashes": [{"alg": "SHA-256", "content": ROOT}]},
        },
        "components": [{"bom-ref": "c1", "purl": PURL}],
        "vulnerabilities": [
            {
                "id": "CVE-2099-1",
                "affects": [{"ref": "c1"}],
                "analysis": {"state": "not_affected", "justification": "code_not_reachable"},
                "properties": [{"name": "pratique:expires", "value": "2026-12-26"}],
            }
        ],
    }
    assert "A. Reviewer" in silenced(json.dumps(told).encode())[0]
    del told["vulnerabilities"][0]["properties"]
    assert "no expiry" in silenced(json.dumps(told).encode())[1][0]


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"{}", b'{"bomFormat": "CycloneDX", "vulnerabilities": 7}', b"[" * 99_999,
     document(statement(expires="tomorrow")), document({"status": "fixed"}), b"\xff"],
)  # fmt: skip
def test_what_is_no_vex_is_refused(body: bytes) -> None:
    with pytest.raises(MalformedError):
        read(body)
