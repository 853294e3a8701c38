"""Workers for tests of the parent's side: the real program in this process, or a scripted one."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

from pratique.engine import worker as program
from pratique.engine.ports import Asking

Script = Callable[[Mapping[str, Any]], Iterator[dict[str, Any]]]


@dataclass(slots=True)
class InProcess:
    """Answers with the real program; counts what it was asked."""

    asked: list[dict[str, Any]] = field(default_factory=list)

    def worker(self) -> AbstractContextManager[Asking]:
        return nullcontext(self)

    def ask(
        self, request: Mapping[str, Any], fds: Sequence[int], deadline_s: float
    ) -> Iterator[dict[str, Any]]:
        assert deadline_s > 0
        self.asked.append(dict(request))
        frames: list[dict[str, Any]] = []
        program.serve(request, fds, lambda frame: frames.append(dict(frame)))
        yield from frames


@dataclass(slots=True)
class Scripted:
    """Answers what a test says."""

    script: Script

    def worker(self) -> AbstractContextManager[Asking]:
        return nullcontext(self)

    def ask(
        self, request: Mapping[str, Any], fds: Sequence[int], deadline_s: float
    ) -> Iterator[dict[str, Any]]:
        assert fds
        assert deadline_s > 0
        yield from self.script(request)
