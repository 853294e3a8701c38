"""The nodes of a model by the graph or function that they stand in, and what feeds them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

MAX_NODES = 600_000
MAX_STEPS = 40
"""How far a constant is followed through nodes that hand it on."""
MAX_JOINED = 64
MAX_CALLERS = 4
MAX_TEXTS = 8
MAX_TEXT = 1_000
_HANDS_ON = frozenset(
    ["Identity", "IdentityN", "PlaceholderWithDefault", "Reshape", "ExpandDims", "Squeeze", "Pack",
     "ConcatV2", "StopGradient", "Snapshot", "EnsureShape", "ShardedFilename", "StringStrip",
     "GuaranteeConst", "CheckNumerics", "Tile", "Unpack", "StridedSlice", "GatherV2", "Fill"]
)  # fmt: skip
"""Operators whose output is, as far as a text goes, what comes in first."""
_SECOND_ONE = frozenset({"Fill"})
_SKIPPED = {"If": 1, "StatelessIf": 1, "Case": 1, "StatelessCase": 1, "RemoteCall": 1}
"""Operators that take something before the arguments of the function that they call."""


class Node(NamedTuple):
    """One node: what it does, what it takes, which functions its attributes name."""

    op: str
    inputs: tuple[str, ...]
    calls: tuple[str, ...]
    at: int


@dataclass(slots=True)
class Scope:
    """A graph, or the body of a function; `name` is empty for a graph."""

    name: str = ""
    arguments: list[str] = field(default_factory=list)
    nodes: dict[str, Node] = field(default_factory=dict)
    texts: dict[str, tuple[str, ...]] = field(default_factory=dict)
    attrs: dict[str, dict[str, tuple[str, ...]]] = field(default_factory=dict)
    twice: list[tuple[str, Node]] = field(default_factory=list)

    def add(self, name: str, node: Node) -> None:
        """Keep a node; one whose name is taken is kept beside the first."""
        if name in self.nodes:
            self.twice.append((name, node))
        else:
            self.nodes[name] = node

    def all(self) -> Iterator[tuple[str, Node]]:
        """Yield every node with its name."""
        yield from self.nodes.items()
        yield from self.twice


class Model:
    """All scopes of one model, and the questions that rules have of them."""

    def __init__(self) -> None:
        self.graphs: list[Scope] = []
        self.functions: dict[str, Scope] = {}
        self.others: list[Scope] = []
        """Functions whose name another one has: the loader takes one of them."""
        self.bound: dict[str, list[str]] = {}
        """Names of nodes of the graph that a function's last arguments are."""
        self.assets: dict[str, str] = {}
        """Names of nodes that stand for a file of the model, and that file."""
        self._callers: dict[str, list[tuple[Scope, Node]]] = {}

    def scopes(self) -> Iterator[Scope]:
        """Yield every graph and function."""
        yield from self.graphs
        yield from self.functions.values()
        yield from self.others

    def link(self) -> None:
        """Note who calls which function, once all are known."""
        for scope in self.scopes():
            for _, node in scope.all():
                for called in self.called_by(node):
                    callers = self._callers.setdefault(called, [])
                    if len(callers) < MAX_CALLERS:
                        callers.append((scope, node))

    def called_by(self, node: Node) -> Iterator[str]:
        """Yield the functions of the model that a node runs."""
        if node.op in self.functions:
            yield node.op
        for name in node.calls:
            if name in self.functions:
                yield name

    def reached(self, roots: Sequence[str], functions: Sequence[str]) -> set[tuple[str, str]]:
        """Return (function, node) of all that running these nodes and functions runs.

        The name of the function is empty for nodes of the graph; of a function that is called,
        the node is empty: all of it is run.
        """
        found: set[tuple[str, str]] = set()
        queue = [("", plain(root)) for root in roots] + [(name, "") for name in functions]
        while queue:
            here = queue.pop()
            if here in found:
                continue
            found.add(here)
            queue += self._next(*here)
        return found

    def _next(self, function: str, name: str) -> Iterator[tuple[str, str]]:
        if function:
            scope = self.functions.get(function)
            for _, node in scope.all() if scope else ():
                for called in self.called_by(node):
                    yield called, ""
            return
        for graph in self.graphs:
            found = graph.nodes.get(name)
            if found is not None:
                for one in found.inputs:
                    yield "", plain(one)
                for called in self.called_by(found):
                    yield called, ""

    def constant(self, scope: Scope, given: str) -> str | None:
        """Return the text that decides an input, None where no constant does."""
        joined: list[str] = []
        stack, steps = [(scope, plain(given))], 0
        while stack:
            steps += 1
            if steps > MAX_STEPS:
                return None
            where, name = stack.pop()
            text = self._text(where, name)
            if text is not None:
                joined.append(text)
                continue
            more = self._sources(where, name)
            if not more:
                return None
            stack += reversed(more)
        return "".join(joined)[:MAX_TEXT]

    def _text(self, scope: Scope, name: str) -> str | None:
        if not scope.name and name in self.assets:
            return f"(asset) {self.assets[name]}"
        node = scope.nodes.get(name)
        if node is None or node.op != "Const":
            return None
        return "\n".join(scope.texts.get(name, ()))

    def _sources(self, scope: Scope, name: str) -> list[tuple[Scope, str]]:
        """Return what hands a text on to a node; joined where it is several."""
        node = scope.nodes.get(name)
        if node is None:
            return self._passed(scope, name)
        inputs = [plain(one) for one in node.inputs[:MAX_JOINED] if not one.startswith("^")]
        if node.op == "StringJoin":
            return [(scope, one) for one in inputs]
        if node.op in _HANDS_ON and inputs:
            return [(scope, inputs[-1] if node.op in _SECOND_ONE else inputs[0])]
        return []

    def _passed(self, scope: Scope, name: str) -> list[tuple[Scope, str]]:
        """Return what the caller of a function gives as the argument `name`."""
        if name not in scope.arguments:
            return []
        number = scope.arguments.index(name)
        bound = self.bound.get(scope.name, [])
        late = number - (len(scope.arguments) - len(bound))
        if late >= 0 and bound[late] and self.graphs:
            return [(self.graphs[0], bound[late])]
        for caller, node in self._callers.get(scope.name, []):
            given = [one for one in node.inputs if not one.startswith("^")]
            at = number + _SKIPPED.get(node.op, 0)
            if at < len(given):
                return [(caller, plain(given[at]))]
        return []

    def cycles(self) -> list[str]:
        """Return the functions that run themselves, straight or through others."""
        calls = {
            name: {c for _, node in scope.all() for c in self.called_by(node)}
            for name, scope in self.functions.items()
        }
        waiting = {name: len(to) for name, to in calls.items()}
        callers: dict[str, list[str]] = {}
        for name, to in calls.items():
            for one in to:
                callers.setdefault(one, []).append(name)
        done = [name for name, count in waiting.items() if not count]
        for name in done:  # grows while it is read: whoever only calls finished ones is finished
            for caller in callers.get(name, []):
                waiting[caller] -= 1
                if not waiting[caller]:
                    done.append(caller)
        left = set(waiting).difference(done)
        return sorted(left.difference(_ends(left, callers, calls)))


def _ends(left: set[str], callers: dict[str, list[str]], calls: dict[str, set[str]]) -> list[str]:
    """Return those that only lead into a circle: nobody in `left` calls them, in the end."""
    waiting = {name: len(set(callers.get(name, [])) & left) for name in left}
    ends = [name for name, count in waiting.items() if not count]
    for name in ends:  # grows while it is read
        for one in calls[name] & left:
            waiting[one] -= 1
            if not waiting[one]:
                ends.append(one)
    return ends


def plain(given: str) -> str:
    """Return the name of the node that an input names: without its output, or the mark `^`."""
    return given.removeprefix("^").partition(":")[0]
