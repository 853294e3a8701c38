"""Which small files of one artifact share a worker, and what that does to their results.

Forking and locking a worker costs more than reading most small files. So small files that follow
one another in the same artifact are read by one worker. The first of them could take it over and
lie about the later ones; nothing more than about its own artifact, though, for a result is kept
under a key that names every file which that worker may have read before (ADR 30).
"""

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Self

from pratique.artifacts.sources.base import SourceFile
from pratique.core.finding import Digest
from pratique.core.limits import KiB, MiB
from pratique.engine.ports import Asking, Workers

SMALL = 256 * KiB
"""A larger file takes longer to read than a worker takes to come."""

MOST, MOST_BYTES = 32, 4 * MiB
"""Files, and bytes of them, that share a worker."""

_ONE_IN = 16


def companies(files: Iterable[SourceFile]) -> Iterator[list[SourceFile]]:
    """Yield the files in their order, those that share a worker together.

    Where one company ends depends on the paths: a file that comes or goes changes the company it is
    in, and not all those after it.
    """
    open_: list[SourceFile] = []
    room = MOST_BYTES
    for file in files:
        if not 0 <= file.size <= min(SMALL, room) or len(open_) == MOST:
            if open_:
                yield open_
            open_, room = [], MOST_BYTES
        open_.append(file)
        room -= max(0, file.size)
        if not 0 <= file.size <= SMALL or _last(file.path):
            yield open_
            open_, room = [], MOST_BYTES
    if open_:
        yield open_


def _last(path: str) -> bool:
    told = hashlib.sha256(path.encode("utf-8", "surrogateescape")).digest()
    return told[0] % _ONE_IN == 0


class Company:
    """The one worker of several files, forked when the first of them needs it.

    For one thread. Closing it ends the worker.
    """

    def __init__(self, workers: Workers) -> None:
        self._workers = workers
        self._entered: AbstractContextManager[Asking] | None = None
        self._worker: Asking | None = None
        self._before = hashlib.sha256()
        self._any = False

    @property
    def before(self) -> str:
        """Return a digest of the files that came before, in their order; empty for none."""
        return self._before.hexdigest() if self._any else ""

    @property
    def begun(self) -> bool:
        """Tell whether the worker has been lent before."""
        return self._worker is not None

    def passed(self, digest: Digest) -> None:
        """Note that the worker may have read these bytes."""
        self._before.update(digest.encode())
        self._any = True

    @contextmanager
    def worker(self) -> Iterator[Asking]:
        """Lend the worker for one file; whatever is raised within ends it.

        Raises:
            MachineError: no worker can be had.

        """
        if self._worker is None:
            self._entered = self._workers.worker()
            self._worker = self._entered.__enter__()
        try:
            yield self._worker
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End the worker; twice does no harm, and the next file gets a fresh one."""
        entered, self._entered, self._worker = self._entered, None, None
        if entered is not None:
            entered.__exit__(None, None, None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
