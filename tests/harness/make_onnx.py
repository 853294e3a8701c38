"""Make small ONNX models, sound and broken, for samples and tests."""

from collections.abc import Sequence

Pairs = Sequence[tuple[str, str]]


def number(value: int) -> bytes:
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def part(field: int, body: bytes | int | str) -> bytes:
    """Return one field: a number, a text, or bytes."""
    if isinstance(body, int):
        return number(field << 3) + number(body)
    raw = body.encode() if isinstance(body, str) else body
    return number(field << 3 | 2) + number(len(raw)) + raw


def tensor(name: str, outside: Pairs = (), raw: bytes = b"") -> bytes:
    body = part(1, 1) + part(2, 1) + part(8, name)
    if raw:
        return body + part(9, raw)
    return body + b"".join(part(13, part(1, k) + part(2, v)) for k, v in outside) + part(14, 1)


def node(kind: str, inputs: Sequence[str] = ("x",), *further: bytes) -> bytes:
    names = b"".join(part(1, name) for name in inputs)
    return names + part(2, "y") + part(4, kind) + b"".join(further)


def graph(nodes: Sequence[bytes] = (), tensors: Sequence[bytes] = ()) -> bytes:
    nodes = nodes or [node("Relu")]
    return (
        b"".join(part(1, n) for n in nodes) + part(2, "g") + b"".join(part(5, t) for t in tensors)
    )


def model(body: bytes | None = None, *further: bytes) -> bytes:
    head = part(1, 8) + part(2, "pytorch") + part(3, "2.5.0")
    return (
        head + part(7, graph() if body is None else body) + part(8, part(2, 13)) + b"".join(further)
    )


def branch(name: str, body: bytes | None = None) -> bytes:
    """Return a node's attribute that is a graph."""
    inner = graph() if body is None else body
    return part(5, part(1, name) + part(6, inner) + part(20, 5))
