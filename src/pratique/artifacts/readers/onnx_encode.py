"""Writes an ONNX model that came as a tree of names and values in the binary format again."""

import base64
import binascii
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pratique.artifacts.readers.onnx_shapes import SHAPES, Part
from pratique.artifacts.readers.protobuf import BYTES, FIXED32, FIXED64, VARINT
from pratique.core.errors import LimitExceededError, MalformedError

MAX_DEPTH = 100
MAX_FIELDS = 3_000_000
_ENUMS = {"EXTERNAL": 1, "FLOAT": 1, "INT": 2, "STRING": 3, "TENSOR": 4, "GRAPH": 5, "FLOATS": 6}
_ENUMS |= {"INTS": 7, "STRINGS": 8, "TENSORS": 9, "GRAPHS": 10}
_DOC, _META = {"doc_string": 6}, {"metadata_props": 16}
_VALUE = {"name": 1, "type": 2, "doc_string": 3}
NAMES: dict[str, dict[str, int]] = {
    "model": {
        "ir_version": 1,
        "producer_name": 2,
        "producer_version": 3,
        "domain": 4,
        "model_version": 5,
        "graph": 7,
        "opset_import": 8,
        "metadata_props": 14,
        "training_info": 20,
        "functions": 25,
        **_DOC,
    },
    "graph": {
        "node": 1,
        "name": 2,
        "initializer": 5,
        "doc_string": 10,
        "input": 11,
        "output": 12,
        "sparse_initializer": 15,
        **_META,
    },
    "node": {
        "input": 1,
        "output": 2,
        "name": 3,
        "op_type": 4,
        "attribute": 5,
        "domain": 7,
        "metadata_props": 9,
        **_DOC,
    },
    "attribute": {
        "name": 1,
        "f": 2,
        "i": 3,
        "s": 4,
        "t": 5,
        "g": 6,
        "floats": 7,
        "ints": 8,
        "strings": 9,
        "tensors": 10,
        "graphs": 11,
        "doc_string": 13,
        "sparse_tensor": 22,
        "sparse_tensors": 23,
    },
    "tensor": {
        "dims": 1,
        "data_type": 2,
        "float_data": 4,
        "int32_data": 5,
        "string_data": 6,
        "int64_data": 7,
        "name": 8,
        "raw_data": 9,
        "double_data": 10,
        "doc_string": 12,
        "external_data": 13,
        "data_location": 14,
        **_META,
    },
    "sparse": {"values": 1, "indices": 2, "dims": 3},
    "pair": {"key": 1, "value": 2},
    "meta": {"key": 1, "value": 2},
    "opset": {"domain": 1, "version": 2},
    "training": {"initialization": 1, "algorithm": 2},
    "function": {
        "name": 1,
        "input": 4,
        "output": 5,
        "node": 7,
        "doc_string": 8,
        "opset_import": 9,
        "domain": 10,
        "attribute_proto": 11,
        "metadata_props": 14,
    },
    "value_in": _VALUE,
    "value_out": {"name": 1, "doc_string": 3},
    "type": {"tensor_type": 1},
    "tensor_type": {"elem_type": 1, "shape": 2},
    "shape": {"dim": 1},
    "dim": {"dim_value": 1, "dim_param": 2},
}
"""Fields by name. One of another name holds nothing that rules look at, or is none of ONNX."""
_BYTES = {"s", "strings", "string_data", "raw_data"}
Tree = Mapping[str, object]


@dataclass(slots=True)
class _Open:
    kind: str
    rows: Iterator[tuple[str, object]]
    out: bytearray
    number: int = 0


def encoded(tree: Tree, *, base64_bytes: bool) -> bytes:
    """Return the model of a tree: `base64_bytes` tells how it writes fields of bytes.

    Raises:
        LimitExceededError: deeper, or more fields, than are followed.
        MalformedError: a value is none of its field.

    """
    stack, count = [_Open("model", _rows(tree), bytearray())], 0
    while True:
        top = stack[-1]
        name, value = next(top.rows, ("", None))
        if not name:
            stack.pop()
            if not stack:
                return bytes(top.out)
            stack[-1].out += _framed(top.number, bytes(top.out))
            continue
        count += 1
        if count > MAX_FIELDS or len(stack) > MAX_DEPTH:
            raise LimitExceededError(f"more than {MAX_FIELDS} fields, or deeper than {MAX_DEPTH}")
        number = NAMES[top.kind].get(name, 0)
        part = SHAPES[top.kind].get(number)
        if part is None:
            continue
        if part.child and isinstance(value, Mapping):
            stack.append(_Open(part.child, _rows(value), bytearray(), number))
        elif not part.child:
            top.out += _scalar(number, part, value, packed=base64_bytes and name in _BYTES)


def _rows(tree: Tree) -> Iterator[tuple[str, object]]:
    """Yield each field of a message, repeated ones one by one, by its name in the format."""
    for key, held in tree.items():
        name = "".join(f"_{c.lower()}" if c.isupper() else c for c in str(key)[:64])
        for value in held if isinstance(held, list) else [held]:
            if name and value is not None:
                yield name, value


def _scalar(number: int, part: Part, value: object, *, packed: bool) -> bytes:
    try:
        if part.wire == BYTES:
            return _framed(number, _text(value, packed=packed))
        if part.wire == VARINT:
            return _number(number << 3) + _number(_whole(value) & (1 << 64) - 1)
        code, wire = ("f", FIXED32) if part.wire == FIXED32 else ("d", FIXED64)
        return _number(number << 3 | wire) + struct.pack(f"<{code}", float(str(value)))
    except (ValueError, OverflowError, binascii.Error) as e:
        raise MalformedError("a value is none of its field") from e


def _text(value: object, *, packed: bool) -> bytes:
    if isinstance(value, bytes):
        return value
    text = str(value)
    return base64.b64decode(text + "==") if packed else text.encode("utf-8", "replace")


def _whole(value: object) -> int:
    if isinstance(value, int | float):
        return int(value)
    text = str(value).strip()
    return _ENUMS[text] if text in _ENUMS else int(text, 0)


def _framed(number: int, body: bytes) -> bytes:
    return _number(number << 3 | 2) + _number(len(body)) + body


def _number(value: int) -> bytes:
    out = bytearray()
    while value > 127:  # noqa: PLR2004 - seven bits a byte
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)
