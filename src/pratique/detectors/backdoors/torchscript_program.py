"""Makes plain steps of a function of a TorchScript program, which is Python with few forms."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from pratique.artifacts.onnx_graphs import OnnxConstant
from pratique.detectors.backdoors.graph_steps import DEFAULT_WIDE, Program, Step
from pratique.detectors.backdoors.torchscript_words import OPERATOR_NODES, OPERATORS, learnt

MAX_SOURCE = 2 << 20
MAX_STEPS = 50_000
MAX_FUNCTIONS = 500
MAX_BLOCKS = 200
MAX_NODES = 20_000
MAX_COPIED = 3_000_000
"""Names that all branches together start with."""
LAYER = OnnxConstant((8, 8), 64)
"""What stands for a parameter of the module, whose shape the program does not tell."""
_CALLED = {"forward", "__call__"}


def programs_of(source: str) -> Iterator[tuple[str, Program]]:
    """Yield (name, steps) of every function of a program file; none where it does not parse."""
    if len(source) > MAX_SOURCE:
        return
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    left = MAX_FUNCTIONS
    for top in tree.body:
        held = _types(top) if isinstance(top, ast.ClassDef) else {}
        returns = _returns(top) if isinstance(top, ast.ClassDef) else {}
        for part in top.body if isinstance(top, ast.ClassDef) else [top]:
            if isinstance(part, ast.FunctionDef) and left:
                left -= 1
                owner = f"{top.name}." if isinstance(top, ast.ClassDef) else ""
                yield owner + part.name, _Writer(held, returns).run(part)


def _types(made: ast.ClassDef) -> dict[str, str]:
    """Return what a class says that its attributes are."""
    rows = (p for p in made.body if isinstance(p, ast.AnnAssign) and isinstance(p.target, ast.Name))
    return {p.target.id: _dotted(p.annotation) for p in rows if isinstance(p.target, ast.Name)}


def _returns(made: ast.ClassDef) -> dict[str, list[bool]]:
    """Return for each method that returns several values which of them are tensors."""
    found: dict[str, list[bool]] = {}
    for part in made.body:
        kind = part.returns if isinstance(part, ast.FunctionDef) else None
        if isinstance(part, ast.FunctionDef) and isinstance(kind, ast.Subscript):
            several = kind.slice.elts if isinstance(kind.slice, ast.Tuple) else [kind.slice]
            found[part.name] = [_tensors(one) for one in several]
    return found


@dataclass(slots=True)
class _Block:
    """Statements that are being written, the names that they see, and what waits for them."""

    body: list[ast.stmt]
    names: dict[str, str]
    at: int = 0
    choice: "_Choice | None" = None


@dataclass(slots=True)
class _Choice:
    """An `if` whose branches are being written."""

    ruling: str
    place: int
    ends: list[dict[str, str]] = field(default_factory=list)
    todo: list[list[ast.stmt]] = field(default_factory=list)


class _Writer:
    def __init__(self, types: dict[str, str], returns: dict[str, list[bool]]) -> None:
        self._types, self._returns = types, returns
        self._program, self._fresh, self._copied = Program(), 0, 0
        self._modules: dict[str, str] = {}

    def run(self, made: ast.FunctionDef) -> Program:
        """Write out the function, innermost blocks as they are met."""
        names: dict[str, str] = {}
        for arg in made.args.args:
            names[arg.arg] = arg.arg
            if arg.arg != "self" and arg.annotation is not None and _tensors(arg.annotation):
                self._program.sources[arg.arg] = DEFAULT_WIDE
        stack = [_Block(made.body, names)]
        while stack:
            if len(self._program.steps) >= MAX_STEPS or self._copied > MAX_COPIED:
                self._program.cut = True
                break
            self._advance(stack)
        return self._program

    def _advance(self, stack: list[_Block]) -> None:
        block = stack[-1]
        if block.choice is not None:
            self._choose(stack, block, block.choice)
            return
        if block.at >= len(block.body):
            stack.pop()
            if stack and stack[-1].choice is not None:
                stack[-1].choice.ends.append(block.names)
            return
        line = block.body[block.at]
        block.at += 1
        if isinstance(line, ast.If) and len(stack) < MAX_BLOCKS:
            ruling = self._value(line.test, block.names)
            block.choice = _Choice(ruling, line.lineno, [], [line.body, line.orelse])
        elif isinstance(line, ast.While | ast.For) and len(stack) < MAX_BLOCKS:
            stack.append(_Block(line.body, block.names))
        else:
            self._plain(line, block.names)

    def _choose(self, stack: list[_Block], block: _Block, choice: _Choice) -> None:
        if choice.todo:
            self._copied += len(block.names)
            stack.append(_Block(choice.todo.pop(0), dict(block.names)))
            return
        block.choice = None
        yes, no = [*choice.ends, {}, {}][:2]
        for name in dict.fromkeys([*yes, *no]):
            a, b = yes.get(name, ""), no.get(name, "")
            if a != b:
                inputs = tuple(n for n in (a, b) if n)
                step = self._step("If", (choice.ruling, *inputs), choice.place)
                block.names[name] = step

    def _plain(self, line: ast.stmt, names: dict[str, str]) -> None:
        if isinstance(line, ast.Return) and line.value is not None:
            made = self._value(line.value, names)
            self._program.outputs.add(self._step("Identity", (made,), line.lineno))
        elif isinstance(line, ast.Expr):
            self._value(line.value, names)
        elif isinstance(line, ast.Assign | ast.AnnAssign) and line.value is not None:
            made = self._value(line.value, names)
            for target in line.targets if isinstance(line, ast.Assign) else [line.target]:
                self._assign(target, made, line.value, names)

    def _assign(self, target: ast.expr, made: str, value: ast.expr, names: dict[str, str]) -> None:
        """Bind names; those of several returned values that are no tensors are settings."""
        several = target.elts if isinstance(target, ast.Tuple) else [target]
        method = (
            value.func.attr
            if isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute)
            else ""
        )
        tensors = self._returns.get(method, [])
        for place, part in enumerate(several):
            if isinstance(part, ast.Name):
                plain = len(several) == len(tensors) > 1 and not tensors[place]
                names[part.id] = self._constant(OnnxConstant()) if plain else made

    def _step(
        self,
        op: str,
        inputs: tuple[str, ...],
        place: int,
        *,
        numbers: tuple[tuple[str, tuple[float, ...]], ...] = (),
        layer: bool = False,
    ) -> str:
        self._fresh += 1
        name = f"%{self._fresh}"
        self._program.steps.append(Step(op, inputs, (name,), place, op, numbers, learnt=layer))
        return name

    def _constant(self, constant: OnnxConstant) -> str:
        self._fresh += 1
        name = f"%{self._fresh}"
        self._program.constants[name] = constant
        return name

    def _value(self, made: ast.expr, names: dict[str, str]) -> str:
        """Return the name of an expression's value: parts are written before what holds them."""
        order: list[ast.expr] = []
        stack = [made]
        while stack and len(order) < MAX_NODES:
            part = stack.pop()
            order.append(part)
            stack += [c for c in ast.iter_child_nodes(part) if isinstance(c, ast.expr)]
        done: dict[int, str] = {}
        for part in reversed(order):
            done[id(part)] = self._one(part, names, done)
        return done[id(made)]

    def _one(self, part: ast.expr, names: dict[str, str], done: dict[int, str]) -> str:
        numbers = _numbers(part)
        if numbers is not None:
            return self._constant(OnnxConstant((len(numbers),), len(numbers), numbers))
        match part:
            case ast.Name():
                return names.get(part.id, "")
            case ast.Attribute() | ast.Starred():
                return self._attribute(part, done)
            case ast.Call():
                return self._call(part, done)
            case ast.Subscript():
                return self._step(
                    "Gather",
                    (done.get(id(part.value), ""), done.get(id(part.slice), "")),
                    part.lineno,
                )
            case ast.IfExp():
                inputs = tuple(done.get(id(p), "") for p in (part.test, part.body, part.orelse))
                return self._step("If", inputs, part.lineno)
            case _:
                op = _operator(part)
                held = [c for c in ast.iter_child_nodes(part) if isinstance(c, ast.expr)]
                inputs = tuple(done.get(id(c), "") for c in held)
                return self._step(op, inputs, getattr(part, "lineno", 0))

    def _attribute(self, part: ast.Attribute | ast.Starred, done: dict[int, str]) -> str:
        """Return a parameter or module of `self`, or of a module; else what the attribute is of."""
        inner = done.get(id(part.value), "")
        if isinstance(part, ast.Starred):
            return inner
        if isinstance(part.value, ast.Name) and part.value.id == "self":
            held = self._types.get(part.attr, "")
            weights = held in {"Tensor", "Optional"}
        elif inner in self._modules:
            held, weights = f"{self._modules[inner]}.{part.attr}", part.attr in _WEIGHTS
        else:
            return inner
        name = self._constant(LAYER if weights else OnnxConstant())
        if not weights:
            self._modules[name] = held
        return name

    def _call(self, part: ast.Call, done: dict[int, str]) -> str:
        inputs = tuple(done.get(id(a), "") for a in part.args)
        inputs += tuple(done.get(id(k.value), "") for k in part.keywords)
        if isinstance(part.func, ast.Attribute) and part.func.attr in _CALLED:
            owner = done.get(id(part.func.value), "")
            called = self._modules.get(owner)
            if called is not None:
                op = called.rpartition(".")[2] or "Module"
                return self._step(op, inputs, part.lineno, layer=learnt(called))
            return self._step("Module", inputs, part.lineno, layer=True)
        word = _dotted(part.func).rpartition(".")[2]
        op, axis = OPERATORS.get(word, (word, -1))
        numbers: tuple[tuple[str, tuple[float, ...]], ...] = ()
        if axis >= 0 and len(part.args) > axis:
            numbers = (("axes", _numbers(part.args[axis]) or ()),)
        if op == "Slice":
            given = [(_numbers(a) or (0.0,))[0] for a in part.args[1:4]]
            fixed = len(given) == 3 and all(_numbers(a) for a in part.args[2:4])  # noqa: PLR2004
            numbers = (("starts", (given[1],)), ("ends", (given[2],))) if fixed else ()
            inputs = inputs[:1]
        elif op == "Gather" and word != "embedding":
            inputs = (inputs[0], inputs[-1]) if len(inputs) > 1 else inputs
        elif word == "masked_fill":
            inputs = (inputs[1], inputs[2], inputs[0]) if len(inputs) > 2 else inputs  # noqa: PLR2004
        return self._step(op, inputs, part.lineno, numbers=numbers)


_WEIGHTS = {"weight", "in_proj_weight", "kernel", "weight_ih_l0", "weight_hh_l0"}


def _tensors(annotation: ast.expr) -> bool:
    return any(isinstance(p, ast.Name) and p.id == "Tensor" for p in ast.walk(annotation))


def _dotted(made: ast.expr) -> str:
    """Return a dotted name, empty where it is none."""
    parts: list[str] = []
    while isinstance(made, ast.Attribute):
        parts.append(made.attr)
        made = made.value
    if isinstance(made, ast.Subscript):
        made = made.value
    return ".".join([made.id if isinstance(made, ast.Name) else "", *reversed(parts)]).lstrip(".")


def _numbers(made: ast.expr) -> tuple[float, ...] | None:
    """Return the numbers of a literal: one, or a list of them."""
    if isinstance(made, ast.List | ast.Tuple):
        rows = [_numbers(part) if not isinstance(part, ast.List) else None for part in made.elts]
        return None if None in rows or not rows else tuple(r[0] for r in rows if r)
    if isinstance(made, ast.UnaryOp) and isinstance(made.op, ast.USub):
        inner = made.operand
        if isinstance(inner, ast.Constant) and isinstance(inner.value, int | float):
            return (-_bounded(inner.value),)
        return None
    if isinstance(made, ast.Constant) and isinstance(made.value, int | float):
        return (_bounded(made.value),)
    return None


def _bounded(value: float) -> float:
    return float(value) if abs(value) < 1 << 64 else float(1 << 64)


def _operator(part: ast.expr) -> str:
    inner = getattr(part, "op", None) or next(iter(getattr(part, "ops", [])), None)
    return OPERATOR_NODES.get(type(inner).__name__, type(part).__name__)
