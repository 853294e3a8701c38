"""Bills of materials that the official validators accept, whatever names a package holds."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from spdx_python_model import v3_0_1 as spdx3

from harness.advised import inventory_of, matched_with, record
from pratique.advisories.vex import read
from pratique.attest.bom.cyclonedx import VERSIONS, cyclonedx
from pratique.attest.bom.openvex import openvex
from pratique.attest.bom.spdx3 import spdx
from pratique.core.advisory import Matched
from pratique.core.finding import Digest
from pratique.core.jail import JailReport
from pratique.core.scan import FileReport, Inspection, Scan

NOW = datetime(2026, 11, 26, tzinfo=UTC)
RATED = [
    {"type": "CVSS_V4", "score": "CVSS:4.0/AV:L/AC:L/AT:P/PR:L/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N"}
]
FILES = {
    "requirements.txt": "a==1 --hash=sha256:" + "0" * 64 + "\nb>=2\nc\nx ==== 1\n",
    "deep/requirements.txt": "a==1\n",
    "README.md": "---\nlicense: [apache-2.0, my-own]\nbase_model: base/one\n"
    "datasets: [d1, d1, d2]\n---\n",
    "config.json": json.dumps({"model_type": "x", "transformers_version": "4.1"}),
    "Dockerfile": "FROM python:3.11\n",
}


def matched() -> Matched:
    rows = [
        record("PYSEC-1", "a", {"introduced": "0"}, {"fixed": "2"}, aliases=["CVE-2099-1"],
               severity=RATED, summary="s"),
        record("PYSEC-2", "b", {"introduced": "0"}, {"fixed": "3"}),
        record("PYSEC-3", "transformers", {"introduced": "0"}),
    ]  # fmt: skip
    return matched_with(inventory_of(FILES), rows)


def scan(told: Matched | None, *paths: str) -> Scan:
    files = tuple(
        FileReport(path, Digest(f"sha256:{n:064x}"), 1, Inspection())
        for n, path in enumerate(paths or FILES)
    )
    about = ("model", files, Inspection(), JailReport(), "", "", "pratique 0.1")
    return replace(Scan(*about), matched=told)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("what", ["whole", "hostile", "bare"])
def test_cyclonedx_is_what_its_schema_says(version: str, what: str) -> None:
    seen = {
        "whole": scan(matched()),
        "hostile": scan(matched(), "\udcff\u202e<x>&\"'\\", "a\nb", "c" * 5000, "\x01"),
        "bare": scan(None),
    }[what]
    told = cyclonedx(seen, "n\udcff", NOW, "0.1", version)
    schema = {"1.6": SchemaVersion.V1_6, "1.7": SchemaVersion.V1_7}[version]
    error = JsonStrictValidator(schema).validate_str(json.dumps(told))
    assert error is None, str(error)[:500]


def test_cyclonedx_says_what_was_found() -> None:
    told = cyclonedx(scan(matched()), "m", NOW, "0.1")
    assert told == cyclonedx(scan(matched()), "m", NOW, "0.1")
    model = told["metadata"]["component"]
    assert model["licenses"] == [{"license": {"id": "Apache-2.0"}}, {"license": {"name": "my-own"}}]
    assert model["pedigree"]["ancestors"][0]["name"] == "base/one"
    assert told["compositions"][0]["aggregate"] == "incomplete"
    kinds = [c["type"] for c in told["components"]]
    assert kinds.count("file") == len(FILES)
    assert kinds.count("data") == 2
    a = next(
        c for c in told["components"] if (c["name"] == "a" and "hashes" in c) or c["name"] == "a"
    )
    assert a["purl"] == "pkg:pypi/a@1"
    assert {o["location"] for o in a["evidence"]["occurrences"]} == {
        "requirements.txt",
        "deep/requirements.txt",
    }
    states = {v["id"]: v["analysis"]["state"] for v in told["vulnerabilities"]}
    assert states == {"CVE-2099-1": "exploitable", "PYSEC-2": "in_triage", "PYSEC-3": "exploitable"}
    rating = next(v for v in told["vulnerabilities"] if v["id"] == "CVE-2099-1")["ratings"][0]
    assert (rating["score"], rating["method"]) == (7.3, "CVSSv4")


@pytest.mark.parametrize("what", ["whole", "hostile", "bare"])
def test_spdx_is_read_by_the_official_binding(what: str) -> None:
    seen = {
        "whole": scan(matched()),
        "hostile": scan(matched(), "\udcff\u202e", "a\nb"),
        "bare": scan(None),
    }[what]
    body = json.dumps(spdx(seen, "m\udcff", NOW, "0.1")).encode()
    objects: Any = spdx3.SHACLObjectSet()
    spdx3.JSONLDDeserializer().read(BytesIO(body), objects)
    kinds = [type(one).__name__ for one in objects.foreach()]
    assert kinds.count("ai_AIPackage") == 1
    assert "SpdxDocument" in kinds
    if what == "whole":
        assert kinds.count("dataset_DatasetPackage") == 2
        assert kinds.count("Relationship") >= 4
    assert not objects.missing_ids


def test_what_is_written_as_vex_is_read_back_and_silences_nothing_by_itself() -> None:
    seen = scan(matched())
    told = read(json.dumps(openvex(seen, NOW, "0.1")).encode())
    assert sorted(one.status for one in told) == [
        "affected",
        "affected",
        "affected",
        "under_investigation",
    ]
    root = seen.root().removeprefix("sha256:")
    assert all(one.artifacts == {root} for one in told)
    assert all(one.trouble(root, NOW) for one in told)
