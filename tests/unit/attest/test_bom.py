"""Bills of materials that the official validators accept, and what they say."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from io import BytesIO
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from spdx_python_model import v3_0_1 as spdx3

from harness.advised import inventory_of, matched_with, record
from pratique.advisories.vex import JUSTIFICATIONS, read
from pratique.attest.bom.cyclonedx import VERSIONS, cyclonedx
from pratique.attest.bom.openvex import openvex
from pratique.attest.bom.spdx3 import spdx
from pratique.attest.bom.text import LICENCES, MOST_FILES, vers
from pratique.core.advisory import Advisory, Matched, Silence
from pratique.core.component import Component, Dataset, Inventory, Relation, Sure, Unreadable
from pratique.core.finding import Digest, Severity
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
ODD = "\ud800\udcff\u202e\x00\x1b[31m<x>&\"'\\\n@?#/%zz é"


def matched() -> Matched:
    rows = [
        record("PYSEC-1", "a", {"introduced": "0"}, {"fixed": "2"}, aliases=["CVE-2099-1"],
               severity=RATED, summary="s"),
        record("PYSEC-2", "b", {"introduced": "0"}, {"fixed": "3"}),
        record("PYSEC-3", "transformers", {"introduced": "0"}),
    ]  # fmt: skip
    return matched_with(inventory_of(FILES), rows)


def silence(**more: str) -> Silence:
    told = {"status": "not_affected", "author": "x", "expires": "2027-01-01T00:00:00+00:00"}
    return Silence(**(told | {"document": "01" * 32, "impact": "y"} | more))


def silenced(words: Silence) -> Matched:
    told = matched()
    return replace(told, matches=tuple(replace(m, silenced=words) for m in told.matches))


def hostile() -> Matched:
    """Return what no reader should let through: the documents hold nonetheless."""
    told = matched()
    odd = [
        Component(
            ecosystem=ecosystem,
            name=ODD,
            version=ODD,
            spec=ODD,
            sure=Sure.EXACT,
            relation=relation,
            path=ODD,
            via=ODD,
            marker=ODD,
            url=ODD,
            line=7,
            digests=(ODD, "sha256:0"),
        )
        for ecosystem in ("", "PyPI", "npm", ODD)
        for relation in Relation
    ]
    inventory = Inventory(
        components=(*told.inventory.components, *odd),
        unreadable=(Unreadable(ODD, 1, ODD * 5_000),),
        lineage=(ODD, "l" * 9_000),
        datasets=(Dataset(ODD, ODD), Dataset("", "")),
        licences=(ODD, "x" * 9_000, "MIT OR Apache-2.0", "mit", "MIT"),
    )
    advisory = Advisory(
        id=ODD,
        summary=ODD * 5_000,
        severity=Severity.INFO,
        aliases=(ODD, ODD + "2"),
        vector="CVSS:3.0/" + ODD,
        exploited=True,
        likely=0.5,
        references=(ODD, "javascript:1", "http://[", "https://a.b:1/%zz", "https://a.b/c?d=%20#e"),
    )
    first, *rest = told.matches
    match = replace(first, advisory=0, why=ODD, fixed=(ODD,))
    others = [replace(m, advisory=m.advisory + 1) for m in rest]
    return replace(
        told,
        inventory=inventory,
        advisories=(advisory, *told.advisories),
        matches=(
            match,
            *others,
            replace(match, silenced=silence(status="fixed", author=ODD, impact=ODD)),
        ),
        unmatched=((0, ODD),),
    )


def scan(told: Matched | None, *paths: str) -> Scan:
    reports = tuple(
        FileReport(path, Digest(f"sha256:{n:064x}"), 1, Inspection())
        for n, path in enumerate(paths or FILES)
    )
    about = ("model", reports, Inspection(), JailReport(), "", "", "pratique 0.1")
    return replace(Scan(*about), matched=told)


def seen(what: str) -> Scan:
    if what == "hostile":
        odd = scan(hostile(), ODD[1:], "a\nb", "c" * 5_000, "\x01")
        unread = FileReport("unread", Digest(""), 0, Inspection())
        return replace(odd, files=(*odd.files, unread))
    return scan(
        {
            "whole": matched(),
            "quiet": silenced(silence()),
            "bare": None,
        }[what]
    )


KINDS = ["whole", "quiet", "hostile", "bare"]


def strict(version: str) -> JsonStrictValidator:
    return JsonStrictValidator({"1.6": SchemaVersion.V1_6, "1.7": SchemaVersion.V1_7}[version])


def properties(told: dict[str, Any]) -> dict[str, str]:
    return {p["name"].removeprefix("pratique:"): p["value"] for p in told.get("properties", ())}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("what", KINDS)
def test_cyclonedx_is_what_its_schema_says(version: str, what: str) -> None:
    told = cyclonedx(seen(what), f"n{ODD}", NOW, "0.1", version)
    json.dumps(told, ensure_ascii=False).encode()
    error = strict(version).validate_str(json.dumps(told))
    assert error is None, str(error)[:500]
    refs = [c["bom-ref"] for c in told["components"]]
    assert len(set(refs)) == len(refs)
    needed = {one for row in told["dependencies"] for one in row["dependsOn"]}
    affected = {a["ref"] for v in told.get("vulnerabilities", ()) for a in v["affects"]}
    assert needed | affected <= set(refs)


def test_the_validator_would_tell_what_is_wrong() -> None:
    told = cyclonedx(seen("whole"), "m", NOW, "0.1")
    told["vulnerabilities"][0]["analysis"]["state"] = "fine"
    assert strict("1.6").validate_str(json.dumps(told)) is not None


def test_cyclonedx_says_what_was_found() -> None:
    told = cyclonedx(seen("whole"), "m", NOW, "0.1")
    model = told["metadata"]["component"]
    assert model["licenses"] == [
        {"license": {"id": "Apache-2.0", "acknowledgement": "declared"}},
        {"license": {"name": "my-own", "acknowledgement": "declared"}},
    ]
    assert model["pedigree"]["ancestors"][0]["name"] == "base/one"
    assert len(model["modelCard"]["modelParameters"]["datasets"]) == 2
    assert told["compositions"][0]["aggregate"] == "incomplete"
    kinds = [c["type"] for c in told["components"]]
    assert kinds.count("file") == len(FILES)
    assert kinds.count("data") == 2
    [a] = [c for c in told["components"] if c["name"] == "a" and c.get("version") == "1"]
    assert a["purl"] == "pkg:pypi/a@1"
    assert a["hashes"] == [{"alg": "SHA-256", "content": "0" * 64}]
    assert {o["location"] for o in a["evidence"]["occurrences"]} == {
        "requirements.txt",
        "deep/requirements.txt",
    }


def test_cyclonedx_says_what_advisories_mean() -> None:
    told = cyclonedx(seen("whole"), "m", NOW, "0.1")
    by_name = {v["id"]: v for v in told["vulnerabilities"]}
    states = {name: v["analysis"]["state"] for name, v in by_name.items()}
    assert states == {"CVE-2099-1": "exploitable", "PYSEC-2": "in_triage", "PYSEC-3": "exploitable"}
    rated = by_name["CVE-2099-1"]
    assert (rated["ratings"][0]["score"], rated["ratings"][0]["method"]) == (7.3, "CVSSv4")
    assert rated["recommendation"] == "mended in 2"
    assert rated["analysis"]["response"] == ["update"]
    assert "assumption" in by_name["PYSEC-3"]["ratings"][0]["justification"]
    for word, state in (("not_affected", "not_affected"), ("fixed", "resolved")):
        said = scan(silenced(silence(status=word)))
        quiet = cyclonedx(said, "m", NOW, "0.1")["vulnerabilities"]
        assert {v["analysis"]["state"] for v in quiet} == {state}
        assert {v["analysis"]["detail"] for v in quiet} == {"y"}


def test_hostile_references_are_told_and_links_are_links() -> None:
    told = cyclonedx(seen("hostile"), "m", NOW, "0.1")["vulnerabilities"]
    row = next(v for v in told if "advisories" in v)
    assert row["advisories"] == [{"url": "https://a.b/c?d=%20#e"}]
    odd = [p["value"] for p in row["properties"] if p["name"] == "pratique:reference"]
    assert len(odd) == 4
    assert properties(row)["exploited"] == "true"
    assert properties(row)["epss"] == "0.50000"


def test_the_same_scan_is_the_same_document_and_another_has_another_serial_number() -> None:
    first = cyclonedx(seen("whole"), "m", NOW, "0.1")
    again = cyclonedx(seen("whole"), "m", NOW + timedelta(days=1), "0.1")
    assert first["serialNumber"] == again["serialNumber"]
    assert first["metadata"].pop("timestamp") != again["metadata"].pop("timestamp")
    assert first == again
    assert cyclonedx(seen("quiet"), "m", NOW, "0.1")["serialNumber"] != first["serialNumber"]


def test_what_is_missing_is_said() -> None:
    told = properties(cyclonedx(seen("bare"), "m", NOW, "0.1")["metadata"])
    assert told["inventory"] == "none was made"
    no_data = scan(matched_with(inventory_of(FILES), []))
    told = properties(cyclonedx(no_data, "m", NOW, "0.1")["metadata"])
    assert told["advisories-trouble"] == "there is no advisory database"
    assert told["entries-not-understood"] == "1"
    assert "requirements.txt:4" in told["entry-not-understood"]
    told = properties(cyclonedx(seen("whole"), "m", NOW, "0.1")["metadata"])
    assert told["advisories-digest"]
    assert "advisories-trouble" not in told


def test_files_past_the_bound_are_counted() -> None:
    many = scan(None, *(f"f{n}" for n in range(MOST_FILES + 3)))
    told = cyclonedx(many, "m", NOW, "0.1")
    assert len(told["components"]) == MOST_FILES
    assert properties(told["metadata"])["files-not-listed"] == "3"
    assert told["compositions"][0]["aggregate"] == "incomplete"
    graph = spdx(many, "m", NOW, "0.1")["@graph"]
    [contains] = [e for e in graph if e.get("relationshipType") == "contains"]
    assert len(contains["to"]) == MOST_FILES
    assert contains["completeness"] == "incomplete"
    assert "files-not-listed: 3" in graph[-1]["comment"]


def test_an_open_version_is_a_range_in_the_words_of_1_7() -> None:
    rows = {
        version: {
            c["name"]: c for c in cyclonedx(seen("whole"), "m", NOW, "0.1", version)["components"]
        }
        for version in VERSIONS
    }
    assert "versionRange" not in rows["1.6"]["b"]
    assert rows["1.7"]["b"]["versionRange"] == "vers:pypi/>=2"
    assert rows["1.7"]["b"]["isExternal"]
    assert "versionRange" not in rows["1.7"]["a"]
    assert properties(rows["1.6"]["b"])["spec"] == ">=2"


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ("<2,>=1.20", "vers:pypi/>=1.20|<2"),
        ("!=2.0+cu1,>1,<=3", "vers:pypi/>1|!=2.0%2Bcu1|<=3"),
        ("~=1.4", ""),
        ("==1.*", ""),
        (">=1,<1", ""),
        ("===x", ""),
        ("", ""),
        ("rubbish", ""),
    ],
)
def test_a_range_is_said_whole_or_not_at_all(spec: str, told: str) -> None:
    assert vers(spec) == told


def test_licence_names_are_those_of_spdx() -> None:
    text = (files("cyclonedx.schema") / "_res" / "spdx.SNAPSHOT.schema.json").read_text()
    assert set(LICENCES.values()) <= set(json.loads(text)["enum"])
    assert LICENCES["gpl-3.0"] == "GPL-3.0-only"


def graph_of(what: str) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = spdx(seen(what), f"m{ODD}", NOW, "0.1")["@graph"]
    return told


def taken(graph: list[dict[str, Any]]) -> Any:  # noqa: ANN401 - the binding has no types
    """Read and write with the official binding: it wants every required property, and no other."""
    body = json.dumps(
        {"@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld", "@graph": graph},
        ensure_ascii=False,
    ).encode()
    objects: Any = spdx3.SHACLObjectSet()
    spdx3.JSONLDDeserializer().read(BytesIO(body), objects)
    spdx3.JSONLDSerializer().write(objects, BytesIO())
    return objects


def targets(row: dict[str, Any]) -> Iterator[str]:
    for key in ("from", "to", "rootElement", "element", "createdBy", "createdUsing"):
        value = row.get(key, ())
        yield from [value] if isinstance(value, str) else value
    for entry in row.get("simplelicensing_customIdToUri", ()):
        yield entry["value"]


@pytest.mark.parametrize("what", KINDS)
def test_spdx_is_taken_by_the_official_binding(what: str) -> None:
    graph = graph_of(what)
    objects = taken(graph)
    kinds = [type(one).__name__ for one in objects.foreach()]
    assert "SpdxDocument" in kinds
    assert not objects.missing_ids
    ids = [row["spdxId"] for row in graph if "spdxId" in row]
    assert len(set(ids)) == len(ids)
    assert {aim for row in graph for aim in targets(row)} <= set(ids)
    assert graph == graph_of(what)


@pytest.mark.parametrize(
    ("kind", "lost"),
    [
        ("dataset_DatasetPackage", "dataset_datasetType"),
        ("security_CvssV4VulnAssessmentRelationship", "security_score"),
        ("security_VexAffectedVulnAssessmentRelationship", "security_actionStatement"),
    ],
)
def test_the_binding_would_tell_what_is_missing(kind: str, lost: str) -> None:
    graph = graph_of("whole")
    for row in graph:
        if row["type"] == kind:
            del row[lost]
    with pytest.raises(ValueError, match=lost.rpartition("_")[2]):
        taken(graph)


def test_spdx_says_what_was_found() -> None:
    graph = graph_of("whole")
    kinds = [row["type"] for row in graph]
    assert kinds.count("dataset_DatasetPackage") == 2
    assert kinds.count("software_File") == len(FILES)
    assert kinds.count("security_Vulnerability") == 3
    by_relation = {row["relationshipType"]: row for row in graph if "relationshipType" in row}
    assert set(by_relation) == {
        "contains", "dependsOn", "trainedOn", "descendantOf", "hasDeclaredLicense", "affects",
        "underInvestigationFor", "hasAssessmentFor",
    }  # fmt: skip
    assert by_relation["dependsOn"]["completeness"] == "incomplete"
    [a] = [row for row in graph if row.get("software_packageUrl") == "pkg:pypi/a@1"]
    assert "deep/requirements.txt:1" in a["comment"]
    assert "requirements: requirements.txt:1" in a["comment"]
    own = [row for row in graph if row["type"] == "simplelicensing_SimpleLicensingText"]
    assert [row["simplelicensing_licenseText"] for row in own] == ["my-own"]
    quiet = {row.get("relationshipType") for row in graph_of("quiet")}
    assert "doesNotAffect" in quiet
    assert "affects" not in quiet


def test_spdx_claims_no_profile_whose_facts_a_scan_cannot_know() -> None:
    assert graph_of("whole")[-1]["profileConformance"] == [
        "core", "software", "simpleLicensing", "security"
    ]  # fmt: skip
    assert graph_of("bare")[-1]["profileConformance"] == ["core", "software", "simpleLicensing"]


def test_what_is_written_as_vex_is_read_back_and_silences_nothing_by_itself() -> None:
    whole = seen("whole")
    told = read(json.dumps(openvex(whole, NOW, "0.1")).encode())
    assert sorted(one.status for one in told) == [
        "affected",
        "affected",
        "under_investigation",
    ]
    root = whole.root().removeprefix("sha256:")
    assert all(one.artifacts == {root} for one in told)
    assert all(one.trouble(root, NOW) for one in told)


def test_what_silenced_a_match_is_passed_on_with_its_label_and_its_end() -> None:
    label = "vulnerable_code_not_present"
    for said in (
        silence(justification=label),
        silence(impact="as it is: component_not_present (VEX 0"),
        silence(status="fixed", justification=label),
    ):
        document = openvex(scan(silenced(said)), NOW, "0.1")
        because = "" if said.status == "fixed" else said.justification
        told = read(json.dumps(document).encode())
        assert {(one.status, one.justification) for one in told} == {(said.status, because)}
        assert {one.expires.isoformat() for one in told if one.expires} == {said.expires}
        assert all(one.expires for one in told)
        if said.status == "not_affected":
            keys = {"justification", "impact_statement"}
            assert all(len(keys & row.keys()) == 1 for row in document["statements"])


@pytest.mark.parametrize("label", sorted(JUSTIFICATIONS))
def test_cyclonedx_passes_on_the_label_and_the_end_of_what_silenced(label: str) -> None:
    said = silence(justification=label)
    told = read(json.dumps(cyclonedx(scan(silenced(said)), "m", NOW, "0.1")).encode())
    assert {(one.status, one.justification, one.impact) for one in told} == {
        ("not_affected", label, "y")
    }
    assert all(one.expires and one.expires.isoformat() == said.expires for one in told)


def test_two_files_that_name_one_component_make_one_statement() -> None:
    told = matched()
    twice = replace(told, matches=(*told.matches, *told.matches))
    rows = openvex(scan(twice), NOW, "0.1")["statements"]
    assert rows == openvex(scan(told), NOW, "0.1")["statements"]


def test_another_openvex_document_has_another_name() -> None:
    first = openvex(seen("whole"), NOW, "0.1")
    assert first["@id"] == openvex(seen("whole"), NOW + timedelta(days=1), "0.1")["@id"]
    assert first["@id"] != openvex(seen("quiet"), NOW, "0.1")["@id"]
