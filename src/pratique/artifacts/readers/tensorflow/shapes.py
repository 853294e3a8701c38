"""Which fields TensorFlow's messages have: number, wire type, what is taken of them.

From the protos of TensorFlow 2.18. A message that is none of these holds nothing that rules look
for; it is accounted for as a whole.
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


Shape = dict[int, Part]

_PLAIN = Part(BYTES)
_TEXT = Part(BYTES, TEXT)
_NUMBER = Part(VARINT)
_NUMBERS = Part(VARINT, many=True)
_ENTRY: Shape = {1: Part(BYTES, "name"), 2: Part(BYTES, child="value")}
"""An entry of a map from names to attributes."""
_VALUE: Shape = {
    1: Part(BYTES, child="list"),
    2: Part(BYTES, "string"),
    3: _NUMBER,
    4: Part(FIXED32),
    5: _NUMBER,
    6: _NUMBER,
    7: _PLAIN,
    8: Part(BYTES, child="tensor"),
    9: _PLAIN,
    10: Part(BYTES, child="called"),
}

SHAPES: dict[str, Shape] = {
    "savedmodel": {1: Part(VARINT, "schema"), 2: Part(BYTES, child="metagraph")},
    "metagraph": {
        1: Part(BYTES, child="info"),
        2: Part(BYTES, child="graphdef"),
        3: Part(BYTES, child="saver"),
        4: Part(BYTES, child="collection"),
        5: Part(BYTES, child="signature"),
        6: Part(BYTES, child="asset"),
        7: Part(BYTES, child="objects"),
    },
    "info": {
        1: _TEXT,
        2: _PLAIN,
        3: Part(BYTES, child="any"),
        4: Part(BYTES, "tag"),
        5: Part(BYTES, "version"),
        6: _TEXT,
        7: _NUMBER,
        8: _PLAIN,
    },
    "any": {1: Part(BYTES, "type_url"), 2: Part(BYTES, "string")},
    "graphdef": {
        1: Part(BYTES, child="node"),
        2: Part(BYTES, child="library"),
        3: _NUMBER,
        4: Part(BYTES, child="versions"),
        5: _PLAIN,
    },
    "versions": {1: Part(VARINT, "producer"), 2: _NUMBER, 3: _NUMBERS},
    "node": {
        1: Part(BYTES, "name"),
        2: Part(BYTES, "op"),
        3: Part(BYTES, "input"),
        4: _TEXT,
        5: Part(BYTES, child="attr"),
        6: _PLAIN,
        7: _PLAIN,
    },
    "attr": _ENTRY,
    "value": _VALUE,
    "list": {
        2: Part(BYTES, "string"),
        3: _NUMBERS,
        4: Part(FIXED32, many=True),
        5: _NUMBERS,
        6: _NUMBERS,
        7: _PLAIN,
        8: Part(BYTES, child="tensor"),
        9: Part(BYTES, child="called"),
    },
    "called": {1: Part(BYTES, "name"), 2: Part(BYTES, child="attr")},
    "tensor": {
        1: Part(VARINT, "dtype"),
        2: Part(BYTES, child="shape"),
        3: _NUMBER,
        4: Part(BYTES, "content"),
        5: Part(FIXED32, many=True),
        6: Part(FIXED64, many=True),
        7: _NUMBERS,
        8: Part(BYTES, "string"),
        9: Part(FIXED32, many=True),
        10: _NUMBERS,
        11: _NUMBERS,
        12: Part(FIXED64, many=True),
        13: _NUMBERS,
        14: Part(BYTES, child="handle"),
        15: Part(BYTES, child="variant"),
        16: _NUMBERS,
        17: _NUMBERS,
        18: _PLAIN,
    },
    "shape": {2: Part(BYTES, child="dim"), 3: Part(VARINT, "unknown")},
    "dim": {1: Part(VARINT, "size"), 2: _PLAIN},
    "handle": {
        1: _TEXT,
        2: _TEXT,
        3: Part(BYTES, "name"),
        4: _NUMBER,
        5: _TEXT,
        6: Part(BYTES, child="held"),
    },
    "held": {1: Part(VARINT, "dtype"), 2: Part(BYTES, child="shape")},
    "variant": {1: Part(BYTES, "name"), 2: Part(BYTES, "string"), 3: Part(BYTES, child="tensor")},
    "library": {
        1: Part(BYTES, child="function"),
        2: Part(BYTES, child="gradient"),
        3: _PLAIN,
    },
    "function": {
        1: Part(BYTES, child="declared"),
        3: Part(BYTES, child="node"),
        4: _PLAIN,
        5: Part(BYTES, child="attr"),
        6: _PLAIN,
        7: _PLAIN,
        8: _PLAIN,
    },
    "declared": {
        1: Part(BYTES, "name"),
        2: Part(BYTES, child="argument"),
        3: _PLAIN,
        4: _PLAIN,
        5: _TEXT,
        6: _TEXT,
        8: _PLAIN,
        16: _NUMBER,
        17: _NUMBER,
        18: _NUMBER,
        19: _NUMBER,
        20: _PLAIN,
        21: _NUMBER,
    },
    "argument": {
        1: Part(BYTES, "name"),
        2: _TEXT,
        3: _NUMBER,
        4: _PLAIN,
        5: _PLAIN,
        6: _PLAIN,
        7: _PLAIN,
        16: _NUMBER,
        17: _PLAIN,
    },
    "gradient": {1: Part(BYTES, "name"), 2: Part(BYTES, "by")},
    "saver": {
        1: Part(BYTES, "filename"),
        2: Part(BYTES, "save"),
        3: Part(BYTES, "restore"),
        4: _NUMBER,
        5: _NUMBER,
        6: Part(FIXED32),
        7: _NUMBER,
    },
    "collection": {1: Part(BYTES, "name"), 2: Part(BYTES, child="collected")},
    "collected": {
        1: Part(BYTES, child="nodes"),
        2: Part(BYTES, child="bytes"),
        3: _PLAIN,
        4: _PLAIN,
        5: Part(BYTES, child="anys"),
    },
    "nodes": {1: Part(BYTES, "input")},
    "bytes": {1: Part(BYTES, "string")},
    "anys": {1: Part(BYTES, child="any")},
    "signature": {1: Part(BYTES, "name"), 2: Part(BYTES, child="signed")},
    "signed": {
        1: Part(BYTES, child="port"),
        2: Part(BYTES, child="port"),
        3: _TEXT,
        4: Part(BYTES, child="default"),
    },
    "default": {1: _PLAIN, 2: Part(BYTES, child="tensor")},
    "port": {1: _PLAIN, 2: Part(BYTES, child="place")},
    "place": {1: Part(BYTES, "input"), 2: _NUMBER, 3: _PLAIN, 4: _PLAIN, 5: _PLAIN},
    "asset": {1: Part(BYTES, child="place"), 2: Part(BYTES, "filename")},
    "objects": {1: Part(BYTES, child="object"), 2: Part(BYTES, child="concrete")},
    "object": {
        1: Part(BYTES, child="below"),
        3: _PLAIN,
        4: Part(BYTES, child="user"),
        5: Part(BYTES, child="assetnode"),
        6: Part(BYTES, child="callable"),
        7: _PLAIN,
        8: Part(BYTES, child="bare"),
        9: Part(BYTES, child="constant"),
        10: _PLAIN,
        11: Part(BYTES, child="saveable"),
        12: _PLAIN,
        13: _TEXT,
        14: Part(BYTES, child="any"),
        15: _PLAIN,
        16: _TEXT,
    },
    "below": {1: Part(VARINT, "id"), 2: Part(BYTES, "name")},
    "user": {1: Part(BYTES, "name"), 2: _PLAIN, 3: Part(BYTES, "json")},
    "assetnode": {1: Part(VARINT, "id")},
    "callable": {1: Part(BYTES, "input"), 2: _PLAIN},
    "bare": {1: Part(BYTES, "name"), 2: _PLAIN, 3: _NUMBER, 4: _PLAIN},
    "constant": {1: Part(BYTES, "name")},
    "saveable": {1: Part(BYTES, "name"), 2: Part(BYTES, child="saves")},
    "saves": {2: _NUMBER, 3: Part(VARINT, "id")},
    "concrete": {1: Part(BYTES, "name"), 2: Part(BYTES, child="bound")},
    "bound": {2: Part(VARINT, "bound", many=True), 3: _PLAIN, 4: _PLAIN},
    "kerasmeta": {1: Part(BYTES, child="kerasnode")},
    "kerasnode": {
        2: _NUMBER,
        3: Part(BYTES, "name"),
        4: Part(BYTES, "identifier"),
        5: Part(BYTES, "json"),
        6: _PLAIN,
    },
    "fingerprint": {
        1: Part(VARINT, "checksum"),
        2: Part(VARINT, "program"),
        3: Part(VARINT, "signatures"),
        4: Part(VARINT, "objects"),
        5: Part(VARINT, "checkpoint"),
        6: Part(BYTES, child="versions"),
        7: Part(BYTES, "uuid"),
    },
}
