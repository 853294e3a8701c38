"""ONNX as JSON and as text is read as the binary format is."""

import json

import pytest

from harness.inspecting import inspect_bytes, subject_of
from pratique.artifacts.readers.onnx_text import OnnxTextReader

TENSOR = {
    "dims": ["4"],
    "dataType": 1,
    "name": "e",
    "externalData": [{"key": "location", "value": "../../etc/hostname"}],
    "dataLocation": "EXTERNAL",
}
NODE = {"input": ["x"], "output": ["y"], "opType": "Identity", "domain": "my.company"}
GRAPH = {"node": [NODE], "name": "g", "initializer": [TENSOR]}
MODEL = {"irVersion": "8", "graph": GRAPH, "opsetImport": [{"domain": "", "version": "17"}]}
TEXT = b"""# a comment
ir_version: 8
graph { node { input: "x" output: 'y' op_type: "Iden" "tity" domain: "my\\056company" }
  name: "g" initializer < dims: [4] data_type: 1 name: "e"
  external_data { key: "location" value: "../../etc/hostname" } data_location: EXTERNAL > }
opset_import { version: 17 }
"""


def rows(body: bytes) -> list[object]:
    told = inspect_bytes(body)
    assert told.full
    return [f.data["external_data"] for f in told.facts if f.kind == "onnx"]  # type: ignore[index, call-overload]


@pytest.mark.parametrize("body", [json.dumps(MODEL).encode(), TEXT])
def test_what_lies_outside_is_told(body: bytes) -> None:
    assert rows(body) == [[["e", "../../etc/hostname", [], 1, 0]]]
    assert "MAL150" in inspect_bytes(body).rules


def test_names_of_the_format_are_taken_in_json_too() -> None:
    body = json.dumps({"ir_version": 8, "graph": {"node": [{"op_type": "PyOp"}]}}).encode()
    assert "MAL150" in inspect_bytes(body).rules


@pytest.mark.parametrize(
    "body",
    [
        b'ir_version: 8 graph { node { op_type: "A" } ',
        b'ir_version: 8 graph { node [ { op_type: "A" } ] }',
        b'ir_version: x8 graph { node { op_type: "A" } }',
        b'ir_version: 8 graph { node { op_type: "A" } } } }',
        b"ir_version: 8 " + b"graph { node { attribute { g { " * 60 + b"op_type:",
        b'<ir_version: 8, opset_import: ["" : 17]> g (float[4] x) => (float[4] y) { y = Abs(x) }',
        json.dumps({"irVersion": "eight", "graph": {"node": [{"opType": "A"}]}}).encode(),
    ],
)
def test_what_is_not_read_is_never_clean(body: bytes) -> None:
    told = inspect_bytes(body)
    assert "INT004" in told.rules or not told.full


@pytest.mark.parametrize(
    "body", [b"{}", b'{"graph": 1, "initializer": []}', b"domain: x\nname: y\n", b"graph {}"]
)
def test_other_texts_are_no_models(body: bytes) -> None:
    told = inspect_bytes(body)
    assert not [f for f in told.facts if f.kind == "onnx"]


def test_recognition_never_raises() -> None:
    for body in (b"", b"\xff\xfe", b"{" * 100, b"graph"):
        assert not OnnxTextReader().recognises(subject_of(body))
