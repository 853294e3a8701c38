"""Account for every byte of a subject: the union of claims, and the gaps between them."""

from collections.abc import Iterator, Sequence

from pratique.artifacts.blob import blocks, cut
from pratique.artifacts.reader import Subject
from pratique.artifacts.views import Layout, ReaderNote
from pratique.core.limits import KiB

MAX_GAPS = 100
PADDING = 4 * KiB
"""A run of zeros shorter than this between claims is alignment, and silent."""


def layout_of(subject: Subject, notes: Sequence[ReaderNote]) -> Layout:
    """Return the layout of a subject: which reader claimed what, and what nobody claimed."""
    claims = [(c.start, min(c.end, subject.size)) for note in notes for c in note.claims]
    gaps = [_gap(subject, start, end) for start, end in uncovered(claims, subject.size)]
    gaps = [g for g in gaps if g[2] != "zeros" or g[1] - g[0] >= PADDING]
    lost = sum(end - start for start, end, kind in gaps if kind != "zeros")
    partial = ""
    if lost and not subject.opaque:
        partial = f"{lost} of {subject.size} bytes that no reader accounts for"
        if lost == subject.size:
            partial = "no reader knows this format"
    return Layout(
        size=subject.size,
        readers=tuple(notes),
        gaps=tuple(gaps[:MAX_GAPS]),
        opaque=subject.opaque,
        covered=subject.size - (0 if subject.opaque else lost),
        partial=partial,
    )


def uncovered(claims: Sequence[tuple[int, int]], size: int) -> Iterator[tuple[int, int]]:
    """Yield the (start, end) runs of `0..size` that no claim covers, in order."""
    at = 0
    for start, end in sorted(claims):
        if start > at:
            yield at, start
        at = max(at, end)
    if at < size:
        yield at, size


def _gap(subject: Subject, start: int, end: int) -> tuple[int, int, str]:
    for _, block in blocks(cut(subject.blob, start, end)):
        if block.tobytes().strip(b"\0"):
            return start, end, "bytes"
    return start, end, "zeros"
