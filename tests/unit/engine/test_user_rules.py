"""The user's own rules: compiled before anything is read, searched in the locked worker."""

import zipfile
from pathlib import Path

import pytest

from harness.inspecting import inspect_ruled
from pratique.artifacts.blob import MemoryBlob
from pratique.artifacts.measures import user_rules
from pratique.artifacts.measures.user_rules import Source, UserRules, packed, unpacked
from pratique.core.errors import UsageError
from pratique.core.receipt import Coverage
from pratique.core.scan import Scan
from pratique.flows.asked import Asked
from pratique.flows.scan import scan
from pratique.flows.user_rules import given
from pratique.flows.user_rules import user_rules as read

CANARY = 'rule canary { strings: $a = "pratique-canary" condition: $a }'


def of(folder: Path, rules: bytes, cache: Path | None = None) -> Scan:
    from pratique.artifacts.sources.opening import open_source  # noqa: PLC0415 - as scans do

    return scan(open_source(str(folder), None), Asked(rules=rules, cache=cache))


def test_every_broken_file_is_named_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "a.yar").write_text("rule x { condition: nothing_such }")
    (tmp_path / "deep" / "b.YARA").write_text("\n\nrule")
    (tmp_path / "c.yar").write_text(CANARY)
    with pytest.raises(UsageError, match=r"a\.yar line 1 column 21: unknown identifier") as e:
        read([tmp_path])
    assert "deep/b.YARA line 3" in str(e.value)
    assert "c.yar" not in str(e.value)


@pytest.mark.parametrize(
    ("name", "body", "says"),
    [
        ("a.txt", b"rule", "no file there ends with"),
        ("a.yar", b"\xff\xfe", "is not UTF-8"),
        ("a.yar", b'include "/etc/passwd"', "include"),
        ("a.yar", b"rule a { condition: outside == 1 }", "unknown identifier"),
    ],
)
def test_what_is_no_rule_is_refused(tmp_path: Path, name: str, body: bytes, says: str) -> None:
    (tmp_path / name).write_bytes(body)
    with pytest.raises(UsageError, match=says):
        read([tmp_path])


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file or folder"):
        given([tmp_path / "none"])
    assert given(None) == b""


def test_files_may_use_the_same_names_and_any_order() -> None:
    sources = [Source("b", CANARY), Source("a", CANARY)]
    assert packed(sources) == packed(sources[::-1])
    assert sorted(one.name for one in unpacked(packed(sources))) == ["a", "b"]
    found = UserRules(packed(sources)).search(MemoryBlob(b"pratique-canary"))
    assert sorted(match.file for match in found.matches) == ["a", "b"]


def test_a_large_subject_is_searched_in_pieces_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(user_rules, "MOST_WHOLE", 1000)
    monkeypatch.setattr(user_rules, "OVERLAP", 100)
    body = bytes(995) + b"pratique-canary" + bytes(3000)
    found = UserRules(packed([Source("a", CANARY)])).search(MemoryBlob(body))
    assert [(one.at, one.length) for one in found.matches] == [(995, 15)]
    assert "pieces" in found.partial


def test_more_matches_than_are_told_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(user_rules, "MAX_MATCHES", 2)
    rules = "\n".join(CANARY.replace("canary {", f"c{n} {{") for n in range(5))
    found = UserRules(packed([Source("a", rules)])).search(MemoryBlob(b"pratique-canary"))
    assert len(found.matches) == 2
    assert found.partial


def test_an_odd_severity_is_high() -> None:
    rules = CANARY.replace("{ strings", '{ meta: severity = "grave" strings')
    (finding,) = inspect_ruled({"rules": rules, "text": "pratique-canary"}).findings
    assert finding.severity.name == "HIGH"


def test_a_scan_finds_them_in_members_and_names_the_rules_in_receipts(tmp_path: Path) -> None:
    model = tmp_path / "model"
    model.mkdir()
    with zipfile.ZipFile(model / "a.zip", "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr("inside.bin", bytes(100) + b"pratique-canary" + bytes(100))
    rules = packed([Source("own.yar", CANARY)])
    told = of(model, rules, tmp_path / "cache")
    found = [f for _, f in told.findings() if f.rule == "MAL190"]
    assert [(f.at.chain, f.at.start) for f in found] == [(("inside.bin",), 100)]
    receipts = [r for _, r in told.receipts() if r.rule == "MAL190"]
    assert receipts
    assert all(r.coverage is Coverage.FULL for r in receipts)
    name = f"user-rules@{user_rules.digest(rules)[:16]}"
    assert all(name in r.readers for r in receipts)


def test_other_rules_are_another_result_and_none_leave_no_receipt(tmp_path: Path) -> None:
    model, cache = tmp_path / "model", tmp_path / "cache"
    model.mkdir()
    (model / "a.txt").write_text("pratique-canary")
    rules = packed([Source("own.yar", CANARY)])
    assert any(f.rule == "MAL190" for _, f in of(model, rules, cache).findings())
    again = of(model, rules, cache)
    assert all(file.cached for file in again.files)
    assert any(f.rule == "MAL190" for _, f in again.findings())
    without = of(model, b"", cache)
    assert not any(r.rule == "MAL190" for _, r in without.receipts())
    other = packed([Source("own.yar", CANARY.replace('canary"', 'finch"'))])
    assert not any(f.rule == "MAL190" for _, f in of(model, other, cache).findings())
