"""The parent's side of an inspection: ask the store first, then a fresh jailed worker.

A worker that a hostile file has taken over could lie about the files after it, and the lie would be
stored under their digests for everybody. So a file gets a worker of its own, or, where small files
share one (engine/company.py), its result is kept for this company only.
"""

import errno
import hashlib
import os
import tempfile
import threading
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass, replace
from typing import IO, Any

from pratique.artifacts.laid import Laid, rows_of
from pratique.artifacts.sources.base import SourceFile
from pratique.core.errors import (
    ArtifactError,
    BugError,
    ChangedError,
    MachineError,
    NotRegularError,
    WorkerError,
)
from pratique.core.fact import VIEWS, Fact, Json, weigh
from pratique.core.finding import Digest, Finding, RuleId, Severity
from pratique.core.limits import Limits, MiB
from pratique.core.ports import Watcher
from pratique.core.receipt import Receipt
from pratique.core.scan import FileReport, Inspection, bound
from pratique.core.wire import decode
from pratique.engine.bounds import FACT_DEPTH, REPOSITORY_FINDINGS
from pratique.engine.company import Company
from pratique.engine.handle import Handle, Hashes, opened
from pratique.engine.plan import (
    SHARED,
    file_rules,
    key_of,
    owed,
    silent,
    trace_rules,
    united,
    unread,
    versions,
)
from pratique.engine.ports import Workers
from pratique.store.ports import ResultKey, Store

SMALL = 32 * MiB
"""A file up to this size is hashed before a worker is asked; a larger one meanwhile."""

UNOPENED = "unopened"
"""The fact that the parent adds of what is no file: why it was not opened."""

INTENDED = "intended"
"""The fact that the parent adds: what a source promised of a file, and whether it is so."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a worker said of a subject; `failed` is why it did not come to its end."""

    inspection: Inspection
    failed: str = ""


class Examiner:
    """Examines the files of one artifact, from several threads."""

    def __init__(  # noqa: PLR0913 - what it needs, and two words for its keys
        self,
        store: Store,
        workers: Workers,
        limits: Limits,
        watcher: Watcher,
        *,
        owner: str = SHARED,
        by_user: str = "",
    ) -> None:
        self._store, self._workers, self._limits = store, workers, limits
        self._by_user = by_user
        self._watcher, self._owner = watcher, owner
        self._hashing = ThreadPoolExecutor(4, thread_name_prefix="hash")
        self._stopped = threading.Event()

    def close(self) -> None:
        """Wait for what is under way."""
        self._hashing.shutdown()

    def stop(self) -> None:
        """Let every file that is being read end soon: nobody waits for the account any more."""
        self._stopped.set()

    def file(
        self, file: SourceFile, laid: tuple[Laid, ...] = (), company: Company | None = None
    ) -> FileReport:
        """Return the report of one file. Whatever is wrong with it is in the report.

        `laid` is what a file beside it says that it holds; `company` lends the worker that it
        shares with others.
        """
        self._watcher.started(file.path, max(0, file.size))
        try:
            with opened(file) as handle:
                report = self._opened(file, handle, (laid, company))
        except (ArtifactError, OSError) as e:
            facts = (Fact(UNOPENED, (), str(e)),) if isinstance(e, NotRegularError) else ()
            report = _problem(file, _says(e), facts)
        self._watcher.done(report)
        return report

    def hashed(self, file: SourceFile) -> FileReport:
        """Return the report of a file that is hashed and not read; no digest where that fails."""
        self._watcher.started(file.path, max(0, file.size))
        report = FileReport(file.path, Digest(""), max(0, file.size), Inspection())
        try:
            with opened(file) as handle:
                hashes = self._hash(file, handle)
                handle.unchanged()
                report = FileReport(file.path, hashes.digest, handle.size, Inspection())
        except (ArtifactError, OSError) as e:
            self._watcher.noticed(f"{file.path}: {_says(e)}")
        self._watcher.done(report)
        return report

    def company(self) -> Company:
        """Return a worker that small files may share; the caller closes it."""
        return Company(self._workers)

    def _opened(
        self, file: SourceFile, handle: Handle, by: tuple[tuple[Laid, ...], Company | None]
    ) -> FileReport:
        if handle.size > self._limits.file_bytes:
            raise ArtifactError(
                f"{handle.size} bytes are more than the limit of {self._limits.file_bytes} a file"
            )
        if handle.size <= SMALL or self._store.hint(handle.stamp):
            hashes = self._hash(file, handle)
            return self._report(file, handle, hashes, self._small(handle, hashes.digest, by))
        later: Future[Hashes] = self._hashing.submit(self._hash, file, handle)
        try:
            answer = self._ask(handle, file_rules(), by[0])
        finally:
            wait([later])  # the descriptor may not be closed, and its number reused, meanwhile
        try:
            hashes = later.result()
        except (ArtifactError, OSError) as e:
            return _unhashed(file, answer, _says(e))
        return self._report(file, handle, hashes, _Result(None, answer, by[0]))

    def _small(
        self, handle: Handle, digest: Digest, by: tuple[tuple[Laid, ...], Company | None]
    ) -> "_Result":
        """Return what is known of a file that is hashed, and what a worker says of the rest."""
        laid, company = by
        alone = self._store.load(self._key(digest, laid), versions())
        before = company.before if company is not None else ""
        if company is not None:
            company.passed(digest)
        if not (rules := owed(alone)):
            return _Result(alone, None, laid)
        if company is None or not before:
            return _Result(alone, self._ask(handle, rules, laid, company), laid)
        key = self._key(digest, laid, before)
        known = self._store.load(key, versions())
        if not (rules := owed(known)):
            return _Result(known, None, laid, before)
        begun = company.begun
        answer = self._ask(handle, rules, laid, company)
        if answer.failed and begun:  # by this file, or by one before it
            return _Result(alone, self._ask(handle, owed(alone), laid), laid)
        return _Result(known, answer, laid, before)

    def _key(self, digest: Digest, laid: tuple[Laid, ...] = (), before: str = "") -> ResultKey:
        if self._by_user:
            before = f"{before};rules {self._by_user}"
        return key_of(digest, self._limits, self._owner, laid, before)

    def _hash(self, file: SourceFile, handle: Handle) -> Hashes:
        def progress(count: int) -> None:
            if self._stopped.is_set():
                raise OSError(errno.ECANCELED, "the scan was given up")
            self._watcher.read("hash", count)

        return handle.hashes(progress, file.intended)

    def _report(
        self, file: SourceFile, handle: Handle, hashes: Hashes, result: "_Result"
    ) -> FileReport:
        inspection = result.merged()
        try:
            handle.unchanged()
        except ChangedError as e:
            rules = {r.rule for r in inspection.receipts} or None
            lost = unread(str(e), handle.size, rules)
            inspection = replace(inspection, receipts=lost)
        else:
            self._remember(handle, hashes.digest, result)
        told = replace(
            bound(inspection, hashes.digest),
            facts=(*inspection.facts, *_intended(file, hashes)),
        )
        cached = result.answer is None
        if cached:
            self._watcher.read("inspect", handle.size)
        return FileReport(file.path, hashes.digest, handle.size, told, cached)

    def _remember(self, handle: Handle, digest: Digest, result: "_Result") -> None:
        if result.answer is not None and not result.answer.failed:
            ran = frozenset(r.rule for r in result.answer.inspection.receipts)
            key = self._key(digest, result.laid, result.before)
            self._store.save(key, replace(result.answer.inspection, facts=result.facts()), ran)
        self._store.remember(handle.stamp, digest)

    def _ask(
        self,
        handle: Handle,
        rules: frozenset[RuleId],
        laid: tuple[Laid, ...],
        company: Company | None = None,
    ) -> Answer:
        try:
            with tempfile.TemporaryFile() as scratch:
                fds = (handle.fd, scratch.fileno())
                return self._answer("file", handle.size, fds, rules, (rows_of(laid), company))
        except OSError as e:
            return Answer(Inspection(), f"no room on this machine to unpack into: {e.strerror}")

    def repository(self, body: Iterable[bytes], rules: frozenset[RuleId]) -> Inspection:
        """Return what `rules` say over the facts of all files, given as pieces of JSON."""
        size = 0
        try:
            with tempfile.TemporaryFile() as descriptor:
                size, digest = _written(body, descriptor)
                return self._whole(descriptor.fileno(), size, digest, rules)
        except OSError as e:
            why = f"no room on this machine for the facts of all files: {e.strerror}"
            return Inspection(receipts=unread(why, size, rules))

    def trace(self, body: bytes) -> Inspection:
        """Return what the rules of the stage `network` say of a detonation, given as JSON.

        It is not kept: another day, loader or machine may see something else.
        """
        rules, size = trace_rules(), len(body)
        try:
            with tempfile.TemporaryFile() as descriptor:
                _written((body,), descriptor)
                answer = self._readably("trace", size, descriptor.fileno(), rules)
        except OSError as e:
            why = f"no room on this machine for the trace: {e.strerror}"
            return Inspection(receipts=unread(why, size, rules))
        return _accounted(answer, size, rules)

    def _whole(self, fd: int, size: int, digest: Digest, rules: frozenset[RuleId]) -> Inspection:
        key = self._key(digest)
        known = self._store.load(key, versions())
        if known is not None and rules <= {r.rule for r in known.receipts}:
            return known
        answer = self._readably("repository", size, fd, rules)
        if rules <= {r.rule for r in answer.inspection.receipts} and not answer.failed:
            self._store.save(key, answer.inspection, rules)
        return _accounted(answer, size, rules)

    def _readably(self, do: str, size: int, fd: int, rules: frozenset[RuleId]) -> Answer:
        """Ask a worker about what is behind a descriptor, which it may only read."""
        readable = os.open(f"/proc/self/fd/{fd}", os.O_RDONLY | os.O_CLOEXEC)
        try:
            return self._answer(do, size, (readable,), rules)
        finally:
            os.close(readable)

    def _answer(
        self,
        do: str,
        size: int,
        fds: tuple[int, ...],
        rules: frozenset[RuleId],
        by: tuple[Sequence[object], Company | None] = ((), None),
    ) -> Answer:
        laid, company = by
        request = {"do": do, "size": size, "rules": sorted(rules), "limits": asdict(self._limits)}
        if laid:
            request["laid"] = laid
        most = self._limits.findings if do == "file" else REPOSITORY_FINDINGS
        said = _Said(rules, most, self._limits.facts_values)
        failed, counted = "", 0
        try:
            with (company or self._workers).worker() as worker:
                for frame in worker.ask(request, fds, self._limits.deadline(size)):
                    if "progress" in frame:
                        counted += self._progress(frame, size - counted)
                    else:
                        said.hear(decode(frame))
        except (WorkerError, BugError) as e:
            failed = f"the worker did not finish: {e}"
        except MachineError as e:
            failed = f"no worker could be had: {e}"
        if do == "file":
            self._watcher.read("inspect", size - counted)
        return Answer(said.inspection(), failed)

    def _progress(self, frame: Mapping[str, Any], most: int) -> int:
        count = frame["progress"]
        count = min(most, max(0, count)) if type(count) is int else 0
        self._watcher.read("inspect", count)
        return count


@dataclass(frozen=True, slots=True)
class _Result:
    """What was known of a file, and what a worker said now; one of the two at least."""

    known: Inspection | None
    answer: Answer | None
    laid: tuple[Laid, ...] = ()
    before: str = ""
    """The files that the worker may have read before, as Company.before tells them."""

    def facts(self) -> tuple[Fact, ...]:
        """Return the facts of the run that saw more: one for few rules may not look everywhere."""
        new = self.answer.inspection.facts if self.answer else ()
        old = self.known.facts if self.known else ()
        seen = [f for f in (*old, *new) if f.kind == VIEWS]
        if not old or not new or len(seen) != 2:  # noqa: PLR2004 - one of each run
            return new or old
        return (*(f for f in new if f.kind != VIEWS), united(*seen))

    def merged(self) -> Inspection:
        known = self.known or Inspection()
        if self.answer is None:
            return known
        new = self.answer.inspection
        ran = {r.rule for r in new.receipts} | {f.rule for f in new.findings}
        receipts = [r for r in known.receipts if r.rule not in ran] + list(new.receipts)
        findings = [f for f in known.findings if f.rule not in ran] + list(new.findings)
        if self.answer.failed:
            receipts += unread(self.answer.failed, 0)
        whole = Inspection(tuple(findings), tuple(receipts), self.facts())
        if self.answer.failed or not (lost := silent(whole)):
            return whole
        more = unread("the worker left no account of this rule", 0, lost)
        return replace(whole, receipts=(*whole.receipts, *more))


class _Said:
    """What one worker said, as far as it may: only of the rules it was asked for, and not more."""

    def __init__(self, rules: frozenset[RuleId], most: int, values: int) -> None:
        self._rules, self._versions, self._room = rules, versions(), 2 * values
        # past the room for findings each rule may still tell of worse ones
        self._most = most + len(Severity) * len(rules)
        self._findings: list[Finding] = []
        self._receipts: list[Receipt] = []
        self._facts: list[Fact] = []

    def hear(self, word: Finding | Receipt | Fact) -> None:
        """Take one word.

        Raises:
            BugError: the worker may not say this, or said too much.

        """
        if isinstance(word, Fact):
            if word.kind in {INTENDED, UNOPENED}:
                raise BugError("a worker answered for the source")
            self._room -= 1 + weigh(word.data, FACT_DEPTH, self._room)
            if self._room < 0:
                raise BugError("a worker answered with more facts than it may")
            self._facts.append(word)
            return
        if word.rule not in self._rules:
            raise BugError(f"a worker answered for {word.rule!r}, which it was not asked for")
        if isinstance(word, Finding):
            if len(self._findings) == self._most:
                raise BugError(f"a worker answered with more than {self._most} findings")
            self._findings.append(word)
            return
        if word.version != self._versions[word.rule]:
            raise BugError(f"a worker answered for another version of {word.rule}")
        self._receipts.append(word)

    def inspection(self) -> Inspection:
        return Inspection(tuple(self._findings), tuple(self._receipts), tuple(self._facts))


def _accounted(answer: Answer, size: int, rules: frozenset[RuleId]) -> Inspection:
    """Return what a worker said of the whole, with a receipt for each rule that left none."""
    told = answer.inspection
    lost = rules - {r.rule for r in told.receipts}
    if not lost:
        return told
    why = answer.failed or "the worker left no account of this rule"
    return replace(told, receipts=(*told.receipts, *unread(why, size, lost)))


def _problem(file: SourceFile, why: str, facts: tuple[Fact, ...] = ()) -> FileReport:
    told = Inspection(receipts=unread(why, file.size), facts=facts)
    return FileReport(file.path, Digest(""), max(0, file.size), told)


def _unhashed(file: SourceFile, answer: Answer, why: str) -> FileReport:
    """Return the report of a file that could not be hashed: what was found in it is still told."""
    told = answer.inspection
    rules = {r.rule for r in told.receipts} or None
    lost = replace(told, receipts=unread(why, file.size, rules))
    return FileReport(file.path, Digest(""), max(0, file.size), lost)


def _says(error: Exception) -> str:
    """Return in words why a file could not be read."""
    if isinstance(error, OSError):
        return f"cannot be read: {error.strerror or error}"
    return str(error)


def _intended(file: SourceFile, hashes: Hashes) -> list[Fact]:
    facts = []
    for algorithm, promised in sorted(file.intended.items()):
        actual = hashes.of(algorithm)
        data: dict[str, Json] = {
            "algorithm": algorithm,
            "promised": promised,
            "actual": actual,
            "matches": bool(actual) and promised.lower() == actual,
        }
        facts.append(Fact(INTENDED, (), data))
    return facts


def _written(body: Iterable[bytes], to: IO[bytes]) -> tuple[int, Digest]:
    size, digest = 0, hashlib.sha256()
    for piece in body:
        to.write(piece)
        digest.update(piece)
        size += len(piece)
    to.flush()
    return size, Digest("sha256:" + digest.hexdigest())
