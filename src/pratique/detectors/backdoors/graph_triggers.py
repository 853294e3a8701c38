"""Finds where a computation tests its raw input and lets the test rule what the layers made."""

from collections.abc import Iterator
from dataclasses import dataclass

from pratique.artifacts.onnx_graphs import OnnxConstant
from pratique.core.finding import Severity
from pratique.detectors.backdoors.graph_steps import (
    FIXED,
    Program,
    Step,
    Value,
    decides,
    follow,
    joins,
)

_KEEP = {"Identity", "Cast", "Unsqueeze", "Squeeze", "Expand", "Reshape", "Transpose", "Flatten"}
_KEEP |= {"Not", "CastLike", "DequantizeLinear", "Dropout", "Neg", "Tile"}
NEAR_END = 1
"""Layers that may still follow a place where the end of a model is overruled."""


@dataclass(frozen=True, slots=True)
class Trigger:
    """A step at which a test of the raw input is mixed into what layers made."""

    step: Step
    test: Value
    layers: int
    after: int


_Met = tuple[Step, Value, int]


def _bind(
    step: Step,
    made: Value,
    held: tuple[OnnxConstant | None, ...],
    values: dict[str, Value],
    constants: dict[str, OnnxConstant],
) -> None:
    """Give a step's outputs their value; a constant stays known through what only recasts it."""
    for name in step.outputs:
        if made.kind != "fixed":
            values[name] = made
        elif step.op in _KEEP and held and held[0] is not None:
            constants[name] = held[0]


def triggers(program: Program) -> list[Trigger]:
    """Return such steps, with the layers before and after each."""
    values = {name: Value("raw", wide) for name, wide in program.sources.items()}
    constants: dict[str, OnnxConstant] = dict(program.constants)
    found, bare = list[_Met](), list[_Met]()
    for step in program.steps:
        given = tuple(values.get(name, FIXED) for name in step.inputs)
        held = tuple(constants.get(name) for name in step.inputs)
        test, exact = joins(step, given), decides(step, given)
        if test is not None:
            found.append((step, test, max(v.layers for v in given)))
        if exact is not None:
            bare.append((step, exact, 0))
        _bind(step, follow(step, given, held), held, values, constants)
    if not any(value.kind == "deep" for value in values.values()):
        found = bare  # a model without a layer has nothing else to choose by
    if not found:
        return []
    left = _layers_after(program, values)
    return [
        Trigger(step, test, layers, min((left.get(n, 0) for n in step.outputs), default=0))
        for step, test, layers in found
    ]


def _layers_after(program: Program, values: dict[str, Value]) -> dict[str, int]:
    """Return how many layers lie between each wire and the output, on the longest way."""
    left: dict[str, int] = {}
    for step in reversed(program.steps):
        out = [
            left[n]
            for n in step.outputs
            if n in left or (n in program.outputs and not left.setdefault(n, 0))
        ]
        if not out:
            continue
        made = max((values.get(n, FIXED).layers for n in step.outputs), default=0)
        came = max((values.get(n, FIXED).layers for n in step.inputs), default=0)
        here = max(out) + (made > came)
        for name in step.inputs:
            left[name] = max(left.get(name, 0), here)
    return left


MAX_TOLD = 5


def told(program: Program) -> Iterator[tuple[Trigger, Severity, str]]:
    """Yield the triggers with what each weighs and says: late in a model they are medium."""
    found = triggers(program)
    late = [t for t in found if t.after <= NEAR_END]
    places = {trigger.step.at: trigger for trigger in reversed(late or found)}
    for trigger in sorted(places.values(), key=lambda t: t.step.at)[:MAX_TOLD]:
        test = trigger.test
        how = f"a test of its input ({test.tests})" if test.tests else "a peak of its input"
        if test.soft:
            how = f"a threshold on its input ({test.tests})"
        over = "what comes out" if not trigger.layers else f"{trigger.layers} layers"
        if trigger.layers == 1:
            over = "1 layer"
        says = f"{trigger.step.op} lets {how} overrule {over}; {trigger.after} follow"
        yield trigger, Severity.MEDIUM if late else Severity.LOW, says
