"""Every file read, a few at a time; those that tell of others first."""

from concurrent.futures import ThreadPoolExecutor

from pratique.artifacts.laid import first
from pratique.artifacts.sources.base import SourceFile
from pratique.core.scan import FileReport
from pratique.engine.company import companies
from pratique.engine.examine import Examiner
from pratique.engine.repository import Rows
from pratique.flows.asked import Asked
from pratique.sandbox.workers import Zygote


def read(
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
