"""The one pass over a subject's bytes: signatures, tensor statistics and texts together."""

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any

from pratique.artifacts.blob import Blob, MemoryBlob
from pratique.artifacts.measures import secret_atoms, signatures, statistics, text_runs
from pratique.artifacts.reader import View
from pratique.artifacts.views import (
    SignatureHits,
    TensorSpan,
    TensorTable,
    TensorText,
    WeightStatistics,
)
from pratique.core.limits import MiB

BLOCK = 4 * MiB
"""Bytes read at a time: large enough for yara-x, small enough to stay near the processor."""
LOOK_BACK = signatures.LOOK_BACK
LOOK_AHEAD = max(signatures.LOOK_AHEAD, statistics.LOOK_AHEAD, secret_atoms.BLOCK_KEY)
MAX_REGIONS = 100_000


@cache
def _scanner() -> Any:  # noqa: ANN401 - yara_x is imported late and has no name here
    return signatures.compile_atoms()


@cache
def _marks() -> Any:  # noqa: ANN401 - as above
    return secret_atoms.compile_atoms()


def warm() -> None:
    """Compile signatures and load native code before the worker is locked down.

    A first small pass takes every branch once, so that nothing is imported later.
    """
    _scanner()
    _marks()
    words = ("f64", "f32", "f16", "bf16", "f8_e4m3", "f8_e5m2", "i16", "u8", "q4_1", "mxfp4")
    body = b"PK\3\4" + bytes(range(256)) * 512 + bytes(range(32, 96)) * 32
    for size in (720, 80):
        spans = [
            TensorSpan(word, word, (), 720 * i + at, 720 * i + at + size)
            for i, word in enumerate(words)
            for at in range(0, 720, size)
        ]
        list(measure(MemoryBlob(body), [TensorTable(source="warm", tensors=tuple(spans))], _deaf))


def _deaf(count: int) -> None:
    del count


def measure(
    blob: Blob, tables: Sequence[TensorTable], progress: Callable[[int], None]
) -> Iterator[View]:
    """Yield SignatureHits over all of `blob`; where there are tensors, statistics and texts, too.

    `progress` is told the bytes read since it was last told.
    """
    search = signatures.SignatureSearch(_scanner())
    spans = [span for table in tables for span in table.tensors]
    measured = statistics.TensorStatistics(spans, blob.size)
    texts = text_runs.TextRuns(measured.spans)
    regions = _regions(measured)
    secrets = secret_atoms.SecretSearch(_marks(), list(regions))
    for at in range(0, blob.size, BLOCK):
        base = max(0, at - LOOK_BACK)
        end = min(blob.size, at + BLOCK)
        window = blob.read(base, end + LOOK_AHEAD - base)
        search.window(base, window, at - base, end - base)
        measured.window(base, window, at - base, end - base)
        texts.window(base, window, at - base, end - base)
        secrets.window(base, window, at - base, end - base)
        progress(end - at)
    yield SignatureHits(
        hits=search.hits(),
        regions=regions,
        covered=blob.size,
        partial=search.partial,
    )
    yield secrets.view(blob.size)
    if tables:
        lost = [table.partial for table in tables if table.partial]
        if measured.skipped:
            lost.append(f"{measured.skipped} tensors that share bytes or lie outside")
        yield WeightStatistics(
            tensors=tuple(measured.result()), covered=blob.size, partial="; ".join(lost)
        )
        yield TensorText(
            runs=texts.runs(),
            covered=blob.size,
            partial="; ".join([*lost, *filter(None, [texts.partial])]),
        )


def _regions(measured: statistics.TensorStatistics) -> tuple[tuple[int, int], ...]:
    """Return the byte runs that hold tensors, neighbours joined."""
    runs: list[list[int]] = []
    for span in measured.spans:
        if runs and (span.start <= runs[-1][1] or len(runs) >= MAX_REGIONS):
            runs[-1][1] = max(runs[-1][1], span.end)
        else:
            runs.append([span.start, span.end])
    return tuple((start, end) for start, end in runs)
