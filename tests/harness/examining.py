"""One file through the parent's side, with workers of a test's choice."""

import os
from contextlib import closing
from pathlib import Path

from harness.working import InProcess
from pratique.artifacts.laid import Laid
from pratique.artifacts.sources.base import SourceFile
from pratique.core.limits import Limits
from pratique.core.ports import Quiet
from pratique.core.scan import FileReport
from pratique.engine.examine import Examiner
from pratique.engine.ports import Workers
from pratique.store.sql import SqlStore, open_store


def source(path: Path, **intended: str) -> SourceFile:
    def open_it() -> int:
        return os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)

    promised = {k.replace("_", "-"): v for k, v in intended.items()}
    return SourceFile(path.name, -1, open_it, promised)


def look(
    file: SourceFile,
    workers: Workers | None = None,
    limits: Limits | None = None,
    store: SqlStore | None = None,
    laid: tuple[Laid, ...] = (),
) -> FileReport:
    with closing(store or open_store(None)) as kept:
        examiner = Examiner(kept, workers or InProcess(), limits or Limits(), Quiet())
        with closing(examiner):
            return examiner.file(file, laid)
