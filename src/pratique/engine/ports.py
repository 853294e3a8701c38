"""What the engine needs of whoever runs its workers."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol


class Asking(Protocol):
    """One worker, good for one subject."""

    def ask(
        self, request: Mapping[str, Any], fds: Sequence[int], deadline_s: float
    ) -> Iterator[dict[str, Any]]:
        """Yield the frames of the worker's answer.

        Raises:
            WorkerError: the worker died, ran out of a budget, or broke the protocol.

        """


class Workers(Protocol):
    """Makes workers, each in a jail of its own."""

    def worker(self) -> AbstractContextManager[Asking]:
        """Return a fresh worker, which ends with the block."""
