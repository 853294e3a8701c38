"""Makes plain steps of the graphs of an ONNX model: inner graphs and functions written out."""

from dataclasses import dataclass, field, replace
from itertools import zip_longest

from pratique.artifacts.onnx_graphs import OnnxGraphs, OnnxNode, OnnxScope
from pratique.detectors.backdoors.graph_steps import DEFAULT_WIDE, Program, Step

MAX_STEPS = 100_000
MAX_DEPTH = 40
MAX_ENTERED = 20_000
"""Graphs and calls of functions that are written out."""
CHANNELS = 4
"""A dimension of so few elements is the colours of a picture, or less."""
_LOOPS = {"Loop": 2, "Scan": 0, "SequenceMap": 0}


@dataclass(slots=True)
class _Work:
    """A graph that is being written out: names of its own, and where it stands."""

    scope: OnnxScope
    prefix: str
    names: dict[str, str]
    outer: "_Work | None" = None
    at: int = 0
    pending: OnnxNode | None = None
    made: list[tuple[str, ...]] = field(default_factory=list)
    todo: list[int] = field(default_factory=list)


def program_of(view: OnnxGraphs) -> Program | None:
    """Return the model's main graph as steps; None where there is none."""
    parts = [s for s in view.scopes if s.kind == "model"]
    if not parts:
        return None
    whole = replace(
        parts[0],
        inputs=tuple(p for s in parts for p in s.inputs),
        outputs=tuple(p for s in parts for p in s.outputs),
        nodes=tuple(n for s in parts for n in s.nodes),
        constants={k: c for s in parts for k, c in s.constants.items()},
    )  # as readers of the format do with a graph that is given twice
    return _Writer(view).run(whole)


class _Writer:
    def __init__(self, view: OnnxGraphs) -> None:
        self._scopes = view.scopes
        self._functions = {(s.domain, s.name): s for s in view.scopes if s.kind == "function"}
        self._program, self._fresh = Program(), 0

    def run(self, main: OnnxScope) -> Program:
        """Write out everything that the main graph reaches."""
        carried = set(main.constants)
        for port in main.inputs:
            if port.name in carried:
                continue
            if port.wide:
                wide = [d for d in (port.dims or ())[1:] if not 0 < d <= CHANNELS]
                self._program.sources[port.name] = DEFAULT_WIDE if port.dims is None else len(wide)
            else:
                self._program.settings.add(port.name)
        work = self._enter(main, None, {})
        self._program.outputs = {self._name(work, name) for name in main.outputs}
        stack = [work]
        while stack:
            if len(self._program.steps) >= MAX_STEPS or self._fresh >= MAX_ENTERED:
                self._program.cut = True
                break
            self._advance(stack)
        return self._program

    def _enter(self, scope: OnnxScope, outer: _Work | None, names: dict[str, str]) -> _Work:
        prefix = f"{self._fresh}/" if outer is not None or names else ""
        self._fresh += 1
        for name, constant in scope.constants.items():
            names[name] = prefix + name
            self._program.constants[prefix + name] = constant
        return _Work(scope, prefix, names, outer)

    def _name(self, work: _Work, name: str) -> str:
        """Return the one name of a wire as it is seen from inside a graph."""
        at: _Work | None = work
        while at is not None:
            if name in at.names:
                return at.names[name]
            at = at.outer
        return name

    def _advance(self, stack: list[_Work]) -> None:
        work = stack[-1]
        if work.pending is not None:
            self._resume(stack, work, work.pending)
            return
        if work.at >= len(work.scope.nodes):
            stack.pop()
            if stack and stack[-1].pending is not None:
                stack[-1].made.append(tuple(self._name(work, n) for n in work.scope.outputs))
            return
        node = work.scope.nodes[work.at]
        work.at += 1
        function = self._functions.get((node.domain, node.op))
        if len(stack) < MAX_DEPTH and (function is not None or node.inner):
            work.pending, work.made = node, []
            work.todo = [-1] if function is not None else list(node.inner)
            return
        self._plain(work, node)

    def _resume(self, stack: list[_Work], work: _Work, node: OnnxNode) -> None:
        """Enter the next graph that a node holds, or write the node when all are done."""
        if work.todo:
            number = work.todo.pop(0)
            inputs = [self._name(work, n) for n in node.inputs]
            if number < 0:
                scope = self._functions[node.domain, node.op]
                names = {p.name: n for p, n in zip(scope.inputs, inputs, strict=False)}
                stack.append(self._enter(scope, None, names | {"": ""}))
                return
            scope, names = self._scopes[number], {}
            if node.op in _LOOPS:
                names = self._carried(scope, inputs, node)
            stack.append(self._enter(scope, work, names))
            return
        work.pending = None
        self._close(work, node)

    def _carried(self, scope: OnnxScope, inputs: list[str], node: OnnxNode) -> dict[str, str]:
        """Return what a loop's body knows its inputs as: they change, whatever they begin with."""
        names: dict[str, str] = {}
        for place, port in enumerate(scope.inputs):
            name = f"{self._fresh}:{place}/{port.name}"
            begun = tuple(n for n in inputs[place : place + 1] if n)
            self._program.steps.append(Step("Carried", begun, (name,), node.at, node.name))
            names[port.name] = name
        return names

    def _close(self, work: _Work, node: OnnxNode) -> None:
        """Write the step that makes a node's outputs of what its graphs made."""
        ruling = (self._name(work, node.inputs[0]),) if node.op == "If" and node.inputs else ()
        skip = 1 if node.op == "Loop" else 0
        rows = [made[skip:] for made in work.made]
        for output, *made in zip_longest(node.outputs, *rows, fillvalue=""):
            if output:
                op = "If" if node.op == "If" else "Identity"
                name = self._define(work, output)
                inputs = ruling + tuple(m for m in made if m)
                self._program.steps.append(Step(op, inputs, (name,), node.at, node.name))

    def _define(self, work: _Work, name: str) -> str:
        work.names[name] = work.prefix + name
        return work.prefix + name

    def _plain(self, work: _Work, node: OnnxNode) -> None:
        inputs = tuple(self._name(work, n) if n else "" for n in node.inputs)
        outputs = tuple(self._define(work, n) for n in node.outputs if n)
        if node.constant is not None and node.op == "Constant":
            for name in outputs:
                self._program.constants[name] = node.constant
            return
        op = node.op.removeprefix("com.microsoft.")
        step = Step(op, inputs, outputs, node.at, node.name, node.numbers)
        self._program.steps.append(step)
