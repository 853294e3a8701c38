"""What was scanned is matched again; what cannot be read, and what is stale, is named."""

import json
import sqlite3
import zlib
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from harness.advised import inventory_of, packed, record
from pratique.advisories.install import Given, install
from pratique.artifacts.matched import INVENTORY_VERSION
from pratique.cli import rematched
from pratique.cli.entry import main
from pratique.core.errors import MachineError, UsageError
from pratique.core.finding import Digest
from pratique.core.inventory_json import dump
from pratique.flows.changes import Change, compared
from pratique.flows.rematch import rematch
from pratique.store.opening import open_store
from pratique.store.ports import Kept, Said, Unread

NOW = datetime(2026, 11, 26, tzinfo=UTC)
ALL = {"introduced": "0"}
BEFORE = Said("pkg:pypi/a@1", "CVE-1", "affected", 2, fixed=("2",), aliases=("GHSA-x",))


def digest(number: int) -> Digest:
    return Digest(f"sha256:{number:064x}")


def kept(number: int, text: str = "a==1\n", made_by: int = INVENTORY_VERSION) -> Kept:
    inventory = inventory_of({"requirements.txt": text})
    return Kept(digest(number), f"model-{number}", inventory, made_by=made_by)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Return a folder with a database of one record, and results of three models."""
    archive = packed(tmp_path / "all.zip", [record("A-1", "a", ALL, {"fixed": "2"})])
    install(tmp_path / "db", [Given("PyPI", archive, "x")], now=NOW)
    with closing(open_store(tmp_path / "cache")) as store:
        for number in range(3):
            store.keep_inventory(kept(number))
    return tmp_path


def told(place: Path) -> list[Change]:
    return list(rematch(place / "cache", place / "db", NOW))


def damage(place: Path, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(place / "cache/results.db")) as db, db:
        db.execute(statement, values)


@pytest.mark.parametrize("column", ["body", "states"])
@pytest.mark.parametrize(
    "body",
    [b"", b"x", zlib.compress(b'{"shape": "pratique-inventory/2"}'), zlib.compress(b"[7]")],
)
def test_one_that_cannot_be_read_costs_no_other_and_is_named(
    place: Path, column: str, body: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    damage(place, f"UPDATE inventory SET {column} = ? WHERE name = 'model-1'", body)  # noqa: S608
    assert [bool(one.trouble) for one in told(place)] == [False, True, False]
    args = ["--cache", str(place / "cache"), "--db", str(place / "db")]
    assert main(["db", "rematch", *args]) == 3
    said = capsys.readouterr().out
    assert "model-1" in said
    assert "cannot be read" in said
    assert "scan again" in said
    assert "3 models matched, 0 changed, 1 to be scanned again" in said
    assert main(["db", "rematch", "--json", *args]) == 3
    (row,) = json.loads(capsys.readouterr().out)["unread"]
    assert (row["root"], row["name"]) == (digest(1), "model-1")


def test_every_model_is_met_once_though_its_row_changes(place: Path) -> None:
    with closing(open_store(place / "cache")) as store:
        for number in range(3, 450):
            store.keep_inventory(kept(number))
    assert len(told(place)) == 450
    assert not any(one.any for one in told(place))


def test_what_another_version_read_is_stale(place: Path) -> None:
    with closing(open_store(place / "cache")) as store:
        store.keep_inventory(kept(1, made_by=INVENTORY_VERSION + 1))
    assert ["scan again" in one.trouble for one in told(place)] == [False, True, False]


def test_a_row_of_an_earlier_version_is_compared_by_its_state(place: Path) -> None:
    old = [["pkg:pypi/a@1", "A-1", "affected"]]
    damage(place, "UPDATE inventory SET states = ?", zlib.compress(json.dumps(old).encode()))
    assert all("scan again" in one.trouble and not one.any for one in told(place))


def test_without_results_or_a_database_it_says_so(place: Path) -> None:
    with pytest.raises(UsageError, match="no results are kept there"):
        list(rematch(place / "elsewhere", place / "db", NOW))
    assert not (place / "elsewhere").exists()
    with pytest.raises(MachineError, match="no advisory database") as raised:
        list(rematch(place / "cache", place / "none", NOW))
    assert f"db update --db {place / 'none'}" in raised.value.hint()


def test_a_scan_without_a_database_leaves_what_was_known(tmp_path: Path) -> None:
    for folder in (None, tmp_path / "s"):
        with closing(open_store(folder)) as store:
            store.keep_inventory(replace(kept(1), states=frozenset({BEFORE})))
            store.keep_inventory(replace(kept(1, "b==1\n"), states=None))
            store.keep_inventory(replace(kept(2), states=None))
            rows = [one for one in store.inventories() if not isinstance(one, Unread)]
        assert [one.states for one in rows] == [frozenset({BEFORE}), frozenset()]
        assert dump(rows[0].inventory) == dump(kept(1, "b==1\n").inventory)
        assert rows[0].made_by == INVENTORY_VERSION


def test_of_a_row_of_an_earlier_version_only_the_state_is_compared() -> None:
    old = replace(BEFORE, severity=-1, fixed=(), aliases=())
    assert not compared(frozenset({old}), frozenset({BEFORE})).any
    change = compared(frozenset({replace(old, state="unknown")}), frozenset({BEFORE}))
    lines = list(rematched.lines([change], every=True))
    assert lines[1] == "  ~ medium pkg:pypi/a@1: CVE-1 unknown -> affected"


@pytest.mark.parametrize(
    ("after", "says"),
    [
        ({"state": "unknown"}, "affected -> unknown"),
        ({"severity": 3}, "medium -> high"),
        ({"exploited": True}, "listed by CISA as exploited"),
        ({"fixed": ("3",)}, "mended in 3"),
        ({"fixed": ()}, "no version mends it"),
        ({"advisory": "GHSA-x", "aliases": ("CVE-1",)}, ""),
        ({"aliases": ("GHSA-x", "PYSEC-1")}, ""),
    ],
)
def test_what_is_another_than_before_is_told(after: dict[str, Any], says: str) -> None:
    change = compared(frozenset({BEFORE}), frozenset({replace(BEFORE, **after)}))
    assert (change.new, change.gone) == ((), ())
    assert change.any == bool(says)
    assert says in "\n".join(rematched.lines([change], every=False))


def test_the_gravest_come_first_and_the_rest_is_counted() -> None:
    rows = [Said(f"pkg:pypi/{n}@1", f"CVE-{n}", "affected", n % 3) for n in range(60)]
    rows += [
        Said("pkg:pypi/z", "CVE-9", "unknown", 4),
        Said("pkg:pypi/y@1", "CVE-8", "affected", 3, exploited=True, fixed=("2",)),
    ]
    change = Change("sha256:" + "0" * 64, "m", new=tuple(sorted(rows)))
    short = list(rematched.lines([change], every=False))
    listed = ", listed by CISA as exploited, mended in 2"
    assert short[1] == f"  + high pkg:pypi/y@1: CVE-8 affected{listed}"
    assert short[2] == "  + critical pkg:pypi/z (no exact version): CVE-9 unknown"
    assert short[-2:] == [
        "  + and 42 more: see --verbose",
        "1 model matched, 1 changed; no model byte was read",
    ]
    assert len(list(rematched.lines([change], every=True))) == 64
