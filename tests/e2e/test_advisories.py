"""The whole way: an archive, a scan, a statement, newer advisories; and a machine without any."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from harness.advised import packed, record
from pratique.cli.entry import main

RATED = {"severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}]}
OLD = record("PYSEC-2099-1", "example-loader", {"introduced": "0"}, {"fixed": "2"}, **RATED)
NEW = record("PYSEC-2099-2", "example-tool", {"introduced": "0"}, aliases=["CVE-2099-2"])
Scan = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "requirements.txt").write_text("example-loader==1.0\nexample-tool==3\n")
    return folder


@pytest.fixture
def scan(tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch) -> Scan:
    monkeypatch.setenv("PRATIQUE_DB", str(tmp_path / "db"))
    monkeypatch.setenv("PRATIQUE_CACHE", str(tmp_path / "cache"))

    def run(*more: str) -> tuple[int, dict[str, Any]]:
        out = tmp_path / "report.json"
        code = main(["scan", str(model), "-f", "json", "-o", str(out), *more])
        return code, json.loads(out.read_text())["targets"][0]

    return run


def update(tmp_path: Path, *records: dict[str, Any]) -> int:
    return main(["db", "update", "--from", f"PyPI={packed(tmp_path / 'all.zip', records)}"])


def test_without_a_database_it_is_incomplete_and_says_what_mends_it(
    scan: Scan, capfd: pytest.CaptureFixture[str]
) -> None:
    code, told = scan()
    assert code == 3
    assert told["verdict"] == "incomplete"
    (stage,) = (s for s in told["stages"] if s["stage"] == "vulnerabilities")
    assert stage["status"] == "incomplete"
    assert any("pratique db update" in gap["why"] for gap in told["not_examined"])
    assert "pratique db update" in capfd.readouterr().err
    assert main(["db", "status"]) == 3


def test_a_package_that_names_nothing_needs_no_database(scan: Scan, model: Path) -> None:
    (model / "requirements.txt").write_text("# nothing\n")
    code, told = scan()
    assert (code, told["verdict"]) == (0, "admit")


def test_found_silenced_until_its_day_and_found_again(
    scan: Scan, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert update(tmp_path, OLD) == 0
    code, told = scan()
    assert (code, told["verdict"]) == (1, "review")
    assert [f["severity"] for f in told["findings"]] == ["critical"]
    product = {"@id": f"pkg:generic/model?checksum={told['digest']}"}
    said = {
        "@context": "https://openvex.dev/ns/v0.2.0",
        "author": "security@example.org",
        "timestamp": "2026-01-01T00:00:00Z",
        "statements": [
            {
                "vulnerability": {"name": "PYSEC-2099-1"},
                "products": [product],
                "status": "not_affected",
                "justification": "vulnerable_code_not_in_execute_path",
                "expires": f"{datetime.now(UTC) + timedelta(days=30):%Y-%m-%d}",
            }
        ],
    }
    vex = tmp_path / "vex.json"
    vex.write_text(json.dumps(said))
    code, told = scan("--vex", str(vex))
    assert (code, told["verdict"]) == (0, "admit")
    assert [f["severity"] for f in told["findings"]] == ["info"]
    said["statements"][0]["expires"] = "2026-02-01"  # type: ignore[index]
    vex.write_text(json.dumps(said))
    capfd.readouterr()
    code, told = scan("--vex", str(vex))
    assert (code, told["verdict"]) == (1, "review")
    assert "expired on 2026-02-01" in capfd.readouterr().err


def test_newer_advisories_judge_again_what_nobody_reads_again(
    scan: Scan, model: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert update(tmp_path, OLD) == 0
    scan()
    (model / "requirements.txt").unlink()
    assert update(tmp_path, OLD, NEW) == 0
    capfd.readouterr()
    assert main(["db", "rematch", "--json"]) == 0
    told = json.loads(capfd.readouterr().out)
    assert told["models"] == 1
    (change,) = told["changed"]
    (new,) = change["new"]
    assert new == {
        "component": "pkg:pypi/example-tool@3",
        "advisory": "CVE-2099-2",
        "state": "affected",
        "severity": "medium",
        "exploited": False,
        "mended_in": [],
    }
    assert (change["changed"], change["gone"], told["unread"]) == ([], [], [])
    assert main(["db", "rematch"]) == 0
    assert "1 model matched, 0 changed" in capfd.readouterr().out


def test_what_is_not_shown_is_counted_by_severity(
    scan: Scan, model: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    low = [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:L/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N"}]
    rows = [record(f"PYSEC-2098-{n}", "example-loader", {"introduced": "0"}) for n in range(3)]
    rows.append(record("PYSEC-2098-9", "example-loader", {"introduced": "0"}, severity=low))
    assert update(model.parent, OLD, *rows) == 0
    assert main(["scan", str(model)]) == 1
    said = capfd.readouterr().out
    assert "… and 4 more of this rule in this file: 3 medium · 1 low" in said
    assert scan is not None


def test_a_scan_without_a_database_erases_nothing_that_rematch_compares_with(
    scan: Scan, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert update(tmp_path, OLD) == 0
    scan()
    assert scan("--db", str(tmp_path / "none"))[0] == 3
    capfd.readouterr()
    assert main(["db", "rematch"]) == 0
    assert "1 model matched, 0 changed" in capfd.readouterr().out


def test_a_waiver_written_from_the_report_lets_a_vulnerability_pass(
    scan: Scan, tmp_path: Path
) -> None:
    assert update(tmp_path, OLD) == 0
    _, told = scan()
    (found,) = told["findings"]
    waivers = tmp_path / "waivers.yaml"
    day = f"{datetime.now(UTC) + timedelta(days=30):%Y-%m-%d}"
    waivers.write_text(
        f"waivers:\n  - fingerprint: {found['fingerprint']}\n    path: {found['path']}\n"
        f"    reason: not loaded\n    approver: ana\n    expires: {day}\n"
    )
    code, told = scan("--waivers", str(waivers))
    assert (code, told["verdict"]) == (0, "admit")
    (model := tmp_path / "model" / "requirements.txt").write_text("nothing==1\n")
    assert model.exists()
    _, told = scan("--waivers", str(waivers))
    assert "matches no finding here" in told["decision"]["ignored_waivers"][0]


def test_an_archive_that_is_none_leaves_the_old_one(
    scan: Scan, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert update(tmp_path, OLD) == 0
    (tmp_path / "portal.zip").write_text("<html>please log in</html>")
    assert main(["db", "update", "--from", str(tmp_path / "portal.zip")]) == 1
    assert "no whole zip archive" in capfd.readouterr().err
    assert scan()[0] == 1


@pytest.mark.parametrize("form", ["cyclonedx-1.6", "cyclonedx-1.7", "spdx-3", "openvex"])
def test_a_bill_of_materials(scan: Scan, model: Path, tmp_path: Path, form: str) -> None:
    assert scan is not None
    assert update(tmp_path, OLD) == 0
    out = tmp_path / "bom.json"
    assert main(["bom", str(model), "-f", form, "-o", str(out)]) == 0
    assert "example-loader" in out.read_text()


def test_a_configuration_that_hits_its_loader_is_told_by_a_locked_worker(
    scan: Scan, model: Path
) -> None:
    (model / "requirements.txt").write_text("transformers==4.50.0\n")
    (model / "config.json").write_text(
        json.dumps({"model_type": "llama", "_attn_implementation_internal": "somebody/kernels"})
    )
    _, told = scan()
    (found,) = (f for f in told["findings"] if f["rule"] == "VUL020")
    assert found["evidence"]["own_pins"] == "transformers==4.50.0 in requirements.txt is hit"
    assert "transformers <5.3.0" in found["says"]


def test_halves_of_characters_deny_nobody_the_report(
    scan: Scan, model: Path, tmp_path: Path
) -> None:
    odd = '"a\\ud800b"'
    (model / "config.json").write_text(
        f'{{"model_type": "x", "transformers_version": {odd}, "base_model_name_or_path": {odd}}}'
    )
    (model / "README.md").write_text("---\nlicense: other\n---\n")
    assert update(tmp_path, OLD, record("A-1", "transformers", {"introduced": "0"})) == 0
    _, told = scan()
    assert any(c["name"] == "transformers" for c in told["components"]["components"])
    for form in ("cyclonedx-1.6", "cyclonedx-1.7", "spdx-3", "openvex"):
        out = tmp_path / "bom.json"
        assert main(["bom", str(model), "-f", form, "-o", str(out)]) == 0
        json.loads(out.read_text()).__repr__().encode("utf-8", "strict")
