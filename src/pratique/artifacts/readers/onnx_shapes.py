"""Which fields the messages of ONNX have: number, wire type, what is taken of them.

From onnx.proto of ONNX 1.23 (IR version 14). A message that is none of these holds nothing that
rules look for; it is accounted for as a whole.
"""

from typing import NamedTuple

from pratique.artifacts.readers.protobuf import BYTES, FIXED32, FIXED64, VARINT

TEXT = "text"
"""A text that is only shown when it is long."""


class Part(NamedTuple):
    """One field: `word` is the name its value is kept under, `child` the message it holds."""

    wire: int
    word: str = ""
    child: str = ""
    many: bool = False


_PLAIN = Part(BYTES)
_NUMBER = Part(VARINT)
_NUMBERS = Part(VARINT, many=True)

SHAPES: dict[str, dict[int, Part]] = {
    "model": {
        1: Part(VARINT, "ir_version"),
        2: Part(BYTES, "producer_name"),
        3: Part(BYTES, "producer_version"),
        4: Part(BYTES, "domain"),
        5: Part(VARINT, "model_version"),
        6: Part(BYTES, TEXT),
        7: Part(BYTES, child="graph"),
        8: Part(BYTES, child="opset"),
        14: Part(BYTES, child="pair"),
        20: Part(BYTES, child="training"),
        25: Part(BYTES, child="function"),
        26: _PLAIN,
    },
    "graph": {
        1: Part(BYTES, child="node"),
        2: Part(BYTES, "name"),
        5: Part(BYTES, child="tensor"),
        10: Part(BYTES, TEXT),
        11: Part(BYTES, child="value_in"),
        12: Part(BYTES, child="value_out"),
        13: _PLAIN,
        14: _PLAIN,
        15: Part(BYTES, child="sparse"),
        16: Part(BYTES, child="meta"),
    },
    "node": {
        1: Part(BYTES, "input"),
        2: Part(BYTES, "output"),
        3: Part(BYTES, "name"),
        4: Part(BYTES, "op_type"),
        5: Part(BYTES, child="attribute"),
        6: Part(BYTES, TEXT),
        7: Part(BYTES, "domain"),
        8: _PLAIN,
        9: Part(BYTES, child="meta"),
        10: _PLAIN,
    },
    "attribute": {
        1: Part(BYTES, "name"),
        2: Part(FIXED32, "f"),
        3: Part(VARINT, "i"),
        4: Part(BYTES, "s"),
        5: Part(BYTES, child="tensor"),
        6: Part(BYTES, child="graph"),
        7: Part(FIXED32, "values", many=True),
        8: Part(VARINT, "values", many=True),
        9: Part(BYTES, TEXT),
        10: Part(BYTES, child="tensor"),
        11: Part(BYTES, child="graph"),
        13: Part(BYTES, TEXT),
        14: _PLAIN,
        15: _PLAIN,
        20: _NUMBER,
        21: _PLAIN,
        22: Part(BYTES, child="sparse"),
        23: Part(BYTES, child="sparse"),
    },
    "tensor": {
        1: Part(VARINT, "dims", many=True),
        2: Part(VARINT, "data_type"),
        3: _PLAIN,
        4: Part(FIXED32, "data", many=True),
        5: Part(VARINT, "data", many=True),
        6: Part(BYTES, TEXT),
        7: Part(VARINT, "data", many=True),
        8: Part(BYTES, "name"),
        9: Part(BYTES, "raw"),
        10: Part(FIXED64, "data", many=True),
        11: _NUMBERS,
        12: Part(BYTES, TEXT),
        13: Part(BYTES, child="pair"),
        14: _NUMBER,
        16: Part(BYTES, child="meta"),
    },
    "sparse": {1: Part(BYTES, child="tensor"), 2: Part(BYTES, child="tensor"), 3: _NUMBERS},
    "pair": {1: Part(BYTES, "key"), 2: Part(BYTES, "value")},
    "meta": {1: Part(BYTES, "key"), 2: Part(BYTES, "value")},
    "value_in": {
        1: Part(BYTES, "name"),
        2: Part(BYTES, child="type"),
        3: Part(BYTES, TEXT),
        4: Part(BYTES, child="meta"),
    },
    "value_out": {1: Part(BYTES, "name"), 2: _PLAIN, 3: Part(BYTES, TEXT), 4: _PLAIN},
    "type": {
        1: Part(BYTES, child="tensor_type"),
        4: _PLAIN,
        5: _PLAIN,
        6: _PLAIN,
        7: _PLAIN,
        8: _PLAIN,
        9: _PLAIN,
    },
    "tensor_type": {1: _NUMBER, 2: Part(BYTES, child="shape")},
    "shape": {1: Part(BYTES, child="dim")},
    "dim": {1: Part(VARINT, "dim"), 2: _PLAIN, 3: _PLAIN},
    "opset": {1: Part(BYTES, "domain"), 2: Part(VARINT, "version")},
    "training": {
        1: Part(BYTES, child="graph"),
        2: Part(BYTES, child="graph"),
        3: _PLAIN,
        4: _PLAIN,
    },
    "function": {
        1: Part(BYTES, "name"),
        4: Part(BYTES, "input"),
        5: Part(BYTES, "output"),
        6: _PLAIN,
        7: Part(BYTES, child="node"),
        8: Part(BYTES, TEXT),
        9: Part(BYTES, child="opset"),
        10: Part(BYTES, "domain"),
        11: Part(BYTES, child="attribute"),
        12: _PLAIN,
        13: _PLAIN,
        14: Part(BYTES, child="meta"),
    },
}
