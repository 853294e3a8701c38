"""Make small models of decision trees: XGBoost in three spellings, LightGBM, CatBoost."""

import json
import struct
from collections.abc import Mapping
from typing import Any

from harness.make_tflite import Table, Vector, flat

Document = dict[str, Any]
NODES = 3
LEFT, RIGHT = [1, -1, -1], [2, -1, -1]


def ubj(value: object) -> bytes:
    """Return a value in Universal Binary JSON; lists of floats as one typed array."""
    if isinstance(value, dict):
        return b"{" + b"".join(_word(k) + ubj(v) for k, v in value.items()) + b"}"
    if isinstance(value, list) and value and all(isinstance(x, float) for x in value):
        count = b"L" + struct.pack(">q", len(value))
        return b"[$d#" + count + struct.pack(f">{len(value)}f", *value)
    if isinstance(value, list):
        return b"[" + b"".join(map(ubj, value)) + b"]"
    if isinstance(value, str):
        return b"S" + _word(value)
    return b"l" + struct.pack(">i", int(str(value)))


def _word(text: str) -> bytes:
    return b"L" + struct.pack(">q", len(text.encode())) + text.encode()


def tree(**told: object) -> Document:
    """Return a tree of one question and two answers."""
    return {
        "left_children": LEFT,
        "right_children": RIGHT,
        "parents": [2147483647, 0, 0],
        "split_indices": [0, 0, 0],
        "split_conditions": [0.5, -1.0, 1.0],
        "tree_param": {"num_nodes": str(NODES), "num_feature": "2"},
        **told,
    }


def xgboost(*trees: Document, attributes: Mapping[str, str] | None = None) -> Document:
    """Return the document of a model."""
    forest = list(trees) or [tree()]
    model = {"gbtree_model_param": {"num_trees": str(len(forest))}, "trees": forest}
    learner = {
        "attributes": dict(attributes or {}),
        "feature_names": ["age", "weight"],
        "gradient_booster": {"model": model, "name": "gbtree"},
        "learner_model_param": {"num_feature": "2"},
        "objective": {"name": "reg:squarederror"},
    }
    return {"learner": learner, "version": [3, 0, 0]}


def xgboost_json(*trees: Document, **attributes: str) -> bytes:
    return json.dumps(xgboost(*trees, attributes=attributes)).encode()


def xgboost_ubj(*trees: Document, **attributes: str) -> bytes:
    return ubj(xgboost(*trees, attributes=attributes))


def _text(word: str) -> bytes:
    return struct.pack("<Q", len(word.encode())) + word.encode()


def xgboost_legacy(left: int = 1, nodes: int = NODES, trees: int = 1, **attributes: str) -> bytes:
    """Return the binary form of before, with one tree."""
    learner = struct.pack("<fIiii", 0.5, 2, 0, bool(attributes), 0).ljust(136, b"\0")
    body = struct.pack("<ii", 1, nodes).ljust(148, b"\0")
    rows = ((left, 2, 0), (-1, -1, 0), (-1, -1, 0))
    body += b"".join(struct.pack("<iiiIf", -1, *row, 0.5) for row in rows) + bytes(16 * NODES)
    out = b"binf" + learner + _text("reg:squarederror") + _text("gbtree")
    out += struct.pack("<i", trees).ljust(160, b"\0") + body + bytes(4)
    if attributes:
        out += struct.pack("<Q", len(attributes))
        out += b"".join(_text(k) + _text(v) for k, v in attributes.items())
    return out


def lightgbm(end: str = "", sizes: str | None = None, **told: str) -> bytes:
    """Return a text model of one tree; `told` replaces lines of it, `end` stands behind it."""
    lines = {
        "Tree": "0",
        "num_leaves": "2",
        "num_cat": "0",
        "split_feature": "0",
        "split_gain": "1",
        "threshold": "0.5",
        "decision_type": "2",
        "left_child": "-1",
        "right_child": "-2",
        "leaf_value": "0.1 0.2",
        "shrinkage": "1",
        **told,
    }
    body = "".join(f"{k}={v}\n" for k, v in lines.items()) + "\n\n"
    head = "tree\nversion=v4\nnum_class=1\nmax_feature_idx=1\nobjective=binary sigmoid:1\n"
    head += f"feature_names=age weight\ntree_sizes={len(body) if sizes is None else sizes}\n\n"
    return f"{head}{body}end of trees\n\npandas_categorical:null\n{end}".encode()


def catboost(
    info: Mapping[str, str] | None = None, sizes: tuple[int, ...] = (1,), leaves: int = 2
) -> bytes:
    """Return a model of one symmetric tree."""
    trees: Table = {
        0: 1,
        1: [0],
        2: list(sizes),
        3: [0] * len(sizes),
        8: Vector(leaves, bytes(8 * leaves)),
    }
    pairs = [{0: k, 1: v} for k, v in (info or {"params": "{}"}).items()]
    core = flat({0: "FlabuffersModel_v1", 1: trees, 2: pairs}, b"")
    return b"CBM1" + struct.pack("<I", len(core)) + core
