"""The one pass over a subject's bytes: signatures and tensor statistics together."""

from collections.abc import Callable, Iterator, Sequence

from pratique.artifacts.blob import Blob, blocks
from pratique.artifacts.reader import View
from pratique.artifacts.views import TensorTable


def warm() -> None:
    """Compile signatures and load native code before the worker is locked down."""


def measure(
    blob: Blob, tables: Sequence[TensorTable], progress: Callable[[int], None]
) -> Iterator[View]:
    """Yield SignatureHits over all of `blob`, and WeightStatistics where there are tensors.

    `progress` is told the bytes read since it was last told.
    """
    del tables
    for _, block in blocks(blob):
        progress(len(block))
    yield from ()
