"""The story of a scan: open, read every file in a worker of its own, judge the whole, account."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime

import pratique
from pratique.artifacts.sources.base import Source, SourceFile
from pratique.core.limits import Limits
from pratique.core.scan import FileReport, Inspection, Scan
from pratique.engine.examine import Examiner
from pratique.engine.plan import repository_rules
from pratique.engine.repository import Said, compared, descriptor, outcome, too_many
from pratique.flows.asked import Asked
from pratique.flows.early import PROGRAM
from pratique.sandbox.workers import Zygote
from pratique.store.opening import open_store, prepare


def scan(source: Source, asked: Asked) -> Scan:
    """Return the account of an artifact's inspection.

    Raises:
        MachineError: the store or the workers cannot be started.
        UsageError: the store's folder is not the caller's own.

    """
    started, engine = _now(), f"pratique {pratique.__version__}"
    prepare(asked.cache)
    zygote = Zygote.start(PROGRAM, jail=asked.jail, heap=asked.limits.heap_bytes)
    with zygote, closing(open_store(asked.cache)) as store:
        with closing(Examiner(store, zygote, asked.limits, asked.watcher)) as examiner:
            files = _read(source, asked, examiner)
            said = (*_expected(files, asked), *_published(files, asked))
            repository = _judge(files, said, asked.limits, examiner)
        jail = zygote.report
    told = tuple((kind, outcome(data)) for kind, data in said)
    return Scan(source.name, files, repository, jail, started, _now(), engine, told)


def _read(source: Source, asked: Asked, examiner: Examiner) -> tuple[FileReport, ...]:
    listed = list(_bounded(source, asked.limits.files))
    asked.watcher.planned(len(listed), sum(max(0, f.size) for f in listed))
    with ThreadPoolExecutor(max(1, asked.jobs), thread_name_prefix="examine") as pool:
        return tuple(pool.map(examiner.file, listed))


def _bounded(source: Source, most: int) -> Iterator[SourceFile]:
    for count, file in enumerate(source.files()):
        if count == most:
            yield too_many(most)
            return
        yield file


def _expected(files: tuple[FileReport, ...], asked: Asked) -> tuple[Said, ...]:
    if asked.expect is None:
        return ()
    return (("expected-digest", compared(asked.expect, files)),)


def _published(files: tuple[FileReport, ...], asked: Asked) -> tuple[Said, ...]:
    if asked.publisher is None:
        return ()
    return (asked.publisher.said({f.path: f.digest.removeprefix("sha256:") for f in files}),)


def _judge(
    files: tuple[FileReport, ...], said: tuple[Said, ...], limits: Limits, examiner: Examiner
) -> Inspection:
    rules = repository_rules()
    if not rules or not files:
        return Inspection()
    return examiner.repository(descriptor(files, said, limits), rules)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
