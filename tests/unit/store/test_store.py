"""The store keeps results by content, and its folder to itself."""

import json
import os
import sqlite3
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from pratique.core.errors import MachineError, UsageError
from pratique.core.fact import Fact
from pratique.core.finding import Confidence, Digest, Finding, RuleId, Severity, Span
from pratique.core.receipt import Coverage, Receipt
from pratique.core.scan import Inspection
from pratique.core.wire import encode
from pratique.store import opening
from pratique.store.migrate import SCRIPTS
from pratique.store.ports import FileStamp, ResultKey, Store
from pratique.store.sql import open_store
from pratique.store.tables import HEAD, metadata

KEY = ResultKey("shared", Digest("sha256:" + "0" * 64), "r", "l")
A, B = RuleId("MAL001"), RuleId("MAL002")


def receipt(rule: RuleId, version: int = 1) -> Receipt:
    return Receipt(rule, version, ("a\udcff",), ("zip",), 10, 10, Coverage.FULL)


def finding(rule: RuleId) -> Finding:
    at = Span(("a",), 1, 2, "t", 3)
    return Finding(rule, Severity.HIGH, Confidence.LOW, at, "says", (("k", "v"),))


FIRST = Inspection((finding(A),), (receipt(A), receipt(B)), (Fact("f", ("a",), {"x": [1]}),))


@pytest.fixture(params=["no folder", "SQL in memory", "folder"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """Return each adapter in turn: what they promise is the same."""
    made: dict[str, Callable[[], Store]] = {
        "no folder": lambda: opening.open_store(None),
        "SQL in memory": lambda: open_store(None),
        "folder": lambda: opening.open_store(tmp_path / "kept"),
    }
    with closing(made[request.param]()) as found:
        yield found


def test_a_result_comes_back_as_it_was(store: Store) -> None:
    assert store.load(KEY, {A: 1, B: 1}) is None
    store.save(KEY, FIRST, frozenset({A, B}))
    assert store.load(KEY, {A: 1, B: 1}) == FIRST


def test_another_owner_sees_nothing(store: Store) -> None:
    store.save(KEY, FIRST, frozenset({A, B}))
    assert store.load(replace(KEY, owner="tenant-b"), {A: 1, B: 1}) is None


def test_a_newer_rule_has_no_receipt_yet_and_replaces_only_its_own(store: Store) -> None:
    store.save(KEY, FIRST, frozenset({A, B}))
    known = store.load(KEY, {A: 2, B: 1})
    assert known is not None
    assert (known.findings, known.receipts) == ((), (receipt(B),))
    store.save(KEY, Inspection((), (receipt(A, 2),), FIRST.facts), frozenset({A}))
    known = store.load(KEY, {A: 2, B: 1})
    assert known is not None
    assert set(known.receipts) == {receipt(A, 2), receipt(B)}


def test_a_hint_holds_only_for_the_same_moment(store: Store) -> None:
    stamp = FileStamp(1, 1 << 63, 3, 4, 5)
    store.remember(stamp, KEY.digest)
    assert store.hint(stamp) == KEY.digest
    assert store.hint(replace(stamp, changed_ns=6)) is None
    store.remember(replace(stamp, changed_ns=6), KEY.digest)
    assert store.hint(stamp) is None


def test_a_run_that_keeps_nothing_imports_no_database() -> None:
    says = (
        "import sys; from pratique.store.opening import open_store, prepare; prepare(None)\n"
        "open_store(None).close(); assert not {'sqlalchemy', 'alembic'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", says], check=True, timeout=60)


def test_the_folder_is_private(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "store"
    open_store(folder).close()
    assert folder.stat().st_mode & 0o777 == 0o700
    folder.chmod(0o755)
    with pytest.raises(UsageError, match="chmod 700"):
        open_store(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_the_folder_is_the_callers(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    folder.mkdir(mode=0o700)
    os.chown(folder, 65534, 65534)
    with pytest.raises(UsageError, match="another user"):
        open_store(folder)


def test_a_broken_database_is_said(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    folder.mkdir(mode=0o700)
    (folder / "results.db").write_bytes(b"not a database" * 100)
    with pytest.raises(MachineError, match="cannot be opened"):
        open_store(folder)


def test_migrations_lead_to_the_tables(tmp_path: Path) -> None:
    open_store(tmp_path / "s").close()
    engine = create_engine(f"sqlite:///{tmp_path / 's' / 'results.db'}")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()
    assert ScriptDirectory(str(SCRIPTS)).get_current_head() == HEAD


def damage(place: Path, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(place)) as db, db:
        db.execute(statement, values)


def packed(value: object) -> bytes:
    return zlib.compress(json.dumps(value).encode())


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"garbage",
        zlib.compress(b"not json"),
        packed(5),
        packed({}),
        packed({"receipt": A}),
        packed(encode(receipt(RuleId("ZZZ999")))),
        packed(encode(receipt(B, 7))),
        zlib.compress(b"[" * 100_000),
        zlib.compress(b"\0" * 1000)[:-5],
    ],
)
@pytest.mark.parametrize("column", ["receipt.body", "finding.body", "subject.facts"])
def test_a_row_that_is_none_of_ours_is_unknown(body: bytes, column: str, tmp_path: Path) -> None:
    store = open_store(tmp_path / "s")
    store.save(KEY, FIRST, frozenset({A, B}))
    table, _, name = column.partition(".")
    if column == "finding.body" and b"receipt" in body:
        pytest.skip("a receipt among the findings is left out")
    damage(tmp_path / "s/results.db", f"UPDATE {table} SET {name} = ?", body)  # noqa: S608
    known = store.load(KEY, {A: 1, B: 1})
    if known is not None:  # what was put there is another kind of word: it is not taken for one
        assert column == "finding.body"
        assert known.findings == ()
    else:
        assert "some results could not be read" in store.trouble
    store.save(KEY, FIRST, frozenset({A, B}))
    assert store.load(KEY, {A: 1, B: 1}) == FIRST
    store.close()


def test_a_rule_that_nobody_knows_any_more_is_left_out(tmp_path: Path) -> None:
    store = open_store(tmp_path / "s")
    store.save(KEY, FIRST, frozenset({A, B}))
    damage(tmp_path / "s/results.db", "UPDATE receipt SET rule = 'ZZZ999' WHERE rule = ?", B)
    known = store.load(KEY, {A: 1, B: 1})
    assert known is not None
    assert [r.rule for r in known.receipts] == [A]
    store.close()


def test_a_database_that_breaks_meanwhile_costs_only_results(tmp_path: Path) -> None:
    store = open_store(tmp_path / "s")
    store.save(KEY, FIRST, frozenset({A, B}))
    store.remember(FileStamp(1, 2, 3, 4, 5), KEY.digest)
    store.close()
    for name in ("results.db-wal", "results.db-shm"):
        (tmp_path / "s" / name).unlink(missing_ok=True)
    (tmp_path / "s/results.db").write_bytes(b"\xff" * 50_000)
    assert store.load(KEY, {A: 1, B: 1}) is None
    assert store.hint(FileStamp(1, 2, 3, 4, 5)) is None
    store.save(KEY, FIRST, frozenset({A, B}))
    store.remember(FileStamp(1, 2, 3, 4, 5), KEY.digest)
    assert "remove that file" in store.trouble
    assert "\n" not in store.trouble
    store.close()


def test_a_full_disk_costs_only_results(tmp_path: Path) -> None:
    store = open_store(tmp_path / "s")
    store.load(KEY, {})
    with store._engine.connect() as db:  # noqa: SLF001 - the only way to make it full
        db.exec_driver_sql("PRAGMA max_page_count = 1")
        db.rollback()
    noise = Fact("f", (), os.urandom(100_000).hex())
    store.save(KEY, replace(FIRST, facts=(noise,)), frozenset({A, B}))
    assert "full" in store.trouble
    assert store.load(KEY, {A: 1, B: 1}) is None
    store.close()


def test_a_database_of_a_later_version_is_said(tmp_path: Path) -> None:
    open_store(tmp_path / "s").close()
    damage(tmp_path / "s/results.db", "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(MachineError, match="another version of pratique"):
        open_store(tmp_path / "s")


def test_two_processes_may_start_and_save_at_once(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path\nimport test_store as t\n"
        "s = t.open_store(Path(sys.argv[1]))\n"
        "for i in range(40):\n"
        "    key = t.replace(t.KEY, readers=str(i))\n"
        "    s.save(key, t.FIRST, frozenset({t.A, t.B}))\n"
        "    s.remember(t.FileStamp(1, i, 3, 4, 5), t.KEY.digest)\n"
        "    assert s.load(key, {t.A: 1, t.B: 1}) == t.FIRST\n"
        "sys.exit(s.trouble or 0)\n"
    )
    path = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    command = [sys.executable, "-c", code, str(tmp_path / "s")]
    started = [
        subprocess.Popen(command, env={**os.environ, "PYTHONPATH": path}, stderr=subprocess.PIPE)
        for _ in range(3)
    ]
    for process in started:
        _, err = process.communicate(timeout=60)
        assert (process.returncode, err) == (0, b"")
