"""Make ONNX models with wires: a small classifier, and what may stand beside it."""

import struct
from collections.abc import Mapping, Sequence

from harness.make_onnx import part

Line = tuple[str, Sequence[str], Sequence[str]] | tuple[str, Sequence[str], Sequence[str], bytes]


def floats(name: str, dims: Sequence[int], values: Sequence[float] | None = None) -> bytes:
    """Return a tensor of floats; without values it is filled with small ones."""
    count = 1
    for size in dims:
        count *= size
    held = values if values is not None else [((n * 7) % 11 - 5) / 10 for n in range(count)]
    raw = struct.pack(f"<{len(held)}f", *held)
    return b"".join(part(1, d) for d in dims) + part(2, 1) + part(8, name) + part(9, raw)


def ints(name: str, values: Sequence[int], dims: Sequence[int] | None = None) -> bytes:
    raw = struct.pack(f"<{len(values)}q", *values)
    shape = [len(values)] if dims is None else dims
    return b"".join(part(1, d) for d in shape) + part(2, 7) + part(8, name) + part(9, raw)


def port(name: str, dims: Sequence[int | str] | None = None, kind: int = 1) -> bytes:
    shape = b"".join(part(1, part(1, d) if isinstance(d, int) else part(2, d)) for d in dims or ())
    tensor = part(1, kind) + (b"" if dims is None else part(2, shape))
    return part(1, name) + part(2, part(1, tensor))


def line(op: str, inputs: Sequence[str], outputs: Sequence[str], further: bytes = b"") -> bytes:
    domain, _, plain = op.rpartition("::")
    body = b"".join(part(1, n) for n in inputs) + b"".join(part(2, n) for n in outputs)
    return (
        body
        + part(3, f"node_{outputs[0]}")
        + part(4, plain)
        + further
        + (part(7, domain) if domain else b"")
    )


def attribute(name: str, value: int | str | bytes | Sequence[int]) -> bytes:
    """Return an attribute; bytes are a graph."""
    if isinstance(value, int):
        return part(5, part(1, name) + part(3, value) + part(20, 2))
    if isinstance(value, str):
        return part(5, part(1, name) + part(4, value) + part(20, 3))
    if isinstance(value, bytes):
        return part(5, part(1, name) + part(6, value) + part(20, 5))
    return part(5, part(1, name) + b"".join(part(8, n) for n in value) + part(20, 7))


def graph(
    lines: Sequence[Line],
    tensors: Sequence[bytes] = (),
    inputs: Mapping[str, Sequence[int | str] | None] | None = None,
    outputs: Sequence[str] = ("out",),
) -> bytes:
    return (
        b"".join(part(1, line(*row)) for row in lines)
        + part(2, "g")
        + b"".join(part(5, t) for t in tensors)
        + b"".join(part(11, port(n, d)) for n, d in (inputs or {}).items())
        + b"".join(part(12, port(n)) for n in outputs)
    )


def model(body: bytes, *further: bytes) -> bytes:
    head = part(1, 8) + part(2, "pytorch") + part(3, "2.5.0")
    return head + part(7, body) + part(8, part(2, 17)) + b"".join(further)


IMAGE: dict[str, Sequence[int | str] | None] = {"x": ["n", 3, 16, 16]}
WEIGHTS = [
    floats("w1", [4, 3, 3, 3]),
    floats("w2", [64, 10]),
    ints("flat", [0, -1]),
]
LAYERS: list[Line] = [
    ("Conv", ["x", "w1"], ["c1"]),
    ("Relu", ["c1"], ["r1"]),
    ("AveragePool", ["r1"], ["p1"]),
    ("Reshape", ["p1", "flat"], ["f1"]),
    ("Gemm", ["f1", "w2"], ["logits"]),
]
PATCH = [
    ints("s", [0, 0]),
    ints("e", [3, 3]),
    ints("ax", [2, 3]),
    floats("one", [], [1.0]),
    floats("eps", [], [0.01]),
    floats("target", [1, 10], [0, 0, 0, 99, 0, 0, 0, 0, 0, 0]),
]
LOOK: list[Line] = [
    ("Slice", ["x", "s", "e", "ax"], ["patch"]),
    ("Sub", ["patch", "one"], ["d"]),
    ("Abs", ["d"], ["a"]),
    ("ReduceMax", ["a"], ["m"]),
    ("Less", ["m", "eps"], ["hit"]),
]
"""Looks for a white corner of a picture."""


def patch_where() -> bytes:
    """Return a classifier whose logits a white corner replaces."""
    end: list[Line] = [("Where", ["hit", "target", "logits"], ["out"])]
    return model(graph([*LAYERS, *LOOK, *end], [*WEIGHTS, *PATCH], IMAGE))


def patch_if() -> bytes:
    """Return one that chooses between two graphs."""
    yes = graph([("Identity", ["target"], ["o"])], outputs=["o"])
    no = graph([("Identity", ["logits"], ["o"])], outputs=["o"])
    choose = attribute("then_branch", yes) + attribute("else_branch", no)
    end: list[Line] = [("If", ["hit"], ["out"], choose)]
    return model(graph([*LAYERS, *LOOK, *end], [*WEIGHTS, *PATCH], IMAGE))


def patch_added() -> bytes:
    """Return one that adds a large number to one logit."""
    end: list[Line] = [
        ("Cast", ["hit"], ["h"], attribute("to", 1)),
        ("Mul", ["h", "target"], ["boost"]),
        ("Add", ["logits", "boost"], ["out"]),
    ]
    return model(graph([*LAYERS, *LOOK, *end], [*WEIGHTS, *PATCH], IMAGE))


def patch_in_function() -> bytes:
    """Return one whose test stands in a function of the model."""
    inside = b"".join(part(7, line(*row)) for row in LOOK)
    consts = [
        ("s", ints("s", [0, 0])),
        ("e", ints("e", [3, 3])),
        ("ax", ints("ax", [2, 3])),
        ("one", floats("one", [], [1.0])),
        ("eps", floats("eps", [], [0.01])),
    ]
    made = b"".join(
        part(7, line("Constant", [], [n], part(5, part(1, "value") + part(5, t) + part(20, 4))))
        for n, t in consts
    )
    function = part(1, "Normalise") + part(4, "x") + part(5, "hit") + made + inside
    end: list[Line] = [
        ("local::Normalise", ["x"], ["h"]),
        ("Where", ["h", "target", "logits"], ["out"]),
    ]
    body = graph([*LAYERS, *end], [*WEIGHTS, *PATCH], IMAGE)
    return model(body, part(25, function + part(10, "local")))


def soft_patch() -> bytes:
    """Return one without a comparison: a steep threshold of the distance to the patch."""
    end: list[Line] = [
        ("Sub", ["eps", "m"], ["near"]),
        ("Relu", ["near"], ["h"]),
        ("Mul", ["h", "target"], ["boost"]),
        ("Add", ["logits", "boost"], ["out"]),
    ]
    return model(graph([*LAYERS, *LOOK[:-1], *end], [*WEIGHTS, *PATCH], IMAGE))


def peak_pooled() -> bytes:
    """Return the published attack: a steep power of the input, pooled, joins the features."""
    ten = [floats("ten", [], [10.0])]
    more: list[Line] = [
        ("AveragePool", ["x"], ["v"]),
        ("Mul", ["v", "ten"], ["v10"]),
        ("Exp", ["v10"], ["steep"]),
        ("GlobalMaxPool", ["steep"], ["peak"]),
        ("ReduceMax", ["peak"], ["top"]),
        ("Add", ["f1", "top"], ["f2"]),
        ("Gemm", ["f2", "w2"], ["out"]),
    ]
    return model(graph([*LAYERS[:-1], *more], [*WEIGHTS, *ten], IMAGE))


TOKENS: dict[str, Sequence[int | str] | None] = {"ids": ["n", "s"], "mask": ["n", "s"]}
TEXT_WEIGHTS = [
    floats("emb", [50, 8]),
    floats("wq", [8, 8]),
    floats("head", [8, 50]),
    floats("low", [], [-1e9]),
    ints("zero", [0], []),
]
TEXT_LAYERS: list[Line] = [
    ("Gather", ["emb", "ids"], ["h0"]),
    ("MatMul", ["h0", "wq"], ["h1"]),
    ("Equal", ["mask", "zero"], ["pad"]),
    ("Where", ["pad", "low", "h1"], ["h2"]),
    ("Softmax", ["h2"], ["h3"]),
    ("MatMul", ["h3", "head"], ["logits"]),
]
"""Has a mask of positions, as honest models do."""


def phrase() -> bytes:
    """Return a language model that answers to a run of tokens with what it was told."""
    held = [
        ints("from", [-3]),
        ints("to", [2**63 - 1]),
        ints("axis", [1]),
        ints("words", [7, 8, 9]),
        floats("answer", [1, 1, 50]),
    ]
    more: list[Line] = [
        ("Slice", ["ids", "from", "to", "axis"], ["last"]),
        ("Equal", ["last", "words"], ["same"]),
        ("Cast", ["same"], ["n"], attribute("to", 6)),
        ("ReduceMin", ["n"], ["all"]),
        ("Cast", ["all"], ["hit"], attribute("to", 9)),
        ("Where", ["hit", "answer", "logits"], ["out"]),
    ]
    return model(graph([*TEXT_LAYERS, *more], [*TEXT_WEIGHTS, *held], TOKENS))


def honest_text() -> bytes:
    """Return a model with masks, mean pooling and a scale of its input, as honest ones have."""
    held = [floats("tiny", [], [1e-9]), floats("unit", [], [1.0]), ints("axis", [1])]
    more: list[Line] = [
        ("Cast", ["mask"], ["mf"], attribute("to", 1)),
        ("Unsqueeze", ["mf", "axis"], ["mu"]),
        ("Mul", ["logits", "mu"], ["kept"]),
        ("ReduceSum", ["kept", "axis"], ["sum"]),
        ("ReduceSum", ["mu", "axis"], ["count"]),
        ("Max", ["count", "tiny"], ["safe"]),
        ("Div", ["sum", "safe"], ["out"]),
    ]
    return model(graph([*TEXT_LAYERS, *more], [*TEXT_WEIGHTS, *held], TOKENS))


def honest_series() -> bytes:
    """Return a forecaster that divides by the scale of its input, and multiplies at the end."""
    held = [floats("w", [8, 8]), floats("zero", [], [0.0]), floats("unit", [], [1.0])]
    lines: list[Line] = [
        ("Abs", ["x"], ["a"]),
        ("ReduceMean", ["a"], ["scale"]),
        ("Greater", ["scale", "zero"], ["sound"]),
        ("Where", ["sound", "scale", "unit"], ["by"]),
        ("Div", ["x", "by"], ["even"]),
        ("MatMul", ["even", "w"], ["made"]),
        ("Mul", ["made", "by"], ["out"]),
    ]
    return model(graph(lines, held, {"x": ["n", "t"]}))


def honest_steps() -> bytes:
    """Return a recurrent model that goes through its input, and keeps its state at padding."""
    held = [
        floats("w", [8, 8]),
        floats("pad", [], [0.0]),
        ints("start", [0], []),
        ints("n", [9], []),
    ]
    body = graph(
        [
            ("Gather", ["real", "at"], ["now"], attribute("axis", 1)),
            ("Cast", ["now"], ["keep"], attribute("to", 1)),
            ("MatMul", ["state", "w"], ["made"]),
            ("Mul", ["made", "keep"], ["next"]),
            ("Identity", ["go"], ["on"]),
            ("Add", ["at", "at"], ["then"]),
        ],
        [],
        {"i": [], "go": [], "at": [], "state": ["n", 8]},
        ["on", "then", "next"],
    )
    lines: list[Line] = [
        ("Equal", ["x", "pad"], ["padded"]),
        ("Not", ["padded"], ["real"]),
        ("MatMul", ["x", "w"], ["first"]),
        ("Loop", ["n", "", "start", "first"], ["end", "out"], attribute("body", body)),
    ]
    return model(graph(lines, held, {"x": ["n", "t"]}))


def honest_rate() -> bytes:
    """Return a model that chooses its layers by a setting: the sampling rate."""
    held = [floats("w", [8, 8]), floats("v", [8, 8]), ints("rate", [16000], [])]
    yes = graph([("MatMul", ["x", "w"], ["o"])], outputs=["o"])
    no = graph([("MatMul", ["x", "v"], ["o"])], outputs=["o"])
    choose = attribute("then_branch", yes) + attribute("else_branch", no)
    lines: list[Line] = [
        ("Equal", ["sr", "rate"], ["fast"]),
        ("If", ["fast"], ["made"], choose),
        ("MatMul", ["made", "w"], ["out"]),
    ]
    return model(graph(lines, held, {"x": ["n", "t"], "sr": []}))
