"""The story of a scan: open, read every file in a locked worker, judge the whole, account."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime

import pratique
from pratique.artifacts.laid import first
from pratique.artifacts.sources.base import Source, SourceFile
from pratique.core.scan import FileReport, Inspection, Scan
from pratique.engine.company import companies
from pratique.engine.examine import Examiner
from pratique.engine.plan import repository_rules
from pratique.engine.repository import Rows, Said, bounded, compared, outcome, pinned
from pratique.flows.advice import advised
from pratique.flows.asked import Asked
from pratique.flows.early import PROGRAM
from pratique.flows.running import Running
from pratique.sandbox.workers import Zygote
from pratique.store.opening import open_store, prepare

_NOTHING = Inspection()


def scan(source: Source, asked: Asked) -> Scan:
    """Return the account of an artifact's inspection.

    Raises:
        MachineError: the store or the workers cannot be started.
        UsageError: the store's folder is not the caller's own.

    """
    started, engine = _now(), f"pratique {pratique.__version__}"
    prepare(asked.cache)
    zygote = Zygote.start(PROGRAM, jail=asked.jail, heap=asked.limits.heap_bytes)
    # what a worker found that nothing held is neither believed later nor mixed with what is there
    cache = asked.cache if zygote.report.sound else None
    with zygote, closing(open_store(cache)) as store:
        with closing(Examiner(store, zygote, asked.limits, asked.watcher)) as examiner:
            rows = Rows(asked.limits)
            listed = list(bounded(source, asked.limits.files))
            running = Running(source, listed, asked)
            files = _read(listed, asked, (examiner, zygote, rows))
            said = (*_expected(files, asked), *_published(files, asked))
            judges = repository_rules() if files else frozenset()
            repository = examiner.repository(rows.descriptor(said), judges) if judges else _NOTHING
            repository = pinned(repository, files)
            matched, told_of = advised(source.name, files, repository, asked, store)
            seen, behaviour = running.carried_out(asked.detonator, examiner, files)
        jail = zygote.report
        if store.trouble:
            asked.watcher.noticed(store.trouble)
    told = tuple((kind, outcome(data)) for kind, data in said)
    repository = replace(repository, facts=())
    about = (source.name, files, repository, jail, started, _now(), engine, told)
    return Scan(*about, behaviour, seen, None, told_of, matched)


def _read(
    listed: list[SourceFile], asked: Asked, by: tuple[Examiner, Zygote, Rows]
) -> tuple[FileReport, ...]:
    """Return the reports of all files, in their order; those that tell of others are read first."""
    examiner, zygote, rows = by

    def examined(together: list[SourceFile]) -> list[FileReport]:
        with examiner.company() as company:
            shared = company if len(together) > 1 else None
            laid = (rows.laid(file.path) for file in together)
            told = (examiner.file(f, by, shared) for f, by in zip(together, laid, strict=True))
            return [rows.take(one) for one in told]

    early = [file for file in listed if first(file.path)]
    late = [file for file in listed if not first(file.path)]
    asked.watcher.planned(len(listed), sum(max(0, f.size) for f in listed))
    with ThreadPoolExecutor(max(1, asked.jobs), thread_name_prefix="examine") as pool:
        try:
            told = [
                one
                for group in (early, late)
                for some in pool.map(examined, companies(group))
                for one in some
            ]
        except BaseException:  # Ctrl-C: no file's deadline is waited for
            examiner.stop()
            zygote.close()
            raise
    by_place = dict(zip(map(id, [*early, *late]), told, strict=True))
    return tuple(by_place[id(file)] for file in listed)


def _expected(files: tuple[FileReport, ...], asked: Asked) -> tuple[Said, ...]:
    if asked.expect is None:
        return ()
    return (("expected-digest", compared(asked.expect, files)),)


def _published(files: tuple[FileReport, ...], asked: Asked) -> tuple[Said, ...]:
    if asked.publisher is None:
        return ()
    return (asked.publisher.said({f.path: f.digest.removeprefix("sha256:") for f in files}),)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
