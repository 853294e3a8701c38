"""A computation as plain steps, whatever the format it came in, and its values' provenance."""

from dataclasses import dataclass, field, replace

from pratique.artifacts.onnx_graphs import OnnxConstant

THIN = 1
DEFAULT_WIDE = 3
FEW = 16
"""A slice or a dimension of so many elements is no wide one."""
LEARNT_FROM = 4
"""Constants of fewer elements are no layer's weights."""


@dataclass(frozen=True, slots=True)
class Step:
    """One operator by ONNX's name; inputs and outputs are names that are unique in the whole."""

    op: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    at: int
    name: str = ""
    numbers: tuple[tuple[str, tuple[float, ...]], ...] = ()
    learnt: bool = False

    def number(self, name: str) -> tuple[float, ...]:
        """Return the numbers of an attribute, none where it has none."""
        return next((value for key, value in self.numbers if key == name), ())


@dataclass(slots=True)
class Program:
    """Steps in the order of their execution. `sources` are inputs: how many wide dimensions."""

    sources: dict[str, int] = field(default_factory=dict)
    settings: set[str] = field(default_factory=set)
    constants: dict[str, OnnxConstant] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    outputs: set[str] = field(default_factory=set)
    cut: bool = False
    """There was more of it than is followed."""


@dataclass(frozen=True, slots=True)
class Value:
    """Where a value comes from.

    `kind`: `fixed` (constants, shapes and settings alone), `raw` (the input, through no layer),
    `test` (comparisons of raw values with constants, and nothing else), `deep` (through a layer).
    `wide` counts the dimensions over which it still differs; `layers` it has come through.
    `sharp` tells that a raw value was raised so that large elements outweigh all others.
    `soft` tells that a test is a threshold without a comparison.
    """

    kind: str = "fixed"
    wide: int = 0
    layers: int = 0
    sharp: bool = False
    pooled: bool = False
    soft: bool = False
    tests: str = ""


FIXED = Value()
_COMPARES = {"Equal", "Greater", "Less", "GreaterOrEqual", "LessOrEqual", "NotEqual", "IsNaN"}
_COMPARES |= {"AllClose", "IsClose", "IsInf"}
_SOFT = {"Relu", "Sign", "Sigmoid", "HardSigmoid", "Hardmax", "Ceil", "Floor", "Round"}
_SOFT |= {"ThresholdedRelu"}
_LAYERS = {"Conv", "ConvTranspose", "MatMul", "Gemm", "LSTM", "GRU", "RNN", "MatMulInteger"}
_LAYERS |= {
    "Convolution",
    "ConvInteger",
    "QLinearConv",
    "QLinearMatMul",
    "DynamicQuantizeMatMul",
    "Attention",
}
_LAYERS |= {"FusedMatMul", "FusedConv", "FusedGemm", "MatMulNBits", "MatMulIntegerToFloat"}
_LAYERS |= {"EmbedLayerNormalization", "QAttention", "DynamicQuantizeLSTM", "Einsum", "DeformConv"}
_LAYERS |= {
    "MultiHeadAttention",
    "GroupQueryAttention",
    "QGemm",
    "NhwcConv",
    "GatherBlockQuantized",
}
_WHOLE = {"TreeEnsembleClassifier", "TreeEnsembleRegressor", "LinearClassifier", "LinearRegressor"}
_WHOLE |= {"SVMClassifier", "SVMRegressor", "TreeEnsemble", "EPContext"}
_SHAPES = {"Shape", "Size", "Rank", "ConstantOfShape", "Range", "EyeLike", "RandomNormal"}
_SHAPES |= {"RandomNormalLike", "RandomUniform", "RandomUniformLike", "Bernoulli", "Multinomial"}
_POOLS = {"GlobalMaxPool", "GlobalAveragePool", "GlobalLpPool"}
_PEAKS = {"MaxPool", "GlobalMaxPool", "ReduceMax", "ReduceMin", "AdaptiveMaxPool"}
_PICKS = {"Gather", "GatherND", "GatherElements"}
_JOINS = {"Add", "Sub", "Mul", "Max", "Min", "Sum", "Mean", "Where", "Pow", "Select"}


def follow(
    step: Step, given: tuple[Value, ...], constants: tuple[OnnxConstant | None, ...]
) -> Value:
    """Return what a step's outputs are, by what its inputs are."""
    if step.op in _SHAPES:
        return FIXED
    if step.op in _WHOLE or step.learnt:
        return _deepened(given)
    if step.op in _LAYERS or (step.op == "Gather" and _weighty(constants[:1])):
        made = _layer(step, given, constants)
        if made is not None:
            return made
    value = _joined(given)
    if value.kind == "raw":
        return _of_raw(step, _reduced(step, value, constants), given, constants)
    return _reduced(step, value, constants) if value.kind == "test" else value


def _of_raw(
    step: Step,
    value: Value,
    given: tuple[Value, ...],
    constants: tuple[OnnxConstant | None, ...],
) -> Value:
    """Return what a step makes of the input itself: a test, a peak, or still the input."""
    if step.op in _COMPARES and _against_constant(given):
        return replace(value, kind="test", tests=step.op)
    if value.wide <= 0 and (step.op in _SOFT or _clips(step, constants)):
        return replace(value, kind="test", soft=True, tests=step.op)
    if step.op == "Exp" or (step.op == "Pow" and _raises(constants)):
        return replace(value, sharp=True)
    return replace(value, pooled=value.pooled or (value.sharp and step.op in _PEAKS))


def joins(step: Step, given: tuple[Value, ...]) -> Value | None:
    """Return the test that a step mixes into a deep value, None where it mixes none."""
    deep = max((v.layers for v in given if v.kind == "deep"), default=0)
    if not deep:
        return None
    if step.op == "If":
        ruling = given[:1]
        return next((v for v in ruling if v.kind == "test"), None)
    if step.op not in _JOINS:
        return None
    if step.op in {"Where", "Select"}:
        given = given[:1] if given and given[0].kind == "test" else given[1:]
    tests = [v for v in given if v.wide <= 0 and (v.kind == "test" or _peaked(v))]
    return next(iter(tests), None)


def decides(step: Step, given: tuple[Value, ...]) -> Value | None:
    """Return the test for one exact value that chooses what comes out, None for any other step."""
    ruling = given[0] if given and step.op in {"If", "Where", "Select"} else FIXED
    exact = ruling.kind == "test" and ruling.tests == "Equal" and not ruling.soft
    return ruling if exact and (ruling.wide <= 0 or step.op == "If") else None


def _peaked(value: Value) -> bool:
    return value.kind == "raw" and value.sharp and value.pooled


def _deepened(given: tuple[Value, ...]) -> Value:
    if all(v.kind == "fixed" for v in given):
        return FIXED
    return Value("deep", layers=max(v.layers for v in given) + 1)


def _weighty(constants: tuple[OnnxConstant | None, ...]) -> bool:
    return any(
        c is not None and c.elements >= LEARNT_FROM and len(c.dims) > 1 and max(c.dims) > 1
        for c in constants
    )


def _layer(
    step: Step, given: tuple[Value, ...], constants: tuple[OnnxConstant | None, ...]
) -> Value | None:
    """Return what comes out of a layer; None where it has no weights, or makes but one number."""
    value = _joined(given)
    if value.kind == "fixed":
        return FIXED
    if not _weighty(constants):
        return None
    if value.kind == "test":
        return replace(value, wide=max(0, value.wide)) if value.wide <= 0 else _deepened(given)
    if value.kind == "raw":
        weights = next((c for c in constants if c is not None and len(c.dims) > 1), None)
        if weights is not None and _thin(step.op, weights):
            return replace(value, wide=value.wide - (step.op in {"MatMul", "Gemm"}))
    return _deepened(given)


def _thin(op: str, weights: OnnxConstant) -> bool:
    """Tell a filter that makes one number of many: what looks for a pattern, as layers do not."""
    if op == "Conv":
        return weights.dims[0] == THIN
    return op in {"MatMul", "Gemm"} and THIN in {weights.dims[-1], weights.dims[0]}


def _joined(given: tuple[Value, ...]) -> Value:
    """Return what several values make together."""
    live = [v for v in given if v.kind != "fixed"]
    if not live:
        return FIXED
    layers, wide = max(v.layers for v in live), max(v.wide for v in live)
    if any(v.kind == "deep" for v in live):
        return Value("deep", layers=layers)
    kind = "test" if all(v.kind == "test" for v in live) else "raw"
    return Value(
        kind,
        wide,
        sharp=any(v.sharp for v in live),
        pooled=any(v.pooled for v in live),
        soft=all(v.soft for v in live) if kind == "test" else False,
        tests=next((v.tests for v in live if v.tests), ""),
    )


def _against_constant(given: tuple[Value, ...]) -> bool:
    return len(given) == 1 or any(v.kind == "fixed" for v in given)


def _reduced(step: Step, value: Value, constants: tuple[OnnxConstant | None, ...]) -> Value:
    """Return a value over fewer dimensions, where a step takes some away."""
    fewer = 0
    if step.op.startswith("Reduce") or step.op in {"ArgMax", "ArgMin"}:
        axes = step.number("axes") or step.number("axis") or _values(constants, 1)
        fewer = len(axes) or DEFAULT_WIDE + value.wide
    elif step.op in _POOLS:
        fewer = 2
    elif step.op == "Slice":
        fewer = _narrow(step, constants)
    elif step.op in _PICKS:
        index = constants[1] if len(constants) > 1 else None
        fewer = int(index is not None and index.elements <= FEW)
    elif step.op == "Flatten":
        return replace(value, wide=min(value.wide, 1))
    return replace(value, wide=value.wide - fewer) if fewer else value


def _narrow(step: Step, constants: tuple[OnnxConstant | None, ...]) -> int:
    """Count the dimensions that a slice leaves few elements of."""
    starts = step.number("starts") or _values(constants, 1)
    ends = step.number("ends") or _values(constants, 2)
    few = 0
    for start, end in zip(starts, ends, strict=False):
        if start < 0 and end > 0:
            end = 0  # noqa: PLW2901 - from the back to the end
        few += 0 < end - start <= FEW and (start >= 0) == (end > 0 or start >= 0)
    return few


def _values(constants: tuple[OnnxConstant | None, ...], place: int) -> tuple[float, ...]:
    held = constants[place] if len(constants) > place else None
    return held.values if held is not None else ()


def _raises(constants: tuple[OnnxConstant | None, ...]) -> bool:
    exponent = _values(constants, 1)
    return bool(exponent) and exponent[0] >= LEARNT_FROM


def _clips(step: Step, constants: tuple[OnnxConstant | None, ...]) -> bool:
    """Tell a clip to nothing and one, or to such bounds, from one that keeps off zero."""
    low = step.number("min") or _values(constants, 1)
    high = step.number("max") or _values(constants, 2)
    return step.op == "Clip" and bool(low and high) and low[0] in {0, -1} and high[0] <= 1
