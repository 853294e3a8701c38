"""Small archives of models with a schema inside: skops, NeMo, torch.package, .pt2 and .mar."""

import json
from collections.abc import Mapping
from typing import Any

from harness.make_archives import tarred, zipped
from harness.make_pickles import state_dict

Node = dict[str, Any]

WORDS = {"__class__": "str", "__module__": "builtins", "__loader__": "JsonNode"}


def node(loader: str, name: str, **more: object) -> Node:
    """Return a node of a skops schema; `name` is dotted."""
    module, _, kind = name.rpartition(".")
    return {"__class__": kind, "__module__": module, "__loader__": loader, **more}


def word(value: object) -> Node:
    """Return the node of a plain value."""
    return {**WORDS, "content": json.dumps(value), "is_json": True}


def listed(*nodes: Node, loader: str = "ListNode", name: str = "builtins.list") -> Node:
    """Return the node of a list or tuple."""
    return node(loader, name, content=list(nodes))


def state(**attributes: Node) -> Node:
    """Return the node of the attributes of an object."""
    keys = listed(*(node("TypeNode", "builtins.str") for _ in attributes))
    return node("DictNode", "builtins.dict", content=attributes, key_types=keys)


def estimator(**attributes: Node) -> Node:
    """Return the node of a scikit-learn estimator."""
    name = "sklearn.linear_model._logistic.LogisticRegression"
    return node("ObjectNode", name, content=state(C=word(1.0), **attributes))


def skops(root: Node, files: Mapping[str, bytes] | None = None) -> bytes:
    """Return a skops file of a schema."""
    schema = {**root, "protocol": 2, "_skops_version": "0.13.0"}
    return zipped({**(files or {}), "schema.json": json.dumps(schema, indent=2).encode()})


def nemo(*configs: str, weights: bytes = b"") -> bytes:
    """Return a `.nemo` tar; several configurations have the same name."""
    body = weights or torch_zip()
    pairs = [("./model_config.yaml", text.encode()) for text in configs]
    return tarred([*pairs, ("./model_weights.ckpt", body)])


def torch_zip() -> bytes:
    """Return a checkpoint of one tensor."""
    return zipped(
        {
            "archive/data.pkl": state_dict(("w", "0", "FloatStorage", 2)),
            "archive/data/0": bytes(8),
            "archive/version": b"3\n",
        }
    )


def package(files: Mapping[str, bytes]) -> bytes:
    """Return a torch.package archive of one pickled tensor, with more files."""
    return zipped(
        {
            "p/.data/0.storage": bytes(8),
            "p/model/model.pkl": state_dict(("w", "0", "FloatStorage", 2)),
            "p/.data/extern_modules": b"torch._utils\ncollections\n",
            "p/.data/python_version": b"3.11.7",
            "p/.data/version": b"3\n",
            **{f"p/{name}": body for name, body in files.items()},
        }
    )


def call(target: str, **more: object) -> Node:
    """Return a node of an exported program."""
    return {"target": target, "inputs": [], "outputs": [], "metadata": {}, "name": "a", **more}


def program(*nodes: Node, **more: object) -> Node:
    """Return an exported program."""
    graph = {"inputs": [], "outputs": [], "nodes": list(nodes)}
    return {
        "graph_module": {"graph": graph, "signature": {}, "module_call_graph": []},
        "opset_version": {"aten": 10},
        "schema_version": {"major": 8, "minor": 8},
        **more,
    }


def exported(told: Node, config: Mapping[str, Any] | None = None) -> bytes:
    """Return a `.pt2` archive of a program and one weight of eight bytes."""
    meta = {"dtype": 7, "sizes": [{"as_int": 2}]}
    row = {"path_name": "weight_0", "is_param": True, "use_pickle": False, "tensor_meta": meta}
    weights = {"config": config if config is not None else {"l.weight": row}}
    return zipped(
        {
            "m/data/weights/weight_0": bytes(8),
            "m/data/weights/model_weights_config.json": json.dumps(weights).encode(),
            "m/models/model.json": json.dumps(told).encode(),
            "m/archive_format": b"pt2",
            "m/archive_version": b"0",
            "m/.data/version": b"3\n",
        }
    )


def mar(files: Mapping[str, bytes], **model: str) -> bytes:
    """Return a TorchServe archive."""
    told = {
        "createdOn": "01/01/2026 00:00:00",
        "runtime": "python",
        "model": {"modelName": "m", "modelVersion": "1.0", **model},
        "archiverVersion": "0.12.0",
    }
    return zipped({**files, "MAR-INF/MANIFEST.json": json.dumps(told, indent=2).encode()})
