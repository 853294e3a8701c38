"""A model for TensorFlow.js: a graph or Keras layers as JSON, and the files of its weights.

Format: https://github.com/tensorflow/tfjs/blob/master/tfjs-core/src/io/types.ts
"""

import binascii
from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence

from pratique.artifacts.graph_operators import reach_of
from pratique.artifacts.graphs import GraphOperators, OperatorUse
from pratique.artifacts.laid import LAID, MAX_FILES, MAX_ROWS, REST
from pratique.artifacts.reader import Item, Subject
from pratique.artifacts.readers.tensor_layout import bytes_of
from pratique.core.fact import Fact, Json

MAX_NODES = 300_000
MAX_PATH = 1_000
MAX_TEXT = 1_000
DTYPES = {
    "float32": "f32",
    "int32": "i32",
    "bool": "bool",
    "uint8": "u8",
    "uint16": "u16",
    "float16": "f16",
    "complex64": "c64",
}


def is_web_model(document: object) -> bool:
    """Tell a model, or the list of its weights that older ones keep in a file of its own."""
    if isinstance(document, list):
        return bool(document) and all(_is_group(row) for row in document[:MAX_FILES])
    return isinstance(document, dict) and "modelTopology" in document


def web_model(document: object, subject: Subject) -> Iterator[Item]:
    """Yield a model's operators, its Keras configuration, and what its files hold."""
    topology: object = None
    groups = document
    if isinstance(document, dict):
        topology, groups = document.get("modelTopology"), document.get("weightsManifest")
    rows = [row for row in _list(groups) if isinstance(row, dict) and _is_group(row)][:MAX_FILES]
    paths = [path for row in rows for path in _list(row.get("paths")) if isinstance(path, str)]
    yield GraphOperators(
        format="tfjs",
        uses=tuple(_uses(topology)),
        files=tuple(("weight file", path[:MAX_PATH]) for path in paths[:MAX_FILES]),
        functions=frozenset(_functions(topology)),
        covered=subject.size,
    )
    files: dict[str, Json] = {}
    for row in rows:
        files |= _laid(row)
    if files and len(files) <= MAX_FILES:
        yield Fact(LAID, subject.chain, {"ending": "", "files": files})


def keras_model(document: object) -> object:
    """Return the Keras configuration of a layers model, None where there is none."""
    topology = document.get("modelTopology") if isinstance(document, dict) else None
    if not isinstance(topology, dict):
        return None
    inner = topology.get("model_config", topology)
    return inner if isinstance(inner, dict) and "class_name" in inner else None


def _is_group(row: object) -> bool:
    return isinstance(row, dict) and "paths" in row and "weights" in row


def _list(told: object) -> Sequence[object]:
    return told if isinstance(told, list) else []


def _laid(group: object) -> dict[str, Json]:
    """Return what each file of a group holds: all tensors of the one file, or just its bytes.

    Where a group has several files, only their sizes tell which tensor is in which.
    """
    if not isinstance(group, dict):
        return {}
    paths = [path for path in _list(group.get("paths")) if isinstance(path, str)]
    weights = _list(group.get("weights"))
    rows: list[Json] = []
    at, known = 0, len(paths) == 1 and len(weights) <= MAX_ROWS
    for weight in weights if known else ():
        word, shape, size = _weight(weight)
        known = known and size is not None
        named = weight.get("name") if isinstance(weight, dict) else None
        rows.append([str(named)[:300], word, shape, at, size or 0])
        at += size or 0
    if known:
        return {paths[0]: rows}
    return {path: [["weights", "u8", [], 0, REST]] for path in paths[:MAX_FILES]}


def _weight(weight: object) -> tuple[str, list[Json], int | None]:
    """Return type, shape and bytes of a weight; no bytes where they cannot be told."""
    if not isinstance(weight, dict):
        return "", [], None
    packed = weight.get("quantization")
    kind = packed.get("dtype") if isinstance(packed, dict) else weight.get("dtype")
    word = DTYPES.get(kind, "") if isinstance(kind, str) else ""
    shape = _list(weight.get("shape"))
    sound = all(type(n) is int and 0 <= n < 1 << 62 for n in shape)
    numbers = [n for n in shape if isinstance(n, int)] if sound else []
    if not word or not sound:
        return "", [], None
    return word, list(numbers), bytes_of(word, numbers)


def _nodes(topology: object) -> Iterator[tuple[str, Mapping[str, object]]]:
    """Yield (function, node) of a graph and of its functions."""
    if not isinstance(topology, dict):
        return
    for node in _list(topology.get("node"))[:MAX_NODES]:
        if isinstance(node, dict):
            yield "", node
    library = topology.get("library")
    for function in _list(library.get("function")) if isinstance(library, dict) else ():
        if isinstance(function, dict):
            for node in _list(function.get("nodeDef"))[:MAX_NODES]:
                if isinstance(node, dict):
                    yield _name(function), node


def _functions(topology: object) -> Iterator[str]:
    library = topology.get("library") if isinstance(topology, dict) else None
    for function in _list(library.get("function")) if isinstance(library, dict) else ():
        if isinstance(function, dict):
            yield _name(function)


def _name(function: Mapping[str, object]) -> str:
    signature = function.get("signature")
    return str(signature.get("name"))[:300] if isinstance(signature, dict) else ""


def _uses(topology: object) -> Iterator[OperatorUse]:
    seen = set[str]()
    for scope, node in _nodes(topology):
        op, name = str(node.get("op"))[:300], str(node.get("name"))[:300]
        if reach_of(op) is not None:
            attrs = node.get("attr")
            texts = tuple(_texts(attrs)) if isinstance(attrs, dict) else ()
            yield OperatorUse(op, name, scope, texts=texts, fed=len(_list(node.get("input"))))
        elif op not in seen and len(seen) < MAX_ROWS:
            seen.add(op)
            yield OperatorUse(op, name, scope)


def _texts(attrs: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Yield the texts of a node's attributes, which JSON has in base64."""
    for key, value in list(attrs.items())[:100]:
        packed = value.get("s") if isinstance(value, dict) else None
        if isinstance(packed, str):
            try:
                text = b64decode(packed[: MAX_TEXT * 2], validate=True)
            except (ValueError, binascii.Error):
                continue
            yield f"attr:{key[:80]}", text.decode("utf-8", "replace")[:MAX_TEXT]
