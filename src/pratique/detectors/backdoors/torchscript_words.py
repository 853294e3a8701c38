"""What TorchScript's operators are by ONNX's names, and which modules have no weights."""

import re

_LATER = 1
OPERATORS: dict[str, tuple[str, int]] = {
    **dict.fromkeys(("eq", "__eq__"), ("Equal", -1)),
    **dict.fromkeys(("ne", "__ne__"), ("NotEqual", -1)),
    **dict.fromkeys(("gt", "__gt__"), ("Greater", -1)),
    **dict.fromkeys(("lt", "__lt__"), ("Less", -1)),
    **dict.fromkeys(("ge", "__ge__"), ("GreaterOrEqual", -1)),
    **dict.fromkeys(("le", "__le__"), ("LessOrEqual", -1)),
    "equal": ("Equal", -1),
    "allclose": ("AllClose", -1),
    "isclose": ("IsClose", -1),
    "isnan": ("IsNaN", -1),
    **dict.fromkeys(
        ("sum", "mean", "prod", "norm", "std", "var", "logsumexp"), ("ReduceSum", _LATER)
    ),
    **dict.fromkeys(("max", "amax"), ("ReduceMax", _LATER)),
    **dict.fromkeys(("min", "amin"), ("ReduceMin", _LATER)),
    **dict.fromkeys(("all", "any", "count_nonzero", "median"), ("ReduceMin", _LATER)),
    **dict.fromkeys(("argmax", "argmin"), ("ArgMax", _LATER)),
    "where": ("Where", -1),
    "masked_fill": ("Where", -1),
    "masked_fill_": ("Where", -1),
    **dict.fromkeys(("add", "add_", "__add__"), ("Add", -1)),
    **dict.fromkeys(("sub", "sub_", "rsub"), ("Sub", -1)),
    **dict.fromkeys(("mul", "mul_"), ("Mul", -1)),
    **dict.fromkeys(("maximum", "fmax"), ("Max", -1)),
    **dict.fromkeys(("minimum", "fmin"), ("Min", -1)),
    "lerp": ("Add", -1),
    "addcmul": ("Add", -1),
    "slice": ("Slice", -1),
    "select": ("Gather", -1),
    "embedding": ("Gather", -1),
    **dict.fromkeys(
        ("conv1d", "conv2d", "conv3d", "_convolution", "convolution", "conv_transpose2d"),
        ("Convolution", -1),
    ),
    **dict.fromkeys(
        ("linear", "addmm", "matmul", "mm", "bmm", "baddbmm", "bilinear"), ("MatMul", -1)
    ),
    **dict.fromkeys(("lstm", "gru", "rnn_tanh", "rnn_relu"), ("LSTM", -1)),
    **dict.fromkeys(
        (
            "size",
            "dim",
            "numel",
            "len",
            "shape",
            "ndimension",
            "is_floating_point",
            "device",
            "dtype",
        ),
        ("Shape", -1),
    ),
    **dict.fromkeys(
        (
            "zeros",
            "ones",
            "full",
            "arange",
            "zeros_like",
            "ones_like",
            "empty",
            "rand",
            "randn",
            "eye",
        ),
        ("ConstantOfShape", -1),
    ),
    **dict.fromkeys(
        (
            "__isnot__",
            "__is__",
            "isinstance",
            "prim",
            "layout",
            "requires_grad",
            "is_cuda",
            "randint",
        ),
        ("Shape", -1),
    ),
    "exp": ("Exp", -1),
    "pow": ("Pow", -1),
    "relu": ("Relu", -1),
    "sign": ("Sign", -1),
    "sigmoid": ("Sigmoid", -1),
    "hardsigmoid": ("HardSigmoid", -1),
    "ceil": ("Ceil", -1),
    "floor": ("Floor", -1),
    "round": ("Round", -1),
    **dict.fromkeys(("clamp", "clip", "hardtanh"), ("Clip", -1)),
    **dict.fromkeys(("max_pool2d", "max_pool1d"), ("MaxPool", -1)),
    **dict.fromkeys(("adaptive_max_pool2d", "adaptive_max_pool1d"), ("AdaptiveMaxPool", -1)),
    "adaptive_avg_pool2d": ("GlobalAveragePool", -1),
    "flatten": ("Flatten", -1),
}
"""(operator, the argument that names the dimensions it takes away)."""
OPERATOR_NODES = {
    "Add": "Add",
    "Sub": "Sub",
    "Mult": "Mul",
    "Pow": "Pow",
    "MatMult": "MatMul",
    "Eq": "Equal",
    "NotEq": "NotEqual",
    "Gt": "Greater",
    "GtE": "GreaterOrEqual",
    "Lt": "Less",
    "LtE": "LessOrEqual",
    "Is": "Shape",
    "IsNot": "Shape",
    "And": "And",
    "Or": "Or",
}
_WEIGHTLESS = re.compile(
    r"(?:___torch_mangle_\d+\.)?(?:\w*ReLU6?|Dropout\w*|\w*Pool\w*|Flatten|Unflatten|Identity|Sigmoid|Tanh|GELU"
    r"|SiLU|Softmax\w*|LogSoftmax|Hard\w+|ZeroPad\w*|\w*Pad[123]d|Upsample\w*|Softplus|ELU|PixelShuffle"
    r"|Normalize|Resize|CenterCrop|Quantize|DeQuantize|\w*Loss|Unfold|Fold)"
)


def learnt(module: str) -> bool:
    """Tell whether a module, by its type's name, may have weights."""
    return _WEIGHTLESS.fullmatch(module.rpartition(".")[2]) is None
