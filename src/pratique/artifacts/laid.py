"""What a file without a header holds, as the file beside it says: a checkpoint, a weight shard.

Who reads the index tells it as a fact; who reads the other file is handed it. It is believed as far
as a header would be: the bytes are measured, and those that no tensor takes stay unaccounted for.
"""

import posixpath
import re
from collections.abc import Iterator
from typing import NamedTuple

LAID = "laid"
"""The fact: `{"ending": ENDING, "files": {NAME: [[name, dtype, shape, start, size], ...]}}`.

A name stands beside the file that has the fact; with an ending, it takes the place of that ending.
An empty dtype is for what is no tensor of numbers, a size of -1 goes to the end of the file.
"""
REST = -1
MAX_ROWS = 20_000
MAX_FILES = 10_000
MAX_TOLD = 500_000
"""Tensors of all such files together that the parent keeps."""
MAX_NAME = 300
MAX_DIMS = 64
_MOST = 1 << 62
_WIDTH = 5
MAX_LATE = 10_000
"""Members of an archive that wait for those that may tell of them."""
_LATE = re.compile(r"\.data-\d{5}-of-\d{5}$|shard-?\d+(?:of\d+)?(?:\.bin)?$")
FIRST = (".index", "model.json", "manifest.json", ".xml", ".onnx")
"""How the names of files end that are read first, because they may tell of others."""


class Laid(NamedTuple):
    """One tensor of such a file."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    start: int
    size: int


def first(path: str) -> bool:
    """Tell whether a file is to be read before those that it may tell of."""
    return path.endswith(FIRST)


def late(path: str) -> bool:
    """Tell whether a file may be told of by another that stands behind it in an archive."""
    return _LATE.search(path) is not None


def told(path: str, data: object) -> Iterator[tuple[str, tuple[Laid, ...]]]:
    """Yield (path, tensors) of each file that the fact `data` of the file at `path` tells of.

    Whatever is not as it should be is left out: then nobody knows that file, and it says so.
    """
    if not isinstance(data, dict):
        return
    ending, files = data.get("ending"), data.get("files")
    if not isinstance(ending, str) or not isinstance(files, dict) or len(files) > MAX_FILES:
        return
    if not path.endswith(ending):
        return
    for name, rows in files.items():
        if not isinstance(name, str) or not isinstance(rows, list) or len(rows) > MAX_ROWS:
            continue
        where = path.removesuffix(ending) + name if ending else _beside(path, name)
        laid = tuple(_laid(row) for row in rows)
        if where and None not in laid:
            yield where, tuple(one for one in laid if one is not None)


def _beside(path: str, name: str) -> str:
    where = posixpath.normpath(posixpath.join(posixpath.dirname(path), name))
    return "" if name.startswith("/") or where.startswith("..") else where


def _laid(row: object) -> Laid | None:
    if not isinstance(row, (list, tuple)) or len(row) != _WIDTH:
        return None
    name, dtype, shape, start, size = row
    if not isinstance(name, str) or not isinstance(dtype, str) or not isinstance(shape, list):
        return None
    numbers = [*shape, start, 0 if size == REST else size]
    if len(shape) > MAX_DIMS or not all(type(n) is int and 0 <= n < _MOST for n in numbers):
        return None
    return Laid(name[:MAX_NAME], dtype, tuple(shape), start, size)


def rows_of(laid: tuple[Laid, ...]) -> list[list[object]]:
    """Return tensors as JSON, as `laid_of` takes them."""
    return [[one.name, one.dtype, list(one.shape), one.start, one.size] for one in laid]


def laid_of(rows: object) -> tuple[Laid, ...]:
    """Return the tensors of such JSON, none where it is not sound."""
    found = [_laid(row) for row in rows[:MAX_ROWS]] if isinstance(rows, list) else []
    return tuple(one for one in found if one is not None)
