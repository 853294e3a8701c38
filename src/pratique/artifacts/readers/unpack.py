"""Give a packed member a place to be read from, under the budget of the whole file."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from pratique.artifacts.blob import SMALL, Blob
from pratique.artifacts.reader import Subject
from pratique.artifacts.readers.inflate import Progress
from pratique.core.errors import LimitExceededError

Unpacker = Callable[[Progress], Iterator[bytes]]


@contextmanager
def unpacked(subject: Subject, chunks: Unpacker, most: int) -> Iterator[tuple[Blob, Progress]]:
    """Hold what `chunks` yields, at most `most` bytes of it, until the block ends.

    Where the scratch space is too small, the first few MiB are held and the progress says `over`.
    """
    with ExitStack() as stack:
        state = Progress()
        try:
            held = subject.scratch.unpack(_metered(subject, chunks, most, state))
            blob = stack.enter_context(held)
        except LimitExceededError:
            state = Progress()
            few = min(SMALL, most, subject.budget.left)
            held = subject.scratch.unpack(_metered(subject, chunks, few, state))
            blob = stack.enter_context(held)
            state.over = True
        yield blob, state


def allowance(subject: Subject, declared: int) -> int:
    """Return how many bytes a member that says it has `declared` may unpack to.

    One that fits gets a little more, so that content past its declared size is seen. One that does
    not fit gets no more than half of what is left: it must not hide its neighbours.
    """
    left = subject.budget.left
    if declared <= left:
        return declared + min(SMALL, left - declared)
    return min(SMALL, left // 2)


def _metered(subject: Subject, chunks: Unpacker, most: int, state: Progress) -> Iterator[bytes]:
    done = 0
    for chunk in chunks(state):
        kept = chunk[: most - done]
        subject.budget.take_bytes(len(kept))
        done += len(kept)
        yield kept
        if len(kept) < len(chunk):
            state.over = True
            return
