"""Archives become a database, whole or not at all; what is refused is named and counted."""

import gzip
import json
import os
import zipfile
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from harness.advised import built, inventory_of, matched_with, packed, record
from pratique.advisories import install as installing
from pratique.advisories.build import build
from pratique.advisories.database import Database, DatabaseError
from pratique.advisories.grouping import grouped
from pratique.advisories.install import CURRENT, Given, install, opened, snapshot_of
from pratique.advisories.match import match
from pratique.advisories.osv_record import record_of
from pratique.artifacts.matched import view_of
from pratique.core.advisory import State
from pratique.core.errors import ArtifactError, MachineError, MalformedError, UsageError
from pratique.core.finding import Severity
from pratique.core.receipt import Coverage
from pratique.engine.advice import judged

NOW = datetime(2026, 11, 26, tzinfo=UTC)
ALL = {"introduced": "0"}
PINNED = {"requirements.txt": "a==1\n"}


ODD = ({"sqlite_sha256": "0"}, {"file": "x"}, {"file": 1}, {"made": "soon"}, {"made": None})


def given(place: Path) -> list[Given]:
    return [Given("PyPI", place, "https://example.org/all.zip", "CC-BY-4.0")]


def test_what_is_no_record_is_named_and_the_rest_is_taken(tmp_path: Path) -> None:
    place = packed(tmp_path / "all.zip", [record("A-1", "a", ALL)])
    with zipfile.ZipFile(place, "a") as archive:
        archive.writestr("no-json.json", "{")
        archive.writestr("a-list.json", "[]")
        archive.writestr("odd.json", json.dumps({"id": "A-2", "affected": {}}))
        archive.writestr("deep.json", "[" * 100_000)
    told = build(tmp_path / "db", [("PyPI", place)])
    assert told.records == 1
    assert told.refused.count == 4
    assert {name for name, _ in told.refused.named} == {
        "no-json.json",
        "a-list.json",
        "A-2",
        "deep.json",
    }


@pytest.mark.parametrize("size", [0, 10, 60, 150])
def test_a_truncated_archive_leaves_nothing(tmp_path: Path, size: int) -> None:
    place = packed(tmp_path / "all.zip", [record("A-1", "a", ALL)])
    place.write_bytes(place.read_bytes()[:size])
    with pytest.raises(MalformedError, match="no whole zip"):
        build(tmp_path / "db", [("PyPI", place)])
    assert not (tmp_path / "db").exists()


def test_a_broken_checksum_a_member_twice_and_no_record_are_refused(tmp_path: Path) -> None:
    place = packed(tmp_path / "all.zip", [record("A-1", "a", ALL)])
    body = bytearray(place.read_bytes())
    body[body.index(b'"id"') + 1] ^= 1
    place.write_bytes(body)
    with pytest.raises(MalformedError, match="CRC"):
        build(tmp_path / "db", [("PyPI", place)])
    with zipfile.ZipFile(place, "w") as archive:
        archive.writestr("a.json", "{}")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("a.json", "{}")
    with pytest.raises(MalformedError, match="twice"):
        build(tmp_path / "db", [("PyPI", place)])
    with zipfile.ZipFile(place, "w"):
        pass
    with pytest.raises(MalformedError, match="no OSV record"):
        build(tmp_path / "db", [("PyPI", place)])


def test_exploited_and_likely_raise_an_advisory(tmp_path: Path) -> None:
    place = packed(tmp_path / "all.zip", [record("A-1", "a", ALL, aliases=["CVE-2099-1"])])
    kev = tmp_path / "kev.json.gz"
    kev.write_bytes(
        gzip.compress(
            b'{"dateReleased": "x", "vulnerabilities": [{"cveID": "CVE-2099-1"}]}', mtime=0
        )
    )
    epss = tmp_path / "epss.csv"
    epss.write_text(
        "#model_version:v1,score_date:2026-01-01\ncve,epss,percentile\nCVE-2099-1,0.5,1\n"
    )
    told = build(tmp_path / "db", [("PyPI", place)], kev=kev, epss=epss)
    assert (told.kev, told.epss) == ("x", "2026-01-01")
    with closing(Database.open(tmp_path / "db")) as database:
        advisory = database.advisories([0])[0]
    assert (advisory.exploited, advisory.likely) == (True, 0.5)
    kev.write_text("{}")
    with pytest.raises(MalformedError, match="no KEV"):
        build(tmp_path / "db2", [("PyPI", place)], kev=kev)
    epss.write_text("cve,epss\nCVE-2099-1,7\n")
    with pytest.raises(MalformedError, match="no probability"):
        build(tmp_path / "db2", [("PyPI", place)], epss=epss)


def test_what_cisa_lists_is_high_whatever_its_score(tmp_path: Path) -> None:
    low = [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:L/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N"}]
    place = packed(
        tmp_path / "all.zip",
        [record("A-1", "a", ALL, aliases=["CVE-2099-1"], severity=low)],
    )
    kev = tmp_path / "kev.json"
    kev.write_text('{"vulnerabilities": [{"cveID": "CVE-2099-1"}]}')
    build(tmp_path / "db", [("PyPI", place)], kev=kev)
    with closing(Database.open(tmp_path / "db")) as database:
        told = match(inventory_of(PINNED), database, database.snapshot())
    assert told.advisories[0].severity is Severity.HIGH


def test_records_of_one_vulnerability_are_one_and_those_of_two_are_two() -> None:
    rows = [
        record("PYSEC-1", "a", aliases=["CVE-1", "GHSA-x"]),
        record("GHSA-x", "a", aliases=["CVE-1"]),
        record("PYSEC-2", "a", aliases=["CVE-2", "GHSA-x"]),
        record("PYSEC-3", "a", aliases=["GHSA-y"]),
        record("GHSA-y", "a"),
    ]
    told = grouped([record_of(row) for row in rows])
    assert told["PYSEC-1"] == told["GHSA-x"] == "CVE-1"
    assert told["PYSEC-2"] == "CVE-2"
    assert told["PYSEC-3"] == told["GHSA-y"] == "GHSA-y"


def test_records_that_disagree_are_told_as_such() -> None:
    rows = [
        record("PYSEC-1", "a", ALL, {"fixed": "2"}, aliases=["CVE-1"]),
        record("GHSA-x", "a", ALL, {"fixed": "1"}, aliases=["CVE-1"]),
    ]
    told = matched_with(inventory_of(PINNED), rows)
    (one,) = told.matches
    assert one.state is State.AFFECTED
    assert "GHSA-x of the same vulnerability does not say so" in one.why


def test_another_ecosystem_is_told_and_not_dropped() -> None:
    files = {"package.json": json.dumps({"dependencies": {"left": "1.0.0"}})}
    told = matched_with(inventory_of(files), [record("A-1", "a", ALL)])
    assert [why for _, why in told.unmatched] == ["no advisory data for npm in this database"]
    # nobody knows whether it is clean, so the stage is not complete
    assert view_of(told).partial == "1 component: no advisory data for npm in this database"
    assert {r.coverage for r in judged(told).receipts} == {Coverage.PARTIAL}


def test_a_record_in_two_archives_is_one(tmp_path: Path) -> None:
    both = record("A-1", "a", ALL, modified="2026-02-01T00:00:00Z")
    other = {"package": {"ecosystem": "npm", "name": "b"}, "versions": ["1.0.0"]}
    both["affected"].append(other)
    gone = record("A-2", "a", ALL, withdrawn="2026-01-01T00:00:00Z")
    place = packed(tmp_path / "all.zip", [both, gone])
    told = build(tmp_path / "db", [("PyPI", place), ("npm", place)])
    assert (told.records, told.withdrawn, told.advisories, told.packages) == (2, 1, 1, 2)
    with closing(Database.open(tmp_path / "db")) as database:
        for ecosystem, name in (("PyPI", "a"), ("npm", "b")):
            package = database.package(ecosystem, name)
            assert package is not None
            assert len(package["entries"]) == 1


def test_what_is_dated_in_the_future_is_not_the_newest(tmp_path: Path) -> None:
    dates = (
        "2026-07-23T01:00:00Z",
        "2026-07-22T23:00:00-04:00",
        "2027-07-09T00:00:00Z",
        "soon",
        "",
    )
    rows = [record(f"A-{n}", "a", ALL, modified=told) for n, told in enumerate(dates)]
    place = packed(tmp_path / "all.zip", rows)
    told = build(tmp_path / "db", [("PyPI", place)], about={"made": NOW.isoformat()})
    assert told.newest == "2026-07-23T03:00:00+00:00"
    assert told.to_come == ["A-2"]


def test_old_data_that_was_taken_in_lately_is_told(tmp_path: Path) -> None:
    place = packed(tmp_path / "all.zip", [record("A-1", "a", ALL)])
    install(tmp_path / "db", given(place), now=NOW)
    for most, warned in ((30, True), (400, False), (None, False)):
        database, snapshot = snapshot_of(tmp_path / "db", most, NOW)
        assert database is not None
        database.close()
        assert snapshot.usable
        assert ("is of 2026-01-01, 329 days ago" in snapshot.warning) == warned


def test_a_newest_date_that_is_to_come_tells_no_age() -> None:
    assert "nobody knows" in installing.stale("2027-07-09T15:45:00Z", 30, NOW)
    assert installing.stale("", 30, NOW) == installing.stale("soon", 30, NOW) == ""
    assert installing.stale("2026-11-26T01:00:00Z", 30, NOW) == ""


def test_an_update_that_ends_meanwhile_costs_no_scan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = packed(tmp_path / "all.zip", [record("A-1", "a", ALL)])
    install(tmp_path / "db", given(place), now=NOW)
    before = installing._current(tmp_path / "db")  # noqa: SLF001 - what a scan read just then
    install(tmp_path / "db", given(place), now=NOW)
    real, told = installing._current, [before]  # noqa: SLF001
    monkeypatch.setattr(installing, "_current", lambda folder: told.pop() if told else real(folder))
    database, snapshot = snapshot_of(tmp_path / "db", 30, NOW)
    assert database is not None
    database.close()
    assert snapshot.usable


def test_an_empty_record_beside_one_with_ranges_is_not_said_to_be_unordered() -> None:
    rows = [
        record("PYSEC-1", "a", ALL, {"fixed": "0.5"}, aliases=["CVE-1"]),
        record("PYSEC-2", "a", aliases=["CVE-1"]),
    ]
    (one,) = matched_with(inventory_of(PINNED), rows).matches
    assert one.state is State.UNKNOWN
    assert one.why == "PYSEC-2 names neither a range nor versions, so it can never be matched"


def test_a_rating_is_kept_apart_from_what_raises_it(tmp_path: Path) -> None:
    low = [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:L/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N"}]
    word = {"severity": "HIGH"}
    rows = [
        record("A-1", "a", ALL, aliases=["CVE-2099-1"], severity=low),
        record("A-2", "a", ALL, database_specific=word),
        record("A-3", "a", ALL),
    ]
    kev = tmp_path / "kev.json"
    kev.write_text('{"vulnerabilities": [{"cveID": "CVE-2099-1"}]}')
    build(tmp_path / "db", [("PyPI", packed(tmp_path / "all.zip", rows))], kev=kev)
    with closing(Database.open(tmp_path / "db")) as database:
        told = database.advisories([0, 1, 2]).values()
    assert {one.id: (one.rating, one.severity) for one in told} == {
        "CVE-2099-1": (Severity.LOW, Severity.HIGH),
        "A-2": (Severity.HIGH, Severity.HIGH),
        "A-3": (None, Severity.MEDIUM),
    }


@pytest.mark.parametrize(
    ("image", "release"),
    [
        ("debian:12", "12"),
        ("debian:12.5-slim", "12"),
        ("docker.io/library/debian:bookworm-slim", "12"),
        ("python:3.11-slim-bullseye", "11"),
        ("python:3.12", ""),
        ("debian", ""),
        ("debian:latest", ""),
        ("ubuntu:22.04", ""),
        ("debian:12\nRUN true\nFROM debian:11", ""),
    ],
)
def test_a_release_of_debian_is_that_of_the_base_image(
    tmp_path: Path, image: str, release: str
) -> None:
    rows = []
    for number, ecosystem in (("1", "Debian:11"), ("2", "Debian:12")):
        one = record(f"DSA-{number}", "curl", ALL, {"fixed": "8"})
        one["affected"][0]["package"]["ecosystem"] = ecosystem
        rows.append(one)
    build(tmp_path / "db", [("Debian", packed(tmp_path / "all.zip", rows))])
    text = f"FROM {image}\nRUN apt-get install -y curl=7.88\n"
    with closing(Database.open(tmp_path / "db")) as database:
        told = match(inventory_of({"Dockerfile": text}), database, database.snapshot("2026"))
    ids = [told.advisory(one).id for one in told.matches]
    assert ids == ([{"11": "DSA-1", "12": "DSA-2"}[release]] if release else [])
    whys = [why for _, why in told.unmatched if "Debian" in why]
    assert whys == ([] if release else ["the release of Debian that it is of is not said"])
    assert bool(view_of(told).partial) is not bool(release)


def test_an_update_takes_the_place_of_the_old_and_leaves_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / "db"
    place = packed(tmp_path / "all.zip", [record("A-1", "a", ALL)])
    install(folder, given(place), now=NOW - timedelta(days=20))
    (folder / "new-left-by-a-kill.sqlite").write_text("x")
    packed(place, [record("A-1", "a", ALL), record("A-2", "b", ALL)])
    install(folder, given(place), now=NOW)
    database, told = opened(folder)
    with closing(database):
        assert database.snapshot().records == 2
    assert told["sources"][0]["licence"] == "CC-BY-4.0"
    assert {p.suffix for p in folder.iterdir()} == {".sqlite", ".json", ".lock"}
    assert len(list(folder.iterdir())) == 3


def test_a_broken_archive_leaves_the_old_database_in_use(tmp_path: Path) -> None:
    folder = tmp_path / "db"
    place = packed(tmp_path / "all.zip", [record("A-1", "a", ALL)])
    install(folder, given(place), now=NOW)
    place.write_bytes(b"<html>captive portal</html>")
    with pytest.raises(ArtifactError, match="no whole zip"):
        install(folder, given(place), now=NOW)
    database, snapshot = snapshot_of(folder, 30, NOW)
    assert database is not None
    database.close()
    assert snapshot.usable
    assert len(list(folder.iterdir())) == 3


@pytest.mark.parametrize(
    ("days", "most", "trouble"),
    [(0, 30, ""), (31, 30, "31 days old"), (400, None, ""), (-3, 30, "which is to come")],
)
def test_age(tmp_path: Path, days: int, most: int | None, trouble: str) -> None:
    place = packed(tmp_path / "all.zip", [record("A-1", "a", ALL, modified="2027-07-09T00:00:00Z")])
    install(tmp_path / "db", given(place), now=NOW - timedelta(days=days))
    database, snapshot = snapshot_of(tmp_path / "db", most, NOW)
    assert (database is None) == bool(trouble)
    assert trouble in snapshot.trouble
    assert ("pratique db update" in snapshot.hint) == bool(trouble)
    if database is not None:
        database.close()


def test_none_and_broken_ones_say_what_mends_them(tmp_path: Path) -> None:
    assert "there is no advisory database" in snapshot_of(tmp_path, None, NOW)[1].trouble
    place = packed(tmp_path / "all.zip", [record("A-1", "a", ALL)])
    install(tmp_path / "db", given(place), now=NOW)
    current = tmp_path / "db" / CURRENT
    told = json.loads(current.read_text())
    for broken in ("{", "[]", *(json.dumps({**told, **odd}) for odd in ODD), "[" * 99_999):
        current.write_text(broken)
        database, snapshot = snapshot_of(tmp_path / "db", None, NOW)
        assert database is None
        assert "no usable advisory database" in snapshot.trouble
        assert "pratique db update" in snapshot.hint


def test_a_file_of_another_sort_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"SQLite format 3\0" + bytes(200))
    with pytest.raises(DatabaseError):
        Database.open(tmp_path / "x")
    assert not (tmp_path / "y").exists()
    with pytest.raises(DatabaseError):
        Database.open(tmp_path / "y")


def test_a_folder_that_others_may_write_to_is_refused(tmp_path: Path) -> None:
    (tmp_path / "db").mkdir(mode=0o777)
    (tmp_path / "db").chmod(0o777)
    place = packed(tmp_path / "all.zip", [record("A-1", "a", ALL)])
    with pytest.raises(UsageError, match="others may write"):
        install(tmp_path / "db", given(place), now=NOW)


def test_one_update_at_a_time(tmp_path: Path) -> None:
    import fcntl  # noqa: PLC0415

    place = packed(tmp_path / "all.zip", [record("A-1", "a", ALL)])
    install(tmp_path / "db", given(place), now=NOW)
    fd = os.open(tmp_path / "db" / "update.lock", os.O_RDWR)
    fcntl.flock(fd, fcntl.LOCK_EX)
    with pytest.raises(MachineError, match="another update runs"):
        install(tmp_path / "db", given(place), now=NOW)
    os.close(fd)


def test_a_database_is_the_same_for_the_same_sources(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    place, one = built(tmp_path / "a", [record("A-1", "a", ALL)])
    assert place.is_file()
    other = build(tmp_path / "b" / "db", [("PyPI", tmp_path / "a" / "all.zip")])
    assert one.digest == other.digest


def test_a_damaged_index_is_never_asked(tmp_path: Path) -> None:
    place = packed(tmp_path / "all.zip", [record(f"A-{n}", f"p{n}", ALL) for n in range(200)])
    install(tmp_path / "db", given(place), now=NOW)
    (index,) = (tmp_path / "db").glob("*.sqlite")
    whole = index.read_bytes()
    for at in range(0, len(whole), 4001):
        index.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        database, snapshot = snapshot_of(tmp_path / "db", None, NOW)
        assert database is None
        assert "is damaged" in snapshot.trouble
    index.write_bytes(whole)
    database, _ = snapshot_of(tmp_path / "db", None, NOW)
    assert database is not None
    database.close()


def test_a_time_without_a_zone_has_an_age(tmp_path: Path) -> None:
    place = packed(tmp_path / "all.zip", [record("A-1", "a", ALL)])
    install(tmp_path / "db", given(place), now=NOW)
    current = tmp_path / "db" / CURRENT
    current.write_text(json.dumps({**json.loads(current.read_text()), "made": "2026-11-20"}))
    database, snapshot = snapshot_of(tmp_path / "db", 2, NOW)
    assert database is None
    assert "days old" in snapshot.trouble


def test_a_full_disk_is_told_and_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = packed(tmp_path / "all.zip", [record("A-1", "a", ALL)])
    install(tmp_path / "db", given(place), now=NOW)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(MachineError, match="No space left"):
        install(tmp_path / "db", given(place), now=NOW)
    database, snapshot = snapshot_of(tmp_path / "db", 30, NOW)
    assert database is not None
    database.close()
    assert snapshot.usable
