"""The story of a scan: open, read every file in a locked worker, judge the whole, account."""

from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime

import pratique
from pratique.artifacts.measures.user_rules import digest
from pratique.artifacts.sources.base import Source
from pratique.core.scan import Inspection, Scan
from pratique.engine.examine import Examiner
from pratique.engine.plan import repository_rules
from pratique.engine.repository import Rows, bounded, outcome, pinned
from pratique.flows.advice import advised
from pratique.flows.antivirus import antivirus, with_antivirus
from pratique.flows.asked import Asked
from pratique.flows.early import PROGRAM
from pratique.flows.intended import intended
from pratique.flows.reading import read
from pratique.flows.running import Running
from pratique.sandbox.workers import Zygote
from pratique.store.opening import open_store, prepare


def scan(source: Source, asked: Asked) -> Scan:
    """Return the account of an artifact's inspection.

    Raises:
        MachineError: the store or the workers cannot be started.
        UsageError: the store's folder is not the caller's own.

    """
    started, engine = _now(), f"pratique {pratique.__version__}"
    clamav = antivirus(asked)
    prepare(asked.cache)
    heap, by_user = asked.limits.heap_bytes, digest(asked.rules) if asked.rules else ""
    zygote = Zygote.start(PROGRAM, jail=asked.jail, heap=heap, given=asked.rules)
    # what a worker found that nothing held is neither believed later nor mixed with what is there
    cache = asked.cache if zygote.report.sound else None
    with zygote, closing(open_store(cache)) as store:
        by = (asked.limits, asked.watcher)
        with closing(Examiner(store, zygote, *by, by_user=by_user)) as examiner:
            rows = Rows(asked.limits)
            listed = list(bounded(source, asked.limits.files))
            running = Running(source, listed, asked)
            files = read(listed, asked, (examiner, zygote, rows))
            said = intended(files, asked)
            judges = repository_rules() if files else frozenset()
            found = examiner.repository(rows.descriptor(said), judges) if judges else Inspection()
            repository = pinned(found, files)
            matched, told_of = advised(source.name, files, repository, asked, store)
            told_of = with_antivirus(told_of, listed, files, (asked, clamav))
            seen, behaviour = running.carried_out(asked.detonator, examiner, files)
        jail = zygote.report
        if store.trouble:
            asked.watcher.noticed(store.trouble)
    told = tuple((kind, outcome(data)) for kind, data in said)
    about = (source.name, files, replace(repository, facts=()), jail, started, _now(), engine)
    return Scan(*about, told, behaviour, seen, None, told_of, matched)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
