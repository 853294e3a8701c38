"""Make small TensorFlow graphs, functions and SavedModels, sound and broken, by hand."""

from collections.abc import Sequence

from harness.make_onnx import part

STRING, INT32, FLOAT = 7, 3, 1


def tensor(kind: int, *strings: str | bytes, raw: bytes = b"") -> bytes:
    body = part(1, kind) + part(2, b"")
    if raw:
        return body + part(4, raw)
    return body + b"".join(part(8, text) for text in strings)


def attr(name: str, value: bytes) -> bytes:
    """Return a node's attribute; `value` are fields of an AttrValue."""
    return part(5, part(1, name) + part(2, value))


def node(op: str, name: str = "", inputs: Sequence[str] = (), *attrs: bytes) -> bytes:
    given = b"".join(part(3, one) for one in inputs)
    return part(1, name or op.lower()) + part(2, op) + given + b"".join(attrs)


def const(name: str, *strings: str | bytes, raw: bytes = b"") -> bytes:
    """Return a Const node of texts, or of raw bytes."""
    kind = 4 if raw else STRING
    return node(
        "Const", name, (), attr("dtype", part(6, kind)),
        attr("value", part(8, tensor(kind, *strings, raw=raw))),
    )  # fmt: skip


def call(function: str, inputs: Sequence[str] = (), name: str = "call") -> bytes:
    """Return a node that calls a function of the library."""
    return node("StatefulPartitionedCall", name, inputs, attr("f", part(10, part(1, function))))


def function(name: str, nodes: Sequence[bytes], arguments: Sequence[str] = ()) -> bytes:
    args = b"".join(part(2, part(1, one) + part(3, STRING)) for one in arguments)
    return part(1, part(1, name) + args) + b"".join(part(3, one) for one in nodes)


def graph(nodes: Sequence[bytes], functions: Sequence[bytes] = ()) -> bytes:
    """Return a GraphDef, which is a file of its own when it is frozen."""
    library = part(2, b"".join(part(1, one) for one in functions)) if functions else b""
    return b"".join(part(1, one) for one in nodes) + library + part(4, part(1, 1882))


def info() -> bytes:
    return part(1, part(4, "serve") + part(5, "2.18.0"))


def metagraph(body: bytes, *further: bytes) -> bytes:
    """Return a MetaGraphDef; `further` are more of its fields."""
    return info() + part(2, body) + b"".join(further)


def init(name: str) -> bytes:
    """Return the field that has a node run when the model is loaded."""
    key = "__saved_model_init_op"
    output = part(2, part(1, key) + part(2, part(1, name)))
    return part(5, part(1, key) + part(2, output))


def asset(node_name: str, file: str) -> bytes:
    return part(6, part(1, part(1, node_name)) + part(2, file))


def saved(body: bytes, *further: bytes) -> bytes:
    """Return a SavedModel of one graph."""
    return part(1, 1) + part(2, metagraph(body, *further))


def model(nodes: Sequence[bytes], *further: bytes, functions: Sequence[bytes] = ()) -> bytes:
    return saved(graph(nodes, functions), *further)


HONEST = [node("Placeholder", "x"), const("w", raw=bytes(200)), node("MatMul", "y", ("x", "w"))]


def keras_metadata(*layers: str) -> bytes:
    rows = [
        part(2, n) + part(3, "root" if not n else f"root.layer-{n}")
        + part(4, "_tf_keras_layer") + part(5, text) + part(6, part(1, 2))
        for n, text in enumerate(layers)
    ]  # fmt: skip
    return b"".join(part(1, row) for row in rows)


def fingerprint() -> bytes:
    return b"".join(part(n, (1 << 62) + n) for n in range(1, 6)) + part(6, part(1, 1))
