"""Make small models of Core ML, fastText, ggml, MXNet, PaddlePaddle and PMML by hand."""

import json
import struct
from collections.abc import Mapping, Sequence

from harness.make_onnx import part

FLOATS = bytes(16)


def coreml(*layers: bytes, words: str = "words") -> bytes:
    """Return a network of layers."""
    network = b"".join(part(1, one) for one in layers or (part(1, "relu"),))
    return coreml_model(500, network, words)


def coreml_model(kind: int, body: bytes, words: str = "words") -> bytes:
    """Return a model of a kind behind a description."""
    return part(1, 8) + part(2, part(100, part(1, words))) + part(kind, body)


def custom_layer(name: str, at: int = 500) -> bytes:
    return part(1, "own") + part(at, part(10, name) + part(40, "does things"))


def coreml_weights(*bodies: bytes, mark: int = 0xDEADBEEF) -> bytes:
    """Return a weights file of records of 32-bit floats."""
    bodies = bodies or (FLOATS,)
    out = struct.pack("<II", len(bodies), 2).ljust(64, b"\0")
    for body in bodies:
        at = len(out)
        out += struct.pack("<IIQQ", mark, 2, len(body), at + 64).ljust(64, b"\0") + body
        out += bytes(-len(out) % 64)
    return out


def fasttext(words: Sequence[str] = ("</s>", "cat"), rows: int = 2, columns: int = 2) -> bytes:
    """Return a model with two small matrices."""
    head = struct.pack("<ii", 793712314, 12) + struct.pack("<12id", *range(12), 0.1)
    book = struct.pack("<iiiqq", len(words), len(words), 0, 9, -1)
    book += b"".join(w.encode() + b"\0" + struct.pack("<qb", 3, 0) for w in words)
    matrix = b"\0" + struct.pack("<qq", rows, columns) + bytes(16)
    return head + book + matrix + matrix


def ggml(
    mark: bytes = b"fmgg",
    *,
    words: Sequence[str] = ("a", "b"),
    sort: int = 0,
    sizes: int = 7,
    repeated: bool = False,
) -> bytes:
    """Return a model of one tensor: LLaMA with seven numbers, GPT-2 with six and its vocabulary."""
    out = mark + (b"" if mark == b"lmgg" else struct.pack("<I", 1))
    out += struct.pack(f"<{sizes}i", *(len(words), 4, 2, 1, 1, 2, 0, 3, 3, 3, 3)[:sizes])
    out += struct.pack("<i", len(words)) if repeated else b""
    score = b"" if mark == b"lmgg" else bytes(4)
    out += b"".join(struct.pack("<I", len(w)) + w.encode() + score for w in words)
    return out + _tensor(len(out), mark, sort)


def whisper(mels: int = 2) -> bytes:
    """Return a Whisper of one tensor."""
    out = b"lmgg" + struct.pack("<11i", 1, 4, 2, 1, 1, 4, 2, 1, 1, mels, 0)
    out += struct.pack("<ii", mels, 3) + bytes(12 * mels)
    out += struct.pack("<iI", 1, 1) + b"a"
    return out + _tensor(len(out), b"lmgg", 0)


def _tensor(at: int, mark: bytes, sort: int) -> bytes:
    head = struct.pack("<iiiii", 2, 1, sort, 2, 2) + b"w"
    pad = -(at + len(head)) % 32 if mark == b"tjgg" else 0
    return head + bytes(pad) + FLOATS


def mxnet(names: Sequence[str] = ("arg:w",), dims: Sequence[int] = (2, 2), sort: int = 0) -> bytes:
    """Return saved arrays, all alike."""
    one = struct.pack("<IiI", 0xF993FAC9, 0, len(dims)) + struct.pack(f"<{len(dims)}q", *dims)
    one += struct.pack("<iii", 1, 0, sort) + FLOATS
    out = struct.pack("<QQQ", 0x112, 0, len(names)) + one * len(names)
    return (
        out
        + struct.pack("<Q", len(names))
        + b"".join(struct.pack("<Q", len(n)) + n.encode() for n in names)
    )


def symbol(*nodes: Mapping[str, object]) -> bytes:
    """Return a graph of MXNet."""
    first = {"op": "null", "name": "data", "inputs": []}
    told = {"nodes": [first, *nodes], "arg_nodes": [0], "heads": [[len(nodes), 0, 0]]}
    return json.dumps({**told, "attrs": {"mxnet_version": ["int", 10700]}}).encode()


def paddle(*ops: bytes) -> bytes:
    """Return a program of one block."""
    block = part(1, 0) + part(2, 1 << 31) + part(3, part(1, "x"))
    block += b"".join(part(4, op) for op in ops or (operator("relu"),))
    return part(1, block) + part(4, part(1, 0))


def operator(kind: str, **texts: str) -> bytes:
    rows = (part(1, name) + part(2, 2) + part(5, text) for name, text in texts.items())
    return part(3, kind) + b"".join(part(4, row) for row in rows)


def paddle_params(*dims: int, count: int = 1) -> bytes:
    """Return parameters of four floats each."""
    about = part(1, 5) + b"".join(part(2, size) for size in dims or (2, 2))
    one = struct.pack("<IQIi", 0, 0, 0, len(about)) + about + FLOATS
    return one * count


def pmml(inside: str = "", before: str = "", header: str = "words") -> bytes:
    """Return a model of a constant."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n{before}'
        f'<PMML version="4.4" xmlns="http://www.dmg.org/PMML-4_4"><Header description="{header}"/>'
        f'<DataDictionary numberOfFields="1"><DataField name="y" optype="continuous" '
        f'dataType="double"/></DataDictionary>{inside}</PMML>\n'
    ).encode()


MXNET_MANY = struct.pack("<QQQ", 0x112, 0, 1 << 60) + bytes(16)


def word2vec(*words: str, size: int = 2, line: bytes = b"\n", count: int = 0) -> bytes:
    """Return word vectors of a few floats each."""
    words = words or ("cat", "dog", "bird", "fish")
    head = f"{count or len(words)} {size}\n".encode()
    return head + b"".join(w.encode() + b" " + bytes(4 * size) + line for w in words)
