"""Make small files of MessagePack, Arrow and Parquet, by hand."""

import base64
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.make_onnx import number
from harness.make_tflite import Table, Vector, flat

MORE = b"\xff\xff\xff\xff"
ROWS = 2


@dataclass(frozen=True)
class Ext:
    """A value of MessagePack with a code of its own."""

    code: int
    body: bytes


def pack(value: object) -> bytes:
    """Return a value in MessagePack; lengths take four bytes, except those of short words."""
    if isinstance(value, Ext):
        return b"\xc9" + struct.pack(">IB", len(value.body), value.code) + value.body
    if isinstance(value, dict):
        rows = b"".join(pack(k) + pack(v) for k, v in value.items())
        return bytes([0x80 | len(value)]) + rows
    if isinstance(value, list | tuple):
        return bytes([0x90 | len(value)]) + b"".join(map(pack, value))
    if isinstance(value, bytes):
        return b"\xc6" + struct.pack(">I", len(value)) + value
    if isinstance(value, str):
        raw = value.encode()
        short = len(raw) < 32
        return (bytes([0xA0 | len(raw)]) if short else b"\xdb" + struct.pack(">I", len(raw))) + raw
    if isinstance(value, int):
        return bytes([value]) if 0 <= value < 128 else b"\xce" + struct.pack(">I", value)
    return b"\xc0"


def array(*shape: int, body: bytes | None = None, dtype: str = "float32") -> Ext:
    """Return an array as Flax packs it."""
    count = 4
    for size in shape:
        count *= size
    return Ext(1, pack([list(shape), dtype, bytes(count) if body is None else body]))


def field(name: str, pairs: Mapping[str, str | bytes] | None = None, *inside: Table) -> Table:
    return {0: name, 5: list(inside), 6: metadata(pairs)}


def metadata(pairs: Mapping[str, str | bytes] | None) -> list[Table]:
    return [{0: key, 1: value} for key, value in (pairs or {}).items()]


def extension(name: str, kind: str, told: str | bytes) -> Table:
    return field(name, {"ARROW:extension:name": kind, "ARROW:extension:metadata": told})


def schema(*fields: Table, pairs: Mapping[str, str | bytes] | None = None) -> Table:
    return {0: (0, 2), 1: list(fields) or [field("a")], 2: metadata(pairs)}


def message(kind: int, header: Table, body: bytes = b"") -> bytes:
    told = flat({0: (4, 2), 1: (kind, 1), 2: header, 3: (len(body), 8)}, b"")
    return MORE + struct.pack("<i", len(told)) + told + body


def batch(body: bytes = bytes(16), *buffers: tuple[int, int]) -> bytes:
    rows = buffers or ((0, 0), (0, len(body)))
    raw = b"".join(struct.pack("<qq", *row) for row in rows)
    return message(3, {0: (ROWS, 8), 2: Vector(len(rows), raw)}, body)


def arrows(told: Table | None = None, *batches: bytes) -> bytes:
    """Return a stream."""
    return message(1, told or schema()) + b"".join(batches or [batch()]) + MORE + bytes(4)


def arrow(told: Table | None = None, *batches: bytes, names: Sequence[int] = ()) -> bytes:
    """Return a file, whose footer names its batches, or those given instead."""
    told, batches = told or schema(), batches or (batch(),)
    body, at = b"ARROW1\0\0" + message(1, told), []
    for one in batches:
        at.append(len(body))
        body += one
    raw = b"".join(struct.pack("<qiiq", place, 0, 0, 0) for place in names or at)
    footer = flat({0: (4, 2), 1: told, 3: Vector(len(raw) // 24, raw)}, b"")
    return body + MORE + bytes(4) + footer + struct.pack("<i", len(footer)) + b"ARROW1"


def thrift(told: Mapping[int, Any]) -> bytes:
    """Return a struct of Thrift's compact protocol: numbers, texts, structs, lists of them."""
    out, last = b"", 0
    for key, value in sorted(told.items()):
        out += bytes([key - last << 4 | _sort(value)]) + _value(value)
        last = key
    return out + b"\0"


def _sort(value: object) -> int:
    if isinstance(value, int):
        return 6
    return 12 if isinstance(value, Mapping) else 9 if isinstance(value, list) else 8


def _value(value: Any) -> bytes:  # noqa: ANN401 - what a field may hold
    if isinstance(value, int):
        return number(value * 2 if value >= 0 else -value * 2 - 1)
    if isinstance(value, Mapping):
        return thrift(value)
    if isinstance(value, list):
        head = bytes([0xF0 | (_sort(value[0]) if value else 12)]) + number(len(value))
        return head + b"".join(map(_value, value))
    raw = value.encode() if isinstance(value, str) else value
    return number(len(raw)) + raw


def page(body: bytes = bytes(8), **told: int) -> bytes:
    size = told.get("size", len(body))
    return thrift({1: told.get("kind", 0), 2: len(body), 3: size, 5: {1: ROWS}}) + body


def parquet(
    pages: bytes | None = None,
    *,
    pairs: Mapping[str, str | bytes] | None = None,
    column: Mapping[int, Any] | None = None,
    chunk: Mapping[int, Any] | None = None,
) -> bytes:
    """Return a file of one column; `column` and `chunk` replace what the footer says of it."""
    pages = page() if pages is None else pages
    about = {1: 1, 3: ["a"], 4: 0, 5: ROWS, 6: len(pages), 7: len(pages), 9: 4, **(column or {})}
    footer = {
        1: 2,
        2: [{4: "schema", 5: 1}, {1: 1, 4: "a"}],
        3: ROWS,
        4: [{1: [{2: 0, 3: about, **(chunk or {})}], 2: len(pages), 3: ROWS}],
        5: [{1: key, 2: value} for key, value in (pairs or {}).items()],
        6: "harness",
    }
    told = thrift(footer)
    return b"PAR1" + pages + told + struct.pack("<I", len(told)) + b"PAR1"


def with_schema(*fields: Table) -> bytes:
    """Return a Parquet file that carries an Arrow schema of these fields."""
    body = message(1, schema(*fields))
    return parquet(pairs={"ARROW:schema": base64.b64encode(body).decode()})
