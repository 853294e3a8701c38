"""A statement silences a match for one artifact until its day; all else is told and ignored."""

import hashlib
import json
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from harness.advised import inventory_of, matched_with, record
from pratique.advisories.vex import MOST_PAIRS, apply, read
from pratique.artifacts.matched import MatchedComponents, view_of
from pratique.core.advisory import Matched, State
from pratique.core.errors import MalformedError
from pratique.core.finding import Severity
from pratique.detectors.base import Detector
from pratique.detectors.vulnerabilities.component_made_with import ComponentMadeWith
from pratique.detectors.vulnerabilities.component_version_open import ComponentVersionOpen

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
    return str(told.matches[0].silenced or ""), ignored


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
        ({"products": [{"@id": "pkg:generic/model"}]}, f"this one is sha256:{ROOT}"),
        ({"expires": "2999-01-01"}, "more than two years away"),
        ({"timestamp": "2027-01-01T00:00:00Z"}, "dated in the future"),
        ({"vulnerability": {"name": "CVE-2099-2"}}, "concerns nothing found here"),
    ],
)
def test_what_lacks_something_silences_nothing_and_is_told(
    change: dict[str, Any], why: str
) -> None:
    says, ignored = silenced(document(statement(**change)))
    assert not says
    assert why in ignored[0]


def test_what_silences_is_a_value_that_no_words_can_forge() -> None:
    words = "it is so: component_not_present (VEX " + "x" * 400
    body = document(statement(justification=None, impact_statement=words))
    told, _ = apply(found(), read(body), f"sha256:{ROOT}", NOW)
    silence = told.matches[0].silenced
    assert silence is not None
    assert (silence.status, silence.justification, silence.impact) == ("not_affected", "", words)
    assert silence.document == hashlib.sha256(body).hexdigest()
    assert silence.document[:16] in str(silence)


def test_a_day_counts_to_its_last_second() -> None:
    last = datetime(2026, 12, 26, 23, 59, 58, tzinfo=UTC)
    assert silenced(document(statement()), last)[0]
    assert not silenced(document(statement()), last + timedelta(seconds=1))[0]


def test_what_was_updated_last_counts() -> None:
    word = "2026-11-02T00:00:00Z"
    later = statement(status="affected", last_updated=word)
    assert not silenced(document(statement(), later))[0]
    assert silenced(document(statement(last_updated=word), statement(status="affected")))[0]


def test_an_expiry_may_stand_in_the_notes() -> None:
    noted = statement(expires=None, status_notes="asked for; pratique:expires=2026-12-26")
    assert "until 2026-12-26" in silenced(document(noted))[0]


def test_what_is_no_date_is_told_in_our_words() -> None:
    with pytest.raises(MalformedError, match="'tomorrow' is no date such as") as told:
        read(document(statement(expires="tomorrow")))
    assert "isoformat" not in str(told.value)


@pytest.mark.parametrize(
    ("rule", "named", "wanted"),
    [
        (ComponentVersionOpen, {"requirements.txt": "a>=1\n"}, State.UNKNOWN),
        (ComponentMadeWith, {"config.json": '{"transformers_version": "1"}'}, State.AFFECTED),
    ],
)
def test_what_is_silenced_stays_as_information(
    rule: type[Detector[MatchedComponents]], named: dict[str, str], wanted: State
) -> None:
    rows = [record(f"PYSEC-{name}", name, {"introduced": "0"}, {"fixed": "2"})
            for name in ("a", "transformers")]  # fmt: skip
    told = matched_with(inventory_of(named), rows)
    product = {"@id": f"sha256:{ROOT}"}
    names = [{"vulnerability": {"name": told.advisory(m).id}} for m in told.matches]
    body = document(*(statement(products=[product], **name) for name in names))
    told, _ = apply(told, read(body), f"sha256:{ROOT}", NOW)
    assert {match.state for match in told.matches} == {wanted}
    (finding,) = rule().inspect(view_of(told))
    assert finding.severity is Severity.INFO
    assert "is silenced: not_affected by security@example.org" in finding.says


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


def cyclonedx_vex() -> dict[str, Any]:
    return {
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


def test_cyclonedx() -> None:
    told = cyclonedx_vex()
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


def test_a_statement_that_another_outweighs_is_told() -> None:
    later = statement(timestamp="2026-11-02T00:00:00Z")
    says, ignored = silenced(document(statement(), later))
    assert says
    assert ignored == ("VEX about CVE-2099-1: another statement counts",)


def test_a_part_is_known_by_its_identifiers_and_one_without_any_is_none_of_ours() -> None:
    for part, quiet in (
        ({"identifiers": {"purl": PURL}}, True),
        ({"identifiers": {"cpe23": "cpe:2.3:a:x"}}, False),
        (PURL, True),
    ):
        product = {"@id": f"sha256:{ROOT}", "subcomponents": [part]}
        assert bool(silenced(document(statement(products=[product])))[0]) is quiet


def test_some_versions_of_a_component_are_not_taken_for_all() -> None:
    told = cyclonedx_vex()
    told["components"][0]["purl"] = "pkg:pypi/a"
    assert silenced(json.dumps(told).encode())[0]
    ranges = [{"range": "vers:pypi/<1", "status": "unaffected"}]
    told["vulnerabilities"][0]["affects"][0]["versions"] = ranges
    says, ignored = silenced(json.dumps(told).encode())
    assert not says
    assert "some versions" in ignored[0]


def test_a_state_that_cyclonedx_has_not_silences_nothing() -> None:
    told = cyclonedx_vex()
    told["vulnerabilities"][0]["analysis"]["state"] = "fixed"
    assert not silenced(json.dumps(told).encode())[0]


def test_many_statements_about_many_components_take_little_time() -> None:
    told = found()
    many = replace(told, matches=told.matches * 5_000)
    said = read(document(*[statement()] * 20_000))
    began = time.monotonic()
    apply(many, said, f"sha256:{ROOT}", NOW)
    assert time.monotonic() - began < 10


@pytest.mark.parametrize(
    "body",
    [
        document(statement(author="\ud800", vulnerability={"name": "\ud800"})),
        document(statement(), author="\ud800"),
        document(statement(vulnerability={"name": "a", "aliases": "CVE-2099-1"})),
        document(statement(expires=20261226)),
        document(statement(products={"@id": f"sha256:{ROOT}"})),
        b'{"@context": "https://openvex.dev/ns", "statements": [], "statements": []}',
        b'{"@context": "https://openvex.dev/ns", "statements": [], "version": NaN}',
        b'{"@context": "https://openvex.dev/ns", "statements": [' + b"[]," * MOST_PAIRS + b"[]]}",
        document(
            statement(
                vulnerability={"name": "a", "aliases": [f"A-{n}" for n in range(2_000)]},
                products=[{"subcomponents": [{"@id": f"p{n}"} for n in range(2_000)]}],
            )
        ),
    ],
    ids=range(9),
)
def test_a_document_with_two_readings_or_without_bounds_is_refused(body: bytes) -> None:
    with pytest.raises(MalformedError):
        read(body)
