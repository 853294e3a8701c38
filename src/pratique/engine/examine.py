"""The parent's side of an inspection: ask the store first, then a fresh jailed worker.

Each file gets a worker of its own. A worker that a hostile file has taken over could otherwise lie
about the files after it, and the lie would be stored under their digests for everybody.
"""

import hashlib
import os
import tempfile
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from typing import Any

from pratique.artifacts.sources.base import SourceFile
from pratique.core.errors import ArtifactError, BugError, ChangedError, WorkerError
from pratique.core.fact import Fact, Json
from pratique.core.finding import Digest, Finding, RuleId
from pratique.core.limits import Limits, MiB
from pratique.core.ports import Watcher
from pratique.core.receipt import Receipt
from pratique.core.scan import FileReport, Inspection
from pratique.core.wire import decode
from pratique.engine.handle import Handle, Hashes, opened
from pratique.engine.plan import SHARED, file_rules, key_of, owed, silent, unread, versions
from pratique.engine.ports import Workers
from pratique.store.ports import Store

SMALL = 32 * MiB
"""A file up to this size is hashed before a worker is asked; a larger one meanwhile."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a worker said of a subject; `failed` is why it did not come to its end."""

    inspection: Inspection
    failed: str = ""


class Examiner:
    """Examines the files of one artifact, from several threads."""

    def __init__(
        self, store: Store, workers: Workers, limits: Limits, watcher: Watcher, owner: str = SHARED
    ) -> None:
        self._store, self._workers, self._limits = store, workers, limits
        self._watcher, self._owner = watcher, owner
        self._hashing = ThreadPoolExecutor(4, thread_name_prefix="hash")

    def close(self) -> None:
        """Wait for what is under way."""
        self._hashing.shutdown()

    def file(self, file: SourceFile) -> FileReport:
        """Return the report of one file. Whatever is wrong with it is in the report."""
        self._watcher.started(file.path, max(0, file.size))
        try:
            with opened(file) as handle:
                report = self._opened(file, handle)
        except ArtifactError as e:
            report = _problem(file, str(e))
        except OSError as e:
            report = _problem(file, f"cannot be read: {e.strerror or e}")
        self._watcher.done(report)
        return report

    def _opened(self, file: SourceFile, handle: Handle) -> FileReport:
        if handle.size > self._limits.file_bytes:
            raise ArtifactError(
                f"{handle.size} bytes are more than the limit of {self._limits.file_bytes} a file"
            )
        if handle.size <= SMALL or self._store.hint(handle.stamp):
            hashes = self._hash(file, handle)
            known = self._store.load(key_of(hashes.digest, self._limits, self._owner), versions())
            answer = self._ask(handle, owed(known)) if owed(known) else None
        else:
            later: Future[Hashes] = self._hashing.submit(self._hash, file, handle)
            known = None
            answer = self._ask(handle, file_rules())
            hashes = later.result()
        return self._report(file, handle, hashes, _Result(known, answer))

    def _hash(self, file: SourceFile, handle: Handle) -> Hashes:
        return handle.hashes(lambda count: self._watcher.read("hash", count), file.intended)

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
        told = replace(inspection, facts=(*inspection.facts, *_intended(file, hashes)))
        cached = result.answer is None
        if cached:
            self._watcher.read("inspect", handle.size)
        return FileReport(file.path, hashes.digest, handle.size, told, cached)

    def _remember(self, handle: Handle, digest: Digest, result: "_Result") -> None:
        if result.answer is not None and not result.answer.failed:
            ran = frozenset(r.rule for r in result.answer.inspection.receipts)
            key = key_of(digest, self._limits, self._owner)
            self._store.save(key, result.answer.inspection, ran)
        self._store.remember(handle.stamp, digest)

    def _ask(self, handle: Handle, rules: frozenset[RuleId]) -> Answer:
        with tempfile.TemporaryFile() as scratch:
            fds = (handle.fd, scratch.fileno())
            return self._answer("file", handle.size, fds, rules)

    def repository(self, body: bytes, rules: frozenset[RuleId]) -> Inspection:
        """Return what `rules` say over the facts of all files, given as JSON bytes."""
        digest = _digest_of(body)
        key = key_of(digest, self._limits, self._owner)
        known = self._store.load(key, versions())
        if known is not None and rules <= {r.rule for r in known.receipts}:
            return known
        with tempfile.TemporaryFile() as descriptor:
            descriptor.write(body)
            descriptor.flush()
            fd = os.open(f"/proc/self/fd/{descriptor.fileno()}", os.O_RDONLY | os.O_CLOEXEC)
            try:
                answer = self._answer("repository", len(body), (fd,), rules)
            finally:
                os.close(fd)
        done = {r.rule for r in answer.inspection.receipts}
        if answer.failed:
            lost = unread(answer.failed, len(body), rules - done)
            return replace(answer.inspection, receipts=(*answer.inspection.receipts, *lost))
        self._store.save(key, answer.inspection, rules)
        return answer.inspection

    def _answer(self, do: str, size: int, fds: tuple[int, ...], rules: frozenset[RuleId]) -> Answer:
        request = {"do": do, "size": size, "rules": sorted(rules), "limits": asdict(self._limits)}
        said: list[Finding | Receipt | Fact] = []
        failed, counted = "", 0
        try:
            with self._workers.worker() as worker:
                for frame in worker.ask(request, fds, self._limits.deadline(size)):
                    if "progress" in frame:
                        counted += self._progress(frame, size - counted)
                    else:
                        said.append(_checked(decode(frame), rules))
        except (WorkerError, BugError) as e:
            failed = f"the worker did not finish: {e}"
        if do == "file":
            self._watcher.read("inspect", size - counted)
        return Answer(_sorted(said), failed)

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
        whole = Inspection(tuple(findings), tuple(receipts), new.facts or known.facts)
        if self.answer.failed or not (lost := silent(whole)):
            return whole
        more = unread("the worker left no account of this rule", 0, lost)
        return replace(whole, receipts=(*whole.receipts, *more))


def _checked(word: Finding | Receipt | Fact, rules: frozenset[RuleId]) -> Finding | Receipt | Fact:
    """Return a worker's word unless it speaks for a rule that it was not asked to run."""
    if isinstance(word, Finding | Receipt) and word.rule not in rules:
        raise BugError(f"a worker answered for {word.rule!r}, which it was not asked for")
    if isinstance(word, Receipt) and word.version != versions()[word.rule]:
        raise BugError(f"a worker answered for another version of {word.rule}")
    return word


def _sorted(said: list[Finding | Receipt | Fact]) -> Inspection:
    return Inspection(
        tuple(w for w in said if isinstance(w, Finding)),
        tuple(w for w in said if isinstance(w, Receipt)),
        tuple(w for w in said if isinstance(w, Fact)),
    )


def _problem(file: SourceFile, why: str) -> FileReport:
    return FileReport(
        file.path, Digest(""), max(0, file.size), Inspection(receipts=unread(why, file.size))
    )


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
        facts.append(Fact("intended", (), data))
    return facts


def _digest_of(body: bytes) -> Digest:
    return Digest("sha256:" + hashlib.sha256(body).hexdigest())
