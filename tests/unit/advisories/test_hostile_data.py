"""Archives that lie, specifiers that slip between records, and data that is not there."""

import json
import zipfile
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from harness.advised import Record, inspect_advised, inventory_of, matched_with, packed, record
from pratique.advisories.build import build
from pratique.advisories.database import Database
from pratique.advisories.match import match
from pratique.artifacts.matched import view_of
from pratique.core.advisory import State
from pratique.core.component import Inventory
from pratique.core.errors import MalformedError, UsageError
from pratique.flows.advisories import Wish, update

ALL = {"introduced": "0"}


def of(ecosystem: str, ident: str, package: str) -> Record:
    told = record(ident, package, ALL)
    told["affected"][0]["package"]["ecosystem"] = ecosystem
    return told


def answers(requirements: str, *records: Record) -> set[State]:
    inventory = inventory_of({"requirements.txt": requirements})
    return {m.state for m in matched_with(inventory, list(records)).matches}


def test_an_archive_of_pypi_makes_no_other_ecosystem_known(tmp_path: Path) -> None:
    both = record("A-1", "a", ALL)
    both["affected"] += of("npm", "x", "lodash")["affected"]
    place = packed(tmp_path / "all.zip", [both])
    told = build(tmp_path / "db", [("PyPI", place)])
    assert told.ecosystems == {"PyPI": 1}
    inventory = inventory_of({"package.json": '{"dependencies": {"lodash": "4.0.0"}}'})
    with closing(Database.open(tmp_path / "db")) as database:
        matched = match(inventory, database, database.snapshot("2026-01-02T00:00:00+00:00"))
    assert matched.unmatched
    assert "npm" in view_of(matched).partial


def test_an_archive_of_another_ecosystem_is_refused(tmp_path: Path) -> None:
    place = packed(tmp_path / "all.zip", [of("npm", "A-1", "lodash")])
    with pytest.raises(MalformedError, match="about PyPI"):
        build(tmp_path / "db", [("PyPI", place)])


@pytest.mark.parametrize("word", ["pypi", "Foo"])
def test_an_unknown_ecosystem_is_refused(tmp_path: Path, word: str) -> None:
    place = packed(tmp_path / "x.zip", [record("A-1", "a", ALL)])
    with pytest.raises(UsageError, match="ecosystem"):
        update(tmp_path / "db", Wish(sources=(f"{word}={place}",)), datetime.now(UTC), print)


def test_the_folder_of_an_archive_names_no_ecosystem(tmp_path: Path) -> None:
    (tmp_path / "Downloads").mkdir()
    place = packed(tmp_path / "Downloads" / "all.zip", [record("A-1", "a", ALL)])
    built = update(tmp_path / "db", Wish(sources=(str(place),)), datetime.now(UTC), print)
    assert built.ecosystems == {"PyPI": 1}


def test_half_a_character_refuses_the_record_alone(tmp_path: Path) -> None:
    place = packed(tmp_path / "all.zip", [record("A-1", "a", ALL), record("A-2", "a\ud800", ALL)])
    told = build(tmp_path / "db", [("PyPI", place)])
    assert (told.records, told.refused.count) == (1, 1)


def test_lists_that_are_too_long_refuse_the_record(tmp_path: Path) -> None:
    long = record("A-2", "b", ALL)
    long["affected"][0]["versions"] = [f"1.{n}" for n in range(20_001)]
    place = packed(tmp_path / "all.zip", [record("A-1", "a", ALL), long])
    told = build(tmp_path / "db", [("PyPI", place)])
    assert (told.records, told.refused.count) == (1, 1)
    assert "20000" in told.refused.named[0][1]


def test_a_damaged_member_is_told_as_a_broken_archive(tmp_path: Path) -> None:
    place = tmp_path / "all.zip"
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("A-1.json", json.dumps(record("A-1", "a", ALL)) + " " * 5_000)
    body = bytearray(place.read_bytes())
    body[60:70] = b"\xff" * 10
    place.write_bytes(body)
    with pytest.raises(MalformedError, match="no whole zip"):
        build(tmp_path / "db", [("PyPI", place)])


def test_many_versions_cost_what_they_weigh(tmp_path: Path) -> None:
    rows = []
    for n in range(4):
        one = record(f"A-{n}", "a", ALL)
        one["affected"][0]["versions"] = [f"{n}.{v}" for v in range(20_000)]
        rows.append(one)
    told = build(tmp_path / "db", [("PyPI", packed(tmp_path / "all.zip", rows))])
    assert told.records == 4  # quadratic, this alone would take the suite's patience


@pytest.mark.parametrize(
    ("spec", "events", "want"),
    [
        ("a<4", [ALL, {"fixed": "3.38"}], {State.UNKNOWN}),
        ("a>=1.0", [{"introduced": "1.0"}, {"last_affected": "1.4"}], {State.UNKNOWN}),
        ("a>=1.0", [{"introduced": "1.0"}, {"fixed": "1.5.1rc1"}], {State.UNKNOWN}),
        ("a>1.4", [{"introduced": "1.0"}, {"last_affected": "1.4"}], set()),
        ("a<2", [ALL, {"fixed": "2.0"}], {State.AFFECTED}),
        ("a>=2", [ALL, {"fixed": "2.0"}], set()),
        ("a", [ALL, {"fixed": "2.0"}], {State.UNKNOWN}),
    ],
)
def test_a_specifier_is_tried_between_the_bounds_too(
    spec: str, events: list[dict[str, str]], want: set[State]
) -> None:
    assert answers(spec, record("A-1", "a", *events)) == want


def test_a_version_is_mended_only_where_no_record_hits_it() -> None:
    rows = [
        record("A-1", "a", {"introduced": "1.0"}, {"fixed": "1.5"}, aliases=["CVE-2099-1"]),
        record("A-2", "a", ALL, {"fixed": "2.1"}, aliases=["CVE-2099-1"]),
    ]
    matched = matched_with(inventory_of({"requirements.txt": "a==1.2"}), rows)
    assert [m.fixed for m in matched.matches] == [("2.1",)]


def test_zeros_at_the_end_hide_no_version() -> None:
    pin = "a==5.1" + ".0" * 200
    assert answers(pin, record("A-1", "a", ALL, {"fixed": "6"})) == {State.AFFECTED}


def test_no_data_is_no_clean_answer() -> None:
    sample = {
        "files": {"package.json": '{"dependencies": {"lodash": "4.0.0"}}'},
        "records": [record("A-1", "a", ALL)],
    }
    assert inspect_advised(sample).not_full


def test_matches_have_an_end_and_it_is_told() -> None:
    rows = [record(f"A-{n}", "a", ALL) for n in range(300)]
    inventory = inventory_of({"requirements.txt": "a==1\n"})
    many = Inventory(components=inventory.components * 2_000)
    matched = matched_with(many, rows)
    assert len(matched.matches) < 250_000
    assert "more than" in view_of(matched).partial
