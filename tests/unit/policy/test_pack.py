import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.scans import scan_of
from pratique.core.errors import UsageError
from pratique.core.finding import Severity
from pratique.core.verdict import Verdict, Waiver
from pratique.policy import expressions, globs, pack, strict_yaml, waivers
from pratique.policy.document import EXAMPLE, document
from pratique.policy.expressions import Answer, ask, check

PACK = """
name: ours
version: 3
description: our own
threshold: high
require:
  - id: small
    expr: scan.bytes < 1000
    reason: too large
    otherwise: review
"""


def test_a_pack_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "ours.yaml"
    path.write_text(PACK)
    ours = pack.load(str(path))
    assert (ours.name, ours.version, ours.threshold) == ("ours", "3", Severity.HIGH)
    assert ours.require == (pack.Line("small", "scan.bytes < 1000", "too large", Verdict.REVIEW),)
    assert ours.digest == pack.parse(PACK.encode(), "again").digest


@pytest.mark.parametrize("name", pack.BUILT_IN)
def test_built_in_packs_are_in_shape(name: str) -> None:
    told = pack.load(name)
    assert told.name == name
    assert told.waivers == ()


def test_digests_follow_what_is_demanded_but_not_waivers() -> None:
    one = pack.parse(PACK.encode(), "x")
    two = pack.parse(PACK.replace("1000", "1001").encode(), "x")
    assert one.digest != two.digest
    assert one.with_waivers((Waiver(rule="A"),)).digest == one.digest


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("threshold: high", "threshold: huge", "none of info, low"),
        ("threshold: high", "", "'threshold' is missing"),
        ("version: 3", "version: [3]", "expected a text"),
        ("name: ours", "name: ours\nname: mine", "there twice"),
        ("name: ours", "nome: ours", "unknown key 'nome'"),
        ("name: ours", "name: &a ours", "anchors"),
        ("name: ours", "name: *a", "not read"),
        ("name: ours", "name: !!str ours", "tags are not read"),
        ("name: ours", "[a]: ours", "a key is one word"),
        ("name: ours", 'name: "o\\x07rs"', "printable"),
        ("name: ours", "name: [[[[[[[[[[[[[]]]]]]]]]]]]]", "nested deeper"),
        ("name: ours", "name: [", "not YAML"),
        ("otherwise: review", "otherwise: admit", "none of reject"),
        ("scan.bytes < 1000", "scan.bites < 1000", "cannot be evaluated"),
        ("scan.bytes < 1000", "scan.bytes <", "not a CEL expression"),
        ("scan.bytes < 1000", "scan.bytes", "gives a int"),
        ("scan.bytes < 1000", "1 <" + "1" * 1000, "printable text of at most"),
        ("    reason: too large\n", "", "'reason' is missing"),
        ("  - id: small", "  - id: small\n    who: me", "unknown key 'who'"),
        ("require:", "require:\n  - word", "expected keys and values"),
        ("require:", "require: yes\nwaivers:", "expected a list"),
    ],
)
def test_a_pack_out_of_shape_is_refused(old: str, new: str, says: str) -> None:
    body = PACK.replace(old, new)
    assert body != PACK
    with pytest.raises(UsageError) as caught:
        pack.parse(body.encode(), "ours.yaml")
    assert says in str(caught.value) or "not YAML" in str(caught.value)


@pytest.mark.parametrize(
    ("expr", "word", "nearest"),
    [
        ('!("MAL01" in findings.rules)', "MAL01", "MAL"),
        ("!('MALO01' in findings.rules)", "MALO01", "MAL"),
        ('!("mal001" in findings.rules)', "mal001", "MAL001"),
        ('!("template-sandbox-escape" in findings.rules)', "template-sandbox-escape", "BKD001"),
        ('findings.rules.all(r, r != "BKD0001")', "BKD0001", "BKD0"),
        ('["XYZ999"].all(r, !(r in findings.rules))', "XYZ999", ""),
        ('!("BKD01" in findings.rules) || findings.rules["BKD01"] < 2', "BKD01", "BKD0"),
        ("!has(findings.rules.BKD01)", "BKD01", "BKD0"),
    ],
)
def test_a_rule_that_there_is_not_is_refused(expr: str, word: str, nearest: str) -> None:
    quoted = expr.replace("'", "''")
    body = PACK.replace("scan.bytes < 1000", f"'{quoted}'")
    says = rf"ours\.yaml: require 1: small: no rule has the id '{word}'; the nearest is {nearest}"
    with pytest.raises(UsageError, match=says):
        pack.parse(body.encode(), "ours.yaml")


@pytest.mark.parametrize(
    "expr",
    [
        '!("MAL001" in findings.rules)',
        'findings.rules.all(r, r != "BKD001")',
        "!has(findings.rules.MAL001)",
        'formats.all(f, f != "XYZ12a") && findings.rules.size() == 0',
    ],
)
def test_a_rule_that_there_is_may_be_asked_for(expr: str) -> None:
    body = PACK.replace("scan.bytes < 1000", f"'{expr}'")
    assert pack.parse(body.encode(), "x").require[0].expr == expr


@pytest.mark.parametrize(
    ("glob", "fits", "not_these"),
    [
        ("*", ["a.bin", ""], ["sub/a.bin"]),
        ("**", ["a.bin", "", "a/b/c"], []),
        ("*.bin", ["a.bin", ".bin"], ["sub/a.bin", "a.bin/x"]),
        ("**/*.bin", ["a.bin", "sub/a.bin", "a/b/c.bin"], ["a.binx", "a.bin/x"]),
        ("sub/*", ["sub/a"], ["sub", "sub/a/b", "x/sub/a"]),
        ("sub/**", ["sub/a", "sub/a/b"], ["sub", "subs/a"]),
        ("a/**/b", ["a/b", "a/x/b", "a/x/y/b"], ["a", "b", "a/x", "x/a/b"]),
        ("a?c", ["abc"], ["a/c", "ac"]),
        ("a[!b]c", ["axc"], ["abc", "a/c"]),
        ("A", ["A"], ["a"]),
    ],
)
def test_globs_stop_at_folders(glob: str, fits: list[str], not_these: list[str]) -> None:
    assert all(globs.matches(path, glob) for path in fits)
    assert not any(globs.matches(path, glob) for path in not_these)


def test_a_hostile_path_is_matched_soon() -> None:
    path = "/".join(["-" * 200] * 200)
    assert not globs.matches(path, "**/*-*-*-*-*-*x/**/*-*-*-*-*x")


def test_a_pack_that_demands_nothing_is_refused() -> None:
    with pytest.raises(UsageError, match="admit everything"):
        pack.parse(PACK.partition("require:")[0].encode(), "x")


def test_two_lines_of_one_id_are_refused() -> None:
    line = PACK.partition("require:")[2]
    with pytest.raises(UsageError, match="same id"):
        pack.parse((PACK + line.lstrip("\n")).encode(), "x")


@pytest.mark.parametrize("body", [b"", b"\xff", b"x" * (strict_yaml.MAX_BYTES + 1), b"- a", b"a"])
def test_what_is_no_pack_is_refused(body: bytes) -> None:
    with pytest.raises(UsageError):
        pack.parse(body, "x")


def test_too_many_items_are_refused() -> None:
    with pytest.raises(UsageError, match="2 items; 1 is the most"):
        strict_yaml.sequence(["a", "b"], 1, "x")


def test_an_unknown_pack_names_the_known(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="default, lax, strict"):
        pack.load("defualt")
    with pytest.raises(UsageError, match="cannot be read"):
        pack.load(str(tmp_path))


def test_waivers_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "waivers.yaml"
    path.write_text(
        "waivers:\n  - rule: MAL001\n    path: '*.bin'\n    reason: known\n"
        "    approver: ana\n    expires: 2026-12-31\n  - fingerprint: abcd\n"
    )
    one, two = waivers.load(path)
    assert one.expires == date(2026, 12, 31)
    assert (two.fingerprint, two.path, two.expires) == ("abcd", "**", None)
    path.write_text("waivers:\n")
    assert waivers.load(path) == ()


@pytest.mark.parametrize(
    "line", ["expires: 31.12.2026", "until: 2026-12-31", "path: [a]", "rule: MAL01"]
)
def test_waivers_out_of_shape_are_refused(line: str, tmp_path: Path) -> None:
    path = tmp_path / "waivers.yaml"
    path.write_text(f"waivers:\n  - {line}\n")
    with pytest.raises(UsageError):
        waivers.load(path)


def test_an_unnamed_waiver_has_a_name_to_be_told_by() -> None:
    assert waivers.name(Waiver(path="")) == "(nothing) at (no path)"


@given(st.one_of(st.binary(max_size=300), st.text(max_size=300).map(lambda t: t.encode("utf-8"))))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_a_pack_or_refused(body: bytes) -> None:
    try:
        pack.parse(body, "fuzz")
    except UsageError:
        return


@given(st.integers(0, len(PACK)), st.text(alphabet="[]{}:-#&*!|>'\"% \n\ta1?,", max_size=8))
@settings(max_examples=200, deadline=None)
def test_a_damaged_pack_is_a_pack_or_refused(at: int, graft: str) -> None:
    try:
        pack.parse((PACK[:at] + graft + PACK[at:]).encode(), "fuzz")
    except UsageError:
        return


@given(st.text(alphabet="abx.()[]!-&|?:<>=+*'\"0123 \u20ac\x00", max_size=60))
@settings(max_examples=300, deadline=None)
def test_any_text_is_an_expression_or_refused(text: str) -> None:
    try:
        check(text)
    except UsageError:
        return
    assert isinstance(ask(text, {"a": 1, "b": [True], "x": {"a": "b"}}), Answer)


@pytest.mark.parametrize("text", ["(" * 30 + "1" + ")" * 30, "!" * 30 + "true", "1" * 1001])
def test_an_expression_too_deep_or_too_long_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="an expression"):
        check(text)


def test_an_expression_with_loops_in_loops_is_refused() -> None:
    with pytest.raises(UsageError, match="more than 4 loops"):
        check("[1].all(a, " * 5 + "true" + ")" * 5)


def test_an_expression_that_is_none_is_a_no() -> None:
    assert not ask("1 +", {}).held
    assert "not a CEL expression" in ask("1 +", {}).trouble


def test_an_interrupt_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    class Stops:
        def execute(self, _: object) -> object:
            raise KeyboardInterrupt

    monkeypatch.setattr(expressions, "_compiled", lambda _: Stops())
    with pytest.raises(KeyboardInterrupt):
        ask("true", {})


def shape(value: object) -> object:
    if isinstance(value, dict):
        return {key: shape(item) for key, item in value.items() if key not in ("stages", "rules")}
    return type(value)


def test_the_example_has_the_shape_of_the_document() -> None:
    told = document(scan_of(), (), Severity.MEDIUM, {"waived": 0, "known": 0})
    assert shape(told) == shape(EXAMPLE)


def alone(program: str) -> str:
    """Return what a program prints in an interpreter of its own."""
    env = {"PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=env
    ).stdout


def test_the_engine_comes_without_its_command_line() -> None:
    said = alone(
        "import sys; from pratique.policy.expressions import ask; print(ask('true', {}).held,"
        "'cel.cli' in sys.modules, 'prompt_toolkit' in sys.modules)"
    )
    assert said.split() == ["True", "False", "False"]


def test_the_engine_can_be_asked_from_many_threads_at_first() -> None:
    said = alone(
        "from threading import Thread; from pratique.policy.expressions import ask\n"
        "held = []\n"
        "threads = [Thread(target=lambda: held.append(ask('1 < 2', {}).held)) for _ in range(8)]\n"
        "[t.start() for t in threads]; [t.join() for t in threads]; print(held.count(True))"
    )
    assert said.strip() == "8"


SANDBOX = PACK.replace("require:", "sandbox:\n  tier: microvm\nrequire:")


def test_a_pack_may_name_the_weakest_sandbox() -> None:
    told = pack.parse(SANDBOX.encode(), "x")
    assert told.tier == "microvm"
    assert told.digest != pack.parse(PACK.encode(), "x").digest


@pytest.mark.parametrize(
    ("other", "says"),
    [
        ("  tier: paper", "'paper' is none of jail, gvisor, microvm"),
        ("  strength: jail", "unknown key 'strength'"),
        ("  tier: ''", "'tier' is missing"),
    ],
)
def test_a_sandbox_that_makes_no_sense_is_refused(other: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        pack.parse(SANDBOX.replace("  tier: microvm", other).encode(), "x")


AGED = PACK.replace("require:", "advisories:\n  max_age_days: 14\nrequire:")


def test_a_pack_may_say_how_old_advisories_may_be() -> None:
    told = pack.parse(AGED.encode(), "x")
    assert told.max_age_days == 14
    assert told.digest != pack.parse(PACK.encode(), "x").digest
    assert pack.parse(PACK.encode(), "x").max_age_days is None


@pytest.mark.parametrize("other", ["0", "-1", "soon", "3651", "''"])
def test_an_age_that_makes_no_sense_is_refused(other: str) -> None:
    with pytest.raises(UsageError, match="max_age_days"):
        pack.parse(AGED.replace("14", other).encode(), "x")
