"""The store on a SQL database: SQLite in a folder of the caller's own, or in memory.

A database that fails in the middle of a scan (a full disk, a damaged page, another process that
holds it) costs results that could have been kept, never the scan: what cannot be read is unknown,
what cannot be written is found out again the next time, and `trouble` says so once.
"""

import fcntl
import json
import os
import stat
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import (
    Connection,
    Engine,
    Table,
    create_engine,
    delete,
    event,
    insert,
    inspect,
    select,
    text,
    update,
)
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.pool import StaticPool

from pratique.core.errors import ArtifactError, BugError, MachineError, UsageError
from pratique.core.fact import Fact
from pratique.core.finding import Digest, Finding, RuleId
from pratique.core.receipt import Receipt
from pratique.core.scan import Inspection
from pratique.core.wire import decode, encode
from pratique.store.inventories import keep, kept_after
from pratique.store.packed import opened, shut
from pratique.store.ports import FileStamp, Kept, ResultKey, Unread
from pratique.store.tables import HEAD, finding, metadata, receipt, sighting, subject

_T = TypeVar("_T")

DATABASE = "results.db"
LOCK = "results.lock"

_BROKEN = (
    SQLAlchemyError,
    ArtifactError,
    BugError,
    ValueError,
    TypeError,
    RecursionError,
    OverflowError,
)
"""What a damaged database raises: of the driver, or of a row that is none of ours."""


class SqlStore:
    """A store behind SQLAlchemy; every method may be called from any thread."""

    def __init__(self, engine: Engine, place: str = "") -> None:
        self._engine, self._lock, self._place = engine, threading.Lock(), place
        self.trouble = ""

    def load(self, key: ResultKey, versions: Mapping[RuleId, int]) -> Inspection | None:
        """Return what is known under `key` from rules at exactly these versions, or None."""
        return self._try(lambda db: _load(db, key, versions), None)

    def save(self, key: ResultKey, inspection: Inspection, ran: frozenset[RuleId]) -> None:
        """Replace what is known under `key` from the rules that ran, facts included."""
        self._try(lambda db: _save(db, key, inspection, ran), None)

    def keep_inventory(self, kept: Kept) -> None:
        """Keep what an artifact names, for advisories that come later."""
        self._try(lambda db: keep(db, kept), None)

    def inventories(self) -> Iterator[Kept | Unread]:
        """Yield what every scanned artifact names, a few at a time, and what cannot be read."""
        last, none = 0, list[tuple[int, Kept | Unread]]()
        while rows := self._try(partial(kept_after, after=last), none):
            last = rows[-1][0]
            yield from (kept for _, kept in rows)

    def hint(self, stamp: FileStamp) -> Digest | None:
        """Return the digest that a file with this stamp had when it was last hashed, or None."""
        return self._try(lambda db: _hint(db, stamp), None)

    def remember(self, stamp: FileStamp, digest: Digest) -> None:
        """Keep a stamp's digest as a hint."""
        self._try(lambda db: _remember(db, stamp, digest), None)

    def close(self) -> None:
        """Let go of files and connections."""
        self._engine.dispose()

    def _try(self, step: Callable[[Connection], _T], otherwise: _T) -> _T:
        """Return what `step` does in a transaction of its own; `otherwise` if the database fails.

        Two processes may add the same row at once: the one that comes second finds it there when
        it tries again.
        """
        for again in (True, False):
            try:
                with self._lock, self._engine.begin() as db:
                    return step(db)
            except IntegrityError as e:
                if not again:
                    self._note(e)
            except _BROKEN as e:
                self._note(e)
                break
        return otherwise

    def _note(self, error: Exception) -> None:
        why = str(getattr(error, "orig", None) or error).partition("\n")[0][:200]
        self.trouble = self.trouble or (
            f"{self._place}: some results could not be read or kept: {why}; the report is whole, "
            "the next scan repeats the work; if this stays, remove that file"
        )


def _load(db: Connection, key: ResultKey, versions: Mapping[RuleId, int]) -> Inspection | None:
    row = db.execute(select(subject.c.id, subject.c.facts).where(*_where(key))).first()
    if row is None:
        return None
    receipts = [r for r in _bodies(db, receipt, row.id, versions) if isinstance(r, Receipt)]
    findings = [f for f in _bodies(db, finding, row.id, versions) if isinstance(f, Finding)]
    if any(versions.get(r.rule) != r.version for r in receipts):
        raise BugError("a receipt is of another rule than its row")
    told = json.loads(opened(row.facts))
    if not isinstance(told, list):
        raise BugError("facts are no list")
    facts = [Fact(k, tuple(chain), data) for k, chain, data in told]
    return Inspection(tuple(findings), tuple(receipts), tuple(facts))


def _save(db: Connection, key: ResultKey, inspection: Inspection, ran: frozenset[RuleId]) -> None:
    facts = shut(json.dumps([[f.kind, f.chain, f.data] for f in inspection.facts]))
    versions = {r.rule: r.version for r in inspection.receipts}
    at = _subject(db, key, facts)
    for table in (receipt, finding):
        db.execute(delete(table).where(table.c.subject == at, table.c.rule.in_(ran)))
    rows: list[dict[str, Any]] = [
        {
            "subject": at,
            "rule": r.rule,
            "version": r.version,
            "coverage": r.coverage.value,
            "body": shut(json.dumps(encode(r))),
        }
        for r in inspection.receipts
        if r.rule in ran
    ]
    found: list[dict[str, Any]] = [
        {
            "subject": at,
            "rule": f.rule,
            "version": versions.get(f.rule, 0),
            "severity": int(f.severity),
            "body": shut(json.dumps(encode(f))),
        }
        for f in inspection.findings
        if f.rule in ran
    ]
    if rows:
        db.execute(insert(receipt), rows)
    if found:
        db.execute(insert(finding), found)


def _hint(db: Connection, stamp: FileStamp) -> Digest | None:
    row = db.execute(select(sighting).where(*_place(stamp))).first()
    if row is None or (row.size, row.modified_ns, row.changed_ns) != _moment(stamp):
        return None
    return Digest(row.digest)


def _remember(db: Connection, stamp: FileStamp, digest: Digest) -> None:
    if _hint(db, stamp) == digest:
        return
    size, modified, changed = _moment(stamp)
    db.execute(delete(sighting).where(*_place(stamp)))
    db.execute(
        insert(sighting).values(
            device=str(stamp.device),
            inode=str(stamp.inode),
            size=size,
            modified_ns=modified,
            changed_ns=changed,
            digest=digest,
        )
    )


def open_store(folder: Path | None) -> SqlStore:
    """Return the store in `folder`, made with mode 0700 when absent; None is one in memory.

    Raises:
        UsageError: the folder is not the caller's own, or others may look into it.
        MachineError: the database cannot be opened or brought up to date.

    """
    if folder is None:
        engine = create_engine(
            "sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False}
        )
        metadata.create_all(engine)
        return SqlStore(engine)
    _own(folder)
    place = folder / DATABASE
    engine = create_engine(f"sqlite:///{place}", connect_args={"timeout": 30})
    event.listen(engine, "connect", _pragmas)
    try:
        with _alone(folder / LOCK):
            _bring_up_to_date(engine)
    except (SQLAlchemyError, OSError, LookupError) as e:
        engine.dispose()
        why = str(getattr(e, "orig", None) or e).partition("\n")[0]
        raise MachineError(
            f"{place}: cannot be opened as a store: {why}; name another with --cache, or move this "
            "one away: its results are found out again"
        ) from e
    return SqlStore(engine, str(place))


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Let one process at a time make tables: two that start at once would both find none."""
    fd = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)


def _own(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        about = folder.stat()
    except OSError as e:
        raise UsageError(f"{folder}: cannot be the store's folder: {e.strerror}") from e
    if about.st_uid != os.geteuid():
        raise UsageError(f"{folder}: the store's folder belongs to another user")
    if stat.S_IMODE(about.st_mode) & 0o077:
        raise UsageError(f"{folder}: others may read the store's folder; run chmod 700 {folder}")


def _pragmas(connection: Any, _record: object) -> None:  # noqa: ANN401 - the driver's own type
    for line in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {line}")


def _bring_up_to_date(engine: Engine) -> None:
    with engine.connect() as db:
        known = inspect(db).has_table("alembic_version")
        at = db.execute(text("SELECT version_num FROM alembic_version")).scalar() if known else ""
    if at == HEAD:
        return
    from pratique.store.migrate import upgrade  # noqa: PLC0415 - Alembic loads only when needed

    upgrade(engine)


def _subject(db: Connection, key: ResultKey, facts: bytes) -> int:
    at = db.execute(select(subject.c.id).where(*_where(key))).scalar()
    if at is not None:
        db.execute(update(subject).where(subject.c.id == at).values(facts=facts))
        return int(at)
    made = db.execute(
        insert(subject)
        .values(
            owner=key.owner,
            digest=key.digest,
            readers=key.readers,
            limits=key.limits,
            facts=facts,
        )
        .returning(subject.c.id)
    )
    return int(made.scalar_one())


def _bodies(
    db: Connection, table: Table, at: int, versions: Mapping[RuleId, int]
) -> list[Finding | Receipt | Fact]:
    query = select(table).where(table.c.subject == at).order_by(table.c.id)
    return [
        decode(json.loads(opened(row.body)))
        for row in db.execute(query)
        if versions.get(RuleId(row.rule)) == row.version
    ]


def _where(key: ResultKey) -> tuple[Any, ...]:
    return (
        subject.c.owner == key.owner,
        subject.c.digest == key.digest,
        subject.c.readers == key.readers,
        subject.c.limits == key.limits,
    )


def _place(stamp: FileStamp) -> tuple[Any, ...]:
    return sighting.c.device == str(stamp.device), sighting.c.inode == str(stamp.inode)


def _moment(stamp: FileStamp) -> tuple[int, int, int]:
    return stamp.size, stamp.modified_ns, stamp.changed_ns
