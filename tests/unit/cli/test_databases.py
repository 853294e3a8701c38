"""`db update`, `db status`, `explain CVE-...`, `bom` and `badge` about the advisory database."""

import gzip
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from harness.advised import inventory_of, matched_with, packed, record
from harness.scans import scan_of
from pratique.advisories.fetch import OSV
from pratique.cli import bom
from pratique.cli.entry import main
from pratique.cli.reports.account import Target
from pratique.cli.reports.next_steps import next_steps
from pratique.core.advisory import Snapshot
from pratique.core.verdict import Verdict
from pratique.flows.archives import Taken, ecosystem_of
from pratique.policy import pack
from pratique.policy.decide import decide

NOW = datetime(2026, 11, 26, tzinfo=UTC)
ALL = {"introduced": "0"}
RATED = [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}]
KEV = b'{"catalogVersion": "1", "vulnerabilities": [{"cveID": "CVE-2099-1"}]}'


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PRATIQUE_DB", str(tmp_path / "db"))
    monkeypatch.setenv("PRATIQUE_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    rows = [
        record("GHSA-aaaa", "a", ALL, aliases=["CVE-2099-1"], severity=RATED, summary="Bad."),
        record("PYSEC-2099-7", "b", ALL, modified="2099-01-01T00:00:00Z"),
    ]
    packed(tmp_path / "all.zip", rows)
    return tmp_path


def update(*more: str) -> int:
    return main(["db", "update", "--from", "PyPI=all.zip", *more])


def test_an_update_tells_what_is_newest_and_that_it_is_old(
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert update() == 0
    said = capfd.readouterr()
    assert said.out.startswith("2 records (0 withdrawn, 0 refused, 0 that can never match)")
    assert "of 2 packages; newest 2026-01-01" in said.out
    assert "the newest advisory of the database is of 2026-01-01" in said.err
    assert "PYSEC-2099-7 says that it changes in the future" in said.err


def test_the_status_tells_age_ecosystems_and_sources(capfd: pytest.CaptureFixture[str]) -> None:
    assert update() == 0
    capfd.readouterr()
    assert main(["db", "status"]) == 0
    said = capfd.readouterr().out
    assert "(0 days ago)" in said
    assert "PyPI: 2 packages" in said
    assert "licence: not stated" in said
    assert "however lately it was taken in" in said
    assert main(["db", "status", "--json", "--max-age", "100000"]) == 0
    told = json.loads(capfd.readouterr().out)
    assert told["age_days"] == 0
    assert told["ecosystems"] == {"PyPI": 2}
    assert [says for says in told["warnings"] if "lately" in says] == []
    assert main(["db", "status", "--max-age", "0"]) == 3
    said = capfd.readouterr().out
    assert "0 days old; at most 0 are allowed" in said
    assert "policy" not in said


def test_records_that_never_match_are_counted_past_the_first(
    place: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    packed(place / "all.zip", [record(f"PYSEC-{n}", f"p{n}") for n in range(11)])
    assert update() == 0
    main(["db", "status"])
    assert "and 3 more" in capfd.readouterr().out


@pytest.mark.parametrize(
    ("name", "body", "says"),
    [
        ("kev.json", KEV, "belongs to --kev"),
        ("kev.json.gz", gzip.compress(KEV, mtime=0), "belongs to --kev"),
        ("epss.csv", b"#model_version:v1\ncve,epss\n", "belongs to --epss"),
        ("portal.zip", b"<html>", "is no whole zip archive"),
        ("cut.gz", gzip.compress(KEV, mtime=0)[:12], "is no whole zip archive"),
    ],
)
def test_what_is_no_archive_is_told_where_it_belongs(
    place: Path, name: str, body: bytes, says: str, capfd: pytest.CaptureFixture[str]
) -> None:
    (place / name).write_bytes(body)
    assert main(["db", "update", "--from", name]) == 1
    said = capfd.readouterr().err
    assert says in said
    assert "the old database stays in use" in said
    assert OSV in said
    assert "publisher" not in said


@pytest.mark.parametrize(
    ("option", "body", "says"),
    [
        ("--kev", b"{}", "no `vulnerabilities`, each with a `cveID`"),
        ("--kev", b"[]", "no `vulnerabilities`"),
        ("--epss", b"{}", "no EPSS table"),
        ("--epss", b"a,b\n1,2\n", "no columns `cve` and `epss`"),
        ("--epss", KEV, "no EPSS table"),
    ],
)
def test_what_is_no_catalogue_is_told_in_our_words(
    place: Path, option: str, body: bytes, says: str, capfd: pytest.CaptureFixture[str]
) -> None:
    (place / "x").write_bytes(body)
    assert update(option, "x") == 1
    said = capfd.readouterr().err
    assert says in said
    assert "Error(" not in said


def test_a_folder_and_an_ecosystem_that_nobody_knows(
    place: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (place / "model").mkdir()
    assert main(["db", "update", "--from", "PyPI=model"]) == 2
    assert "is a folder without an all.zip" in capfd.readouterr().err
    assert main(["db", "update", "--from", "pypi=all.zip"]) == 2
    assert "known here: PyPI, npm" in capfd.readouterr().err


def test_a_licence_is_ours_to_say_only_for_the_archive_of_osv(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Taken, "file", lambda *_: place / "all.zip")
    taken = Taken(place, "", print)
    assert taken.archive("PyPI", f"{OSV}/PyPI/all.zip", "").licence == "CC-BY-4.0"
    assert taken.archive("PyPI", "https://mirror.example/PyPI/all.zip", "").licence == "not stated"
    assert taken.archive("PyPI", "all.zip", "mine").licence == "mine"
    assert ecosystem_of("osv/npm/all.zip", "PyPI") == ("npm", "osv/npm/all.zip")


@pytest.mark.parametrize("name", ["CVE-2099-1", "cve-2099-1", "GHSA-aaaa"])
def test_a_vulnerability_is_explained_by_any_of_its_names(
    name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert update() == 0
    capfd.readouterr()
    assert main(["explain", name]) == 0
    said = capfd.readouterr().out
    assert "CVE-2099-1" in said
    assert "Bad." in said
    assert "critical (9.8 CVSS:3.1" in said


def test_a_vulnerability_of_loaders_is_explained_without_a_database(
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert main(["explain", "CVE-2025-1550"]) == 0
    said = capfd.readouterr().out
    assert "keras >=3.0.0 <3.8.0: critical" in said
    assert "VUL022" in said
    assert "of records nothing is known" in said
    assert main(["explain", "CVE-2098-1"]) == 2
    assert "pratique db update" in capfd.readouterr().err
    assert update() == 0
    assert main(["explain", "CVE-2098-1"]) == 2
    assert "no record in" in capfd.readouterr().err
    assert main(["explain", "nothing"]) == 2
    assert "no such rule; `pratique rules` lists them" in capfd.readouterr().err


def scanned(monkeypatch: pytest.MonkeyPatch, text: str, records: list[dict[str, Any]]) -> None:
    """Let scans of the command line find this text with these records in use."""
    matched = matched_with(inventory_of({"requirements.txt": text}), records)
    made = replace(scan_of(), matched=matched)
    monkeypatch.setattr("pratique.flows.scan.scan", lambda *_: made)


@pytest.mark.parametrize("form", list(bom.BomFormat))
def test_a_bill_without_a_database_says_so(
    form: bom.BomFormat,
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    (place / "m").mkdir()
    scanned(monkeypatch, "a==1\n", [])
    assert main(["bom", "m", "-f", form.value, "-o", "bom.json"]) == 3
    assert "there is no advisory database" in capfd.readouterr().err
    assert (place / "bom.json").exists() == (form is not bom.BomFormat.OPENVEX)
    scanned(monkeypatch, "", [])
    assert main(["bom", "m", "-f", form.value, "-o", "bom.json"]) == (3 if "vex" in form else 0)


def test_openvex_is_not_written_without_a_statement(
    place: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (place / "m").mkdir()
    scanned(monkeypatch, "a==1\n", [record("A-1", "other", ALL)])
    assert main(["bom", "m", "-f", "openvex", "-o", "vex.json"]) == 3
    assert "no OpenVEX document was written" in capfd.readouterr().err
    assert not (place / "vex.json").exists()
    assert main(["bom", "m", "-o", "bom.json"]) == 0


def test_the_next_step_names_the_folder_in_one_line() -> None:
    matched = matched_with(inventory_of({"requirements.txt": "a==1\n"}), [])
    hint = "run `pratique db update --db /x`; without a network, `...`"
    snapshot = Snapshot(trouble="there is no advisory database", hint=hint)
    scan = replace(scan_of(), matched=replace(matched, snapshot=snapshot))
    decision = decide(scan, pack.load("default"), now=NOW, fail_on_coverage=True)
    target = Target(scan, replace(decision, verdict=Verdict.INCOMPLETE))
    assert ("pratique db update --db /x", "takes advisories in") in next_steps(target)


def test_a_badge_takes_a_database_and_statements(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (place / "m").mkdir()
    (place / "vex.json").write_text('{"bomFormat": "CycloneDX", "vulnerabilities": []}')
    seen: list[Any] = []

    def made(*args: Any, **_: object) -> None:  # noqa: ANN401 - as they come
        seen.append(args[1])
        raise KeyboardInterrupt

    monkeypatch.setattr("pratique.cli.badging.make_badge", made)
    assert main(["badge", "m", "--db", "here", "--vex", "vex.json"]) == 130
    assert (seen[0].advisories, seen[0].vex) == (Path("here"), ())
    assert main(["badge", "m", "--vex", "none.json"]) == 2
