"""A model that is run: from where, whether it stayed the same, and what rules say of it."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pratique.artifacts.sources.base import Source, SourceFile
from pratique.artifacts.sources.file import FileSource
from pratique.artifacts.sources.folder import FolderSource
from pratique.core.errors import MachineError, UsageError
from pratique.core.scan import FileReport, Inspection
from pratique.core.trace import Detonation
from pratique.core.trace_json import dump
from pratique.engine.examine import Examiner
from pratique.engine.handle import stamps
from pratique.engine.plan import trace_rules, unread
from pratique.engine.repository import pinned
from pratique.flows.asked import Asked, Detonator
from pratique.store.ports import FileStamp

_CHANGED = "a file changed while the model was read and run, so nothing that was seen holds"


class Running:
    """One artifact's detonation. Made before its files are hashed, so that a change shows."""

    def __init__(self, source: Source, listed: Sequence[SourceFile], asked: Asked) -> None:
        """Note how the files are now, if anything will be run.

        Raises:
            UsageError: something is to be run, and the source is no file or folder of this machine.

        """
        self._source, self._listed, self._watcher = source, listed, asked.watcher
        self._before: dict[str, FileStamp | None] = {}
        if asked.detonator is not None:
            self._place()  # before anything long is begun
            self._before = stamps(listed)

    def _place(self) -> Path:
        if isinstance(self._source, (FileSource, FolderSource)):
            return self._source.path
        says = f"{self._source.name!r}: only a file or a folder of this machine can be detonated"
        raise UsageError(f"{says}; download the model, then name its folder")

    def carried_out(
        self, detonator: Detonator | None, examiner: Examiner, files: tuple[FileReport, ...]
    ) -> tuple[Detonation | None, Inspection]:
        """Return what was seen and what rules say of it, nothing where nobody asked for it.

        A sandbox that fails is told as such: what was read before it is not lost with it.
        """
        if detonator is None:
            return None, Inspection()
        try:
            seen = self.seen(detonator)
        except MachineError as e:
            seen = Detonation(tier="", unloaded=(("", f"could not be run: {e}; {e.hint()}"),))
        return seen, self.judged(seen, examiner, files)

    def seen(self, detonator: Detonator) -> Detonation:
        """Return what was seen.

        Raises:
            MachineError: the sandbox or the interpreter does not start.

        """
        return detonator.run(self._place(), self._watcher)

    def judged(
        self, seen: Detonation, examiner: Examiner, files: tuple[FileReport, ...]
    ) -> Inspection:
        """Return what the rules say; no check is full if the files did not stay the same."""
        told = pinned(examiner.trace(dump(seen)), files)
        if stamps(self._listed) == self._before:
            return told
        return replace(told, receipts=unread(_CHANGED, seen.size, trace_rules()))
