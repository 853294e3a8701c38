"""Archives that stand one after another in one file, each whole and with its own list.

`torch.distributed.checkpoint` writes each tensor and object of a shard with `torch.save` and puts
them in a row (torch/distributed/checkpoint/filesystem.py); an index beside tells where each
begins. Read as one zip, such a file would be its last archive with much hidden in front.
"""

from pratique.artifacts.blob import Blob, cut
from pratique.artifacts.readers.zip.records import END, END_SIZE, LOCAL, LOCAL_SIZE, read_end
from pratique.core.limits import KiB

MAX_ROW = 100_000
_TAIL = END_SIZE + 64 * KiB
_ROOT = b"archive/"
_FIRST = 128
"""Most archives have no comment: their end record is looked for in this many bytes first."""


def row(blob: Blob, most: int = MAX_ROW) -> list[tuple[int, int]]:
    """Return where each archive of a row begins and ends, empty where the file is no row.

    It is one only when its archives, two or more, cover every byte between them, each beginning
    with a local header and ending with the end record of a list that begins inside it, and each
    one that torch.save wrote to a stream: it knows no file's name then, and calls the root
    `archive`. All others are a way of showing one archive to a scanner and another to a loader.
    """
    found: list[tuple[int, int]] = []
    end = blob.size
    while end > 0:
        begin = _begin(blob, end)
        if begin is None or len(found) >= most:
            return []
        found.append((begin, end))
        end = begin
    return found[::-1] if len(found) > 1 else []


def _begin(blob: Blob, end: int) -> int | None:
    """Return where the archive begins whose end record ends at `end`."""
    for reach in (_FIRST, _TAIL):
        base = max(0, end - reach)
        tail = blob.read(base, end - base)
        at = tail.rfind(END)
        if at >= 0:
            break
    else:
        return None
    told = read_end(cut(blob, 0, end), base + at)
    if told is None or told.end != end or not told.count:
        return None
    # Faults are for the archive's own reading: a zip64 record that is found by its place in the
    # whole file is another archive's.
    begins = (start - told.offset for start in told.starts)
    return max((b for b in begins if b >= 0 and _saved_to_stream(blob, b)), default=None)


def _saved_to_stream(blob: Blob, begin: int) -> bool:
    head = blob.read(begin, LOCAL_SIZE + len(_ROOT))
    return head[:4] == LOCAL and head[LOCAL_SIZE:] == _ROOT
