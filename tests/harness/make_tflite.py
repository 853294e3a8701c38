"""Make small TensorFlow Lite models by hand: flatbuffers, each table before what it holds."""

from collections.abc import Mapping, Sequence
from typing import Any

Table = Mapping[int, Any]
"""Values by field: a 32-bit number, a text, bytes, numbers, tables; or a number and its width."""
STRING = 5


def flat(root: Table, mark: bytes = b"TFL3") -> bytes:
    out = bytearray(4) + mark
    out[:4] = _table(out, root).to_bytes(4, "little")
    return bytes(out) + bytes(-len(out) % 16)


def _align(out: bytearray) -> None:
    out += bytes(-len(out) % 4)


def _table(out: bytearray, table: Table) -> int:
    """Append a table and all it holds; return where it stands."""
    _align(out)
    count = max(table, default=-1) + 1
    places, at = [0] * count, 4
    for field, value in sorted(table.items()):
        places[field] = at
        at += max(4, value[1]) if isinstance(value, tuple) else 4
    shape = len(out)
    for number in (4 + 2 * count, at, *places):
        out += number.to_bytes(2, "little")
    _align(out)
    start = len(out)
    out += (start - shape).to_bytes(4, "little") + bytes(at - 4)
    for field, value in sorted(table.items()):
        where = start + places[field]
        if isinstance(value, int | tuple):
            number, width = value if isinstance(value, tuple) else (value, 4)
            out[where : where + width] = number.to_bytes(width, "little")
        else:
            out[where : where + 4] = (_held(out, value) - where).to_bytes(4, "little")
    return start


def _held(out: bytearray, value: str | bytes | list[Any]) -> int:
    _align(out)
    start = len(out)
    out += len(value).to_bytes(4, "little")
    if isinstance(value, str | bytes):
        out += value.encode() + b"\0" if isinstance(value, str) else value
        return start
    out += bytes(4 * len(value))
    for number, one in enumerate(value):
        where = start + 4 + 4 * number
        held = one if isinstance(one, int) else _table(out, one) - where
        out[where : where + 4] = (held & 0xFFFFFFFF).to_bytes(4, "little")
    return start


def strings(*texts: str) -> bytes:
    """Return a buffer of texts as TensorFlow Lite keeps them."""
    at, offsets = 4 + 4 * (len(texts) + 1), []
    for text in texts:
        offsets.append(at)
        at += len(text)
    numbers = (len(texts), *offsets, at)
    return b"".join(n.to_bytes(4, "little") for n in numbers) + "".join(texts).encode()


def model(
    custom: Sequence[str] = (), texts: Sequence[str] = (), options: bytes = b"", weights: int = 8
) -> bytes:
    """Return a model of one addition, then custom operators, each given all texts."""
    buffers: list[Table] = [{}, {0: bytes(range(weights))}]
    tensors: list[Table] = [{0: [2], 1: (0, 1), 2: 1, 3: "w"}]
    for text in texts:
        tensors.append({0: [1], 1: (STRING, 1), 2: len(buffers), 3: "text"})
        buffers.append({0: strings(text)})
    codes: list[Table] = [{3: 0}]
    codes += [{0: (32, 1), 1: name, 3: 32} for name in custom]
    given = list(range(1, len(tensors)))
    ops: list[Table] = [{0: 0, 1: [0, 0], 2: [0]}]
    ops += [{0: n + 1, 1: given, 2: [0], 5: options} for n in range(len(custom))]
    graph: Table = {0: tensors, 1: [0], 2: [0], 3: ops, 4: "main"}
    return flat({0: 3, 1: codes, 2: [graph], 3: "made by hand", 4: buffers})
