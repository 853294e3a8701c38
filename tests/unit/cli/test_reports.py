"""Snapshots: `PRATIQUE_SNAPSHOTS=write pytest tests/unit/cli` writes them; read the diff."""

import io
import json
import os
import re
import unicodedata
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from rich.console import Console

from harness import accounts
from pratique.cli.reports.account import Account, Target
from pratique.cli.reports.as_json import write_json
from pratique.cli.reports.as_markdown import write_markdown
from pratique.cli.reports.as_sarif import document, uri, write_sarif
from pratique.cli.reports.next_steps import next_steps
from pratique.cli.reports.schema import schema
from pratique.cli.reports.text import write_text
from pratique.core.errors import LimitExceededError
from pratique.core.finding import Span
from pratique.core.jail import JailReport
from pratique.core.scan import Inspection, Scan, fingerprint

SNAPSHOTS = Path(__file__).parent / "snapshots"
DATA = Path(__file__).parents[2] / "data"
BARE = JailReport((), (("landlock", "the kernel has none"), ("seccomp", "forbidden")), "none")


def account(*scans: Scan, known: frozenset[str] = frozenset()) -> Account:
    targets = tuple(Target(s, accounts.decided(s, known=known), known) for s in scans)
    return Account(targets, "0.1.0", bool(known))


def hostile() -> Scan:
    bad = accounts.HOSTILE
    at = Span((bad,), 1, 2, bad)
    found = accounts.finding(accounts.Dangerous, at, bad, **{bad: bad})
    gap = accounts.receipt(accounts.Dangerous, bad, (bad,))
    jail = JailReport(("landlock-4", "seccomp"), ((bad, bad),), "1")
    return accounts.a_scan(accounts.a_file(bad, (found,), (gap,)), target=bad, jail=jail)


def known_scan() -> frozenset[str]:
    first, *_ = accounts.evil().findings()
    return frozenset({fingerprint(*first)})


CASES: dict[str, Account] = {
    "evil": account(accounts.evil()),
    "clean": account(accounts.clean()),
    "several": account(
        accounts.clean(),
        accounts.a_scan(accounts.a_file("model.bin"), target="models/bare", jail=BARE),
    ),
    "hostile": account(hostile()),
    "baseline": account(accounts.evil(), known=known_scan()),
}


def told(case: str, form: str) -> str:
    out = io.StringIO()
    if form == "txt":
        console = Console(file=out, width=100, highlight=False, emoji=False, markup=False)
        write_text(CASES[case], console)
        return "".join(f"{line.rstrip()}\n" for line in out.getvalue().splitlines())
    {"json": write_json, "sarif": write_sarif, "md": write_markdown}[form](CASES[case], out)
    return out.getvalue()


@pytest.mark.parametrize("form", ["txt", "json", "sarif", "md"])
@pytest.mark.parametrize("case", CASES)
def test_snapshot(case: str, form: str) -> None:
    place, got = SNAPSHOTS / f"{case}.{form}", told(case, form)
    if os.environ.get("PRATIQUE_SNAPSHOTS") == "write":
        place.write_text(got)
    assert got == place.read_text()


def test_a_long_name_has_a_line_of_its_own() -> None:
    name = "models/" + "a-long-name-" * 5
    out = io.StringIO()
    write_text(account(accounts.a_scan(target=name)), Console(file=out, width=80))
    assert f"   {name}" in [line.rstrip() for line in out.getvalue().splitlines()]


def test_what_held_is_named_when_somebody_asks_or_when_it_is_not_enough() -> None:
    def said(jail: JailReport, *, verbose: bool) -> str:
        out = io.StringIO()
        scan = accounts.a_scan(accounts.a_file("model.bin"), jail=jail)
        write_text(account(scan), Console(file=out, width=100), verbose=verbose)
        return out.getvalue()

    unsound = JailReport(held=("seccomp", "rlimits"), missing=(("landlock", "ENOSYS"),))
    assert "rlimits" not in said(accounts.HELD, verbose=False)
    assert "rlimits" in said(accounts.HELD, verbose=True)
    assert "seccomp, rlimits" in said(unsound, verbose=False)


@pytest.mark.parametrize("form", ["txt", "md"])
def test_nothing_hostile_reaches_a_terminal_or_a_page(form: str) -> None:
    said = told("hostile", form)
    kinds = {unicodedata.category(c) for c in said if c != "\n"}
    assert not kinds & {"Cc", "Cf", "Cs", "Co"}
    said.encode()
    if form == "md":
        assert "<img" not in said
        assert "](http" not in said
        assert "@someone" not in said
        assert not re.search(r"^# h", said, re.MULTILINE)
        assert all(line.count("|") in {0, 4, 5} for line in said.splitlines())


@pytest.mark.parametrize("form", ["json", "sarif"])
def test_machine_formats_are_ascii_and_hold_no_half_character(form: str) -> None:
    said = told("hostile", form)
    assert said.isascii()
    json.dumps(json.loads(said), ensure_ascii=False).encode()  # fails on a lone surrogate


def closed(node: Any) -> Any:  # noqa: ANN401 - a JSON schema
    """Return a schema that takes no field it does not name: to catch fields left undocumented."""
    if isinstance(node, dict):
        node = {key: closed(value) for key, value in node.items()}
        if "properties" in node and isinstance(node["properties"], dict):
            node["additionalProperties"] = False
    return node


@pytest.mark.parametrize("case", CASES)
def test_json_keeps_its_schema(case: str) -> None:
    jsonschema.Draft202012Validator.check_schema(schema())
    jsonschema.validate(json.loads(told(case, "json")), closed(schema()))


@pytest.mark.parametrize("case", CASES)
def test_sarif_keeps_the_official_schema(case: str) -> None:
    official = json.loads((DATA / "sarif-schema-2.1.0.json").read_text())
    checker = jsonschema.Draft7Validator.FORMAT_CHECKER
    jsonschema.Draft7Validator(official, format_checker=checker).validate(
        json.loads(told(case, "sarif"))
    )


def test_sarif_shows_help_and_never_reads_as_clean_when_incomplete() -> None:
    run = document(CASES["several"])["runs"][0]
    assert [i["executionSuccessful"] for i in run["invocations"]] == [True, False]
    assert run["invocations"][1]["toolExecutionNotifications"]
    for rule in document(CASES["evil"])["runs"][0]["tool"]["driver"]["rules"]:
        assert rule["help"]["markdown"]
        assert float(rule["properties"]["security-severity"]) > 0
        assert any(tag.startswith("external/cwe/cwe-") for tag in rule["properties"]["tags"])


def test_sarif_addresses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "models/a").mkdir(parents=True)
    (tmp_path / "models/a/x y.bin").touch()
    monkeypatch.chdir(tmp_path)
    assert uri("models/a", "x y.bin") == "models/a/x%20y.bin"
    assert uri(str(tmp_path / "models"), "a/x y.bin") == "models/a/x%20y.bin"
    assert uri("models/a/x y.bin", "x y.bin") == "models/a/x%20y.bin"
    assert uri(".", "m.bin") == "m.bin"
    assert uri("models/a", "../\udcff") == "models/a/../%FF"
    assert uri("/elsewhere/model", "m.bin") == "model/m.bin"
    assert uri("hf://org/name@c0ffee", "m.bin") == "org/name%40c0ffee/m.bin"


def test_a_flood_is_bounded() -> None:
    at = [Span(start=n) for n in range(100)]
    files = tuple(
        accounts.a_file(
            f"f{n:04}", tuple(accounts.finding(accounts.Unclaimed, one, "a gap") for one in at)
        )
        for n in range(1000)
    )
    out = io.StringIO()
    write_text(account(accounts.a_scan(*files)), Console(file=out, width=100))
    assert len(out.getvalue().splitlines()) < 300
    assert "100,000 medium" in out.getvalue()
    out = io.StringIO()
    write_markdown(account(accounts.a_scan(*files)), out)
    assert len(out.getvalue()) < 60_000


def test_a_repository_rule_that_names_a_file() -> None:
    """It is told where that file's own findings are, and keeps its fingerprint."""
    found = accounts.finding(accounts.Unclaimed, Span(("a.bin", "x")), "contradicts its name")
    whole = accounts.finding(accounts.Unclaimed, Span(), "has no card")
    scan = replace(accounts.a_scan(accounts.a_file("a.bin")), repository=Inspection((found, whole)))
    rows = account(scan).targets[0].rows()
    assert [(row.path, row.at.chain) for row in rows] == [("", ()), ("a.bin", ("x",))]
    assert rows[1].fingerprint == fingerprint("", found)


def test_exit_codes() -> None:
    bare = accounts.a_scan(accounts.a_file("model.bin"), jail=BARE)
    assert account(accounts.clean()).exit_code == 0
    assert account(bare, accounts.clean()).exit_code == 3
    assert account(bare, accounts.evil()).exit_code == 1


@pytest.mark.parametrize(
    ("why", "command"),
    [
        ("the worker did not finish: no full answer within 120 s", "scan --deadline 600 m"),
        ("unpacks to more than 17179869184 bytes", "scan --max-expanded 64GiB m"),
        ("unpacks to more than 1000 times its size", "explain INT004"),
        ("nested deeper than 8 members", "explain INT004"),
        ("only the first 67108864 bytes of the text were read", "explain INT004"),
        ("YAML of more than 8388608 bytes is not parsed", "explain INT004"),
    ],
)
def test_only_options_that_there_are_are_suggested(why: str, command: str) -> None:
    gap = accounts.receipt(accounts.Dangerous, why)
    scan = accounts.a_scan(accounts.a_file("a", (), (gap,)), target="m")
    asked = [step for step, _ in next_steps(Target(scan, accounts.decided(scan)))]
    assert f"pratique {command}" in asked
    assert sum("--deadline" in s or "--max-" in s or "INT004" in s for s in asked) == 1
    option = command.removeprefix("scan ").removesuffix(" m")
    assert (option in LimitExceededError(why).hint()) == command.startswith("scan")
    assert "INT004" not in LimitExceededError(why).hint()
