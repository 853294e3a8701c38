"""An ONNX Runtime session on the CPU; external data is followed, custom libraries are not given."""

from __future__ import annotations

from typing import Any

from pratique.sandbox.guest.loaders import inputs

NAME = "onnxruntime"
PACKAGES = ("onnxruntime", "numpy")
_MOST_SIDE = 4096


def prepare() -> None:
    """Import ONNX Runtime."""
    import numpy as np  # noqa: F401
    import onnxruntime  # noqa: F401


def load(path: str, root: str) -> Any:
    """Return a session."""
    del root
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def infer(model: Any, seed: int) -> bool:
    """Run it on inputs of the shapes and types that it declares."""
    given = {one.name: _given(one, seed) for one in model.get_inputs()}
    model.run(None, given)
    return True


def reference(folder: str) -> str:
    """Make a model of one operator."""
    with open(f"{folder}/reference.onnx", "wb") as file:
        file.write(_relu())
    return "reference.onnx"


def _given(wanted: Any, seed: int) -> Any:
    import numpy as np

    shape = tuple(
        min(side, _MOST_SIDE) if isinstance(side, int) and side > 0 else (1 if at == 0 else 8)
        for at, side in enumerate(wanted.shape)
    )
    kind = wanted.type.removeprefix("tensor(").removesuffix(")")
    if kind == "string":
        return np.full(shape, inputs.texts(seed)[0], dtype=object)
    names = {"float": "float32", "double": "float64"}
    dtype = np.dtype(names.get(kind, kind))
    if dtype.kind == "f":
        return inputs.values(shape, seed).astype(dtype)
    return inputs.whole_numbers(shape, seed).astype(dtype)


def _relu() -> bytes:
    """Return a ModelProto: one Relu from x to y, both float [1, 4]."""
    shape = b"".join(_field(1, _field(1, side)) for side in (1, 4))
    kind = _field(1, _field(1, 1) + _field(2, shape))
    node = _field(1, b"x") + _field(2, b"y") + _field(4, b"Relu")
    graph = _field(1, node) + _field(2, b"reference")
    graph += _field(11, _field(1, b"x") + _field(2, kind))
    graph += _field(12, _field(1, b"y") + _field(2, kind))
    return _field(1, 8) + _field(7, graph) + _field(8, _field(2, 13))


def _field(number: int, value: int | bytes) -> bytes:
    """Return one field of a protocol buffer; what it holds is shorter than 128."""
    if isinstance(value, int):
        return bytes((number << 3, value))
    return bytes((number << 3 | 2, len(value))) + value
