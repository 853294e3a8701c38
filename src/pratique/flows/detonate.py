"""The story of a detonation: hash, run in a sandbox, judge what was seen in a worker, account."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime

import pratique
from pratique.artifacts.sources.base import Source
from pratique.core.finding import Stage
from pratique.core.scan import Inspection, Scan
from pratique.engine.examine import Examiner
from pratique.engine.repository import bounded
from pratique.flows.asked import Asked, Detonator
from pratique.flows.early import PROGRAM
from pratique.flows.running import Running
from pratique.sandbox.workers import Zygote
from pratique.store.opening import open_store


def detonate(source: Source, asked: Asked, detonator: Detonator) -> Scan:
    """Return the account of the stage `network` alone: files are hashed, and not read.

    Raises:
        MachineError: the sandbox, the interpreter or the workers do not start.
        UsageError: the source is neither a file nor a folder of this machine.

    """
    started, engine = _now(), f"pratique {pratique.__version__}"
    listed = list(bounded(source, asked.limits.files))
    asked = replace(asked, detonator=detonator)
    running = Running(source, listed, asked)
    zygote = Zygote.start(PROGRAM, heap=asked.limits.heap_bytes)
    with zygote, closing(open_store(None)) as store:  # noqa: SIM117 - the examiner needs the store
        with closing(Examiner(store, zygote, asked.limits, asked.watcher)) as examiner:
            asked.watcher.planned(len(listed), sum(max(0, f.size) for f in listed))
            with ThreadPoolExecutor(max(1, asked.jobs), thread_name_prefix="hash") as pool:
                files = tuple(pool.map(examiner.hashed, listed))
            seen = running.seen(detonator)
            judged = running.judged(seen, examiner, files)
    return Scan(
        target=source.name,
        files=files,
        repository=Inspection(),
        jail=zygote.report,
        started=started,
        finished=_now(),
        engine=engine,
        behaviour=judged,
        detonation=seen,
        only=Stage.NETWORK,
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
