"""What a TensorFlow model tells of itself, gathered message by message and bounded."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from pratique.artifacts.graph_operators import reach_of
from pratique.artifacts.graphs import AT_LOAD, WHEN_CALLED, GraphOperators, OperatorUse
from pratique.artifacts.readers.tensorflow.scopes import (
    MAX_NODES,
    MAX_TEXT,
    MAX_TEXTS,
    Model,
    Node,
    Scope,
    plain,
)
from pratique.artifacts.views import TensorSpan
from pratique.core.errors import LimitExceededError
from pratique.core.fact import Json

MAX_ROWS = 1_000
MAX_USES = 20_000
MAX_ALIKE = 500
"""Uses of one operator that differ in what they are given, or in when they run."""
MAX_INPUTS = 4_000
MAX_OBJECTS = 300_000
INIT = "__saved_model_init_op"
_INIT_LISTS = frozenset({"saved_model_main_op", "legacy_init_op", "saved_model_init_op"})
_ON_LOAD = frozenset({"_initialize", "_create_resource", "_destroy_resource", "initializer"})
"""Children of a saved object that loading it calls, or taking it down."""
_STRINGS = 7
"""DT_STRING of types.proto."""
_PASSES_UP = frozenset({"list", "value", "tensor", "called", "variant"})


@dataclass(slots=True)
class Frame:
    """A message that is being walked: where it stands, and what it has said so far."""

    kind: str
    at: int
    end: int
    begun: int = 0
    texts: dict[str, str] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)
    strings: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    inputs: list[str] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    attrs: dict[str, tuple[str, ...]] = field(default_factory=dict)
    content: tuple[int, int] = (0, 0)
    odd: str = ""
    scope: Scope | None = None
    raw: bytes = b""
    effects: int = 0


@dataclass(slots=True)
class _Object:
    """One node of the saved object graph."""

    below: list[tuple[int, str]] = field(default_factory=list)
    functions: list[str] = field(default_factory=list)
    restores: list[int] = field(default_factory=list)
    constant: str = ""


class Told:
    """Gathers what messages say as they close."""

    def __init__(self) -> None:
        self.model = Model()
        self.assets: list[tuple[str, str]] = []
        self.spans: list[TensorSpan] = []
        self.handles: list[Json] = []
        self.missing: list[Json] = []
        self.versions: list[str] = []
        self.lost = 0
        self._nodes = 0
        self._roots: list[str] = []
        self._init: list[str] = []
        self._objects: list[_Object] = []
        self._bound: list[tuple[str, list[int]]] = []

    def closed(self, frame: Frame, above: list[Frame]) -> None:
        """Take what a message has said, now that it is whole; `above` are those that hold it."""
        parent = above[-1] if above else None
        take = self._TAKES.get(frame.kind)
        if take is not None:
            take(self, frame, above)
        if parent is not None and frame.kind in _PASSES_UP:
            _pass_up(frame, parent)

    # -- values

    def _attr(self, frame: Frame, above: list[Frame]) -> None:
        parent = above[-1]
        name = frame.texts.get("name", "")
        parent.attrs.setdefault(name, tuple(frame.strings[:MAX_TEXTS]))
        _extend(parent.calls, frame.calls, MAX_ROWS)
        parent.odd = parent.odd or frame.odd

    def _called(self, frame: Frame, above: list[Frame]) -> None:
        del above
        frame.calls.append(frame.texts.get("name", ""))

    def _dim(self, frame: Frame, above: list[Frame]) -> None:
        if len(above[-1].sizes) < MAX_TEXTS * 8:
            above[-1].sizes.append(frame.numbers.get("size", 0))

    def _shape(self, frame: Frame, above: list[Frame]) -> None:
        above[-1].sizes = frame.sizes

    def _held(self, frame: Frame, above: list[Frame]) -> None:
        if any(size < -1 for size in frame.sizes) or len(frame.sizes) > 254:  # noqa: PLR2004 - TensorShape's most
            above[-1].odd = f"a shape of {frame.sizes[:4]}"

    def _handle(self, frame: Frame, above: list[Frame]) -> None:
        if frame.odd and len(self.handles) < MAX_ROWS:
            self.handles.append([frame.texts.get("name", "")[:200], frame.odd])
        del above

    def _tensor(self, frame: Frame, above: list[Frame]) -> None:
        start, end = frame.content
        if frame.numbers.get("dtype") == _STRINGS or end - start < SHOWN_FROM:
            return
        if len(self.spans) >= MAX_USES:
            self.lost += 1
            return
        name = next((f.texts.get("name", "") for f in reversed(above) if f.kind == "node"), "")
        word, wide = DTYPES.get(frame.numbers.get("dtype", 0), ("u8", 1))
        shape = ((end - start) // wide,)
        if (end - start) % wide:
            word, shape = "u8", (end - start,)
        self.spans.append(TensorSpan(name[:300], word, shape, start, end))

    # -- graphs

    def _node(self, frame: Frame, above: list[Frame]) -> None:
        holder = next(f for f in reversed(above) if f.kind in {"graphdef", "function"})
        if holder.scope is None:
            holder.scope = Scope()
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise LimitExceededError(f"more than {MAX_NODES} nodes in one model")
        scope, name = holder.scope, frame.texts.get("name", "")
        op = frame.texts.get("op", "")
        inputs = tuple(frame.inputs)
        scope.add(name, Node(op, inputs, tuple(dict.fromkeys(frame.calls)), frame.begun))
        if op == "Const":
            scope.texts.setdefault(name, frame.attrs.get("value", ()))
            if "value" not in frame.attrs and len(self.missing) < MAX_ROWS:
                self.missing.append([name[:200], "is a constant without a value"])
        elif reach_of(op) is not None:
            scope.attrs[name] = {k: v for k, v in frame.attrs.items() if v}

    def _graphdef(self, frame: Frame, above: list[Frame]) -> None:
        del above
        if frame.scope is not None:
            self.model.graphs.append(frame.scope)

    def _declared(self, frame: Frame, above: list[Frame]) -> None:
        function = above[-1]
        if function.scope is None:
            function.scope = Scope()
        function.scope.name = frame.texts.get("name", "")
        function.scope.arguments = frame.inputs

    def _argument(self, frame: Frame, above: list[Frame]) -> None:
        _extend(above[-1].inputs, [frame.texts.get("name", "")], MAX_INPUTS)

    def _function(self, frame: Frame, above: list[Frame]) -> None:
        del above
        scope = frame.scope or Scope()
        scope.name = scope.name or "(unnamed)"
        if scope.name in self.model.functions:
            self.model.others.append(scope)
        else:
            self.model.functions[scope.name] = scope

    # -- what loading does

    def _info(self, frame: Frame, above: list[Frame]) -> None:
        del above
        if frame.texts.get("version") and len(self.versions) < MAX_TEXTS:
            self.versions.append(frame.texts["version"][:40])

    def _saver(self, frame: Frame, above: list[Frame]) -> None:
        del above
        _extend(self._roots, [frame.texts.get("restore", "")], MAX_ROWS)

    def _hand_on(self, frame: Frame, above: list[Frame]) -> None:
        above[-1].inputs = frame.inputs

    def _collection(self, frame: Frame, above: list[Frame]) -> None:
        del above
        if frame.texts.get("name") in _INIT_LISTS:
            _extend(self._roots, frame.inputs, MAX_ROWS)

    def _add_on(self, frame: Frame, above: list[Frame]) -> None:
        _extend(above[-1].inputs, frame.inputs, MAX_ROWS)

    def _signature(self, frame: Frame, above: list[Frame]) -> None:
        del above
        if frame.texts.get("name") == INIT:
            _extend(self._roots, frame.inputs, MAX_ROWS)
            if not frame.inputs and len(self.missing) < MAX_ROWS:
                self.missing.append([INIT, "is a signature without an output"])

    def _asset(self, frame: Frame, above: list[Frame]) -> None:
        del above
        name = frame.texts.get("filename", "")
        if len(self.assets) < MAX_ROWS:
            self.assets.append(("asset", name[:MAX_TEXT]))
        else:
            self.lost += 1
        for node in frame.inputs[:1]:
            self.model.assets[plain(node)] = name

    # -- saved objects

    def _below(self, frame: Frame, above: list[Frame]) -> None:
        one = (frame.numbers.get("id", 0), frame.texts.get("name", ""))
        holder = above[-1]
        if len(holder.sizes) < MAX_OBJECTS:
            holder.sizes.append(one[0])
            holder.calls.append(one[1])

    def _bare(self, frame: Frame, above: list[Frame]) -> None:
        above[-1].inputs = [frame.texts.get("name", "")]

    def _constant(self, frame: Frame, above: list[Frame]) -> None:
        above[-1].texts["constant"] = frame.texts.get("name", "")

    def _saves(self, frame: Frame, above: list[Frame]) -> None:
        above[-1].numbers = frame.numbers

    def _saveable(self, frame: Frame, above: list[Frame]) -> None:
        _extend(above[-1].strings, [str(frame.numbers.get("id", 0))], MAX_ROWS)

    def _object(self, frame: Frame, above: list[Frame]) -> None:
        del above
        if len(self._objects) >= MAX_OBJECTS:
            raise LimitExceededError(f"more than {MAX_OBJECTS} saved objects")
        made = _Object(list(zip(frame.sizes, frame.calls, strict=False)), frame.inputs)
        made.restores = [int(text) for text in frame.strings if text.isdigit()]
        made.constant = frame.texts.get("constant", "")
        self._objects.append(made)

    def _concrete(self, frame: Frame, above: list[Frame]) -> None:
        del above
        if len(self._bound) < MAX_OBJECTS:
            self._bound.append((frame.texts.get("name", ""), frame.sizes))

    _TAKES: ClassVar[dict[str, Callable[["Told", Frame, list[Frame]], None]]] = {
        "argument": _argument,
        "asset": _asset,
        "attr": _attr,
        "bare": _bare,
        "below": _below,
        "bound": _shape,
        "callable": _hand_on,
        "called": _called,
        "collected": _hand_on,
        "collection": _collection,
        "concrete": _concrete,
        "constant": _constant,
        "declared": _declared,
        "dim": _dim,
        "function": _function,
        "graphdef": _graphdef,
        "handle": _handle,
        "held": _held,
        "info": _info,
        "node": _node,
        "nodes": _hand_on,
        "object": _object,
        "place": _add_on,
        "port": _add_on,
        "saveable": _saveable,
        "saver": _saver,
        "saves": _saves,
        "shape": _shape,
        "signature": _signature,
        "signed": _add_on,
        "tensor": _tensor,
    }
    """What is taken of each kind of message when it closes."""

    # -- the account

    def finish(self, kind: str) -> GraphOperators:
        """Return every operator, once all messages are closed."""
        self.model.link()
        self._bind()
        reached = self.model.reached(self._roots, list(self._loaded()))
        uses: dict[tuple[object, ...], OperatorUse] = {}
        sums: dict[str, OperatorUse] = {}
        sorts: dict[str, int] = {}
        for scope in self.model.scopes():
            whole = AT_LOAD if (scope.name, "") in reached and scope.name else WHEN_CALLED
            for name, node in scope.all():
                at_load = whole == AT_LOAD or (not scope.name and ("", name) in reached)
                runs = AT_LOAD if at_load else WHEN_CALLED
                if reach_of(node.op) is None:
                    _count(sums, node.op, OperatorUse(node.op, name, scope.name, node.at, 1, runs))
                else:
                    self._keep(self._use(scope, name, node, runs), uses, sorts)
        return GraphOperators(
            format=kind,
            uses=(*uses.values(), *sums.values()),
            files=tuple(self.assets),
            functions=frozenset(self.model.functions),
            partial=f"{self.lost} more rows than are kept" if self.lost else "",
        )

    def _keep(
        self,
        use: OperatorUse,
        uses: dict[tuple[object, ...], OperatorUse],
        sorts: dict[str, int],
    ) -> None:
        """Keep a use that is unlike those before it; no operator takes the room of another."""
        key = (use.op, use.runs, use.texts, bool(use.fed))
        if key in uses:
            return
        sorts[use.op] = sorts.get(use.op, 0) + 1
        if sorts[use.op] <= MAX_ALIKE and len(uses) < MAX_USES:
            uses[key] = use
        else:
            self.lost += 1

    def data(self, kind: str) -> dict[str, Json]:
        """Return the fact's data: what rules over the whole ask of the model."""
        ops = dict.fromkeys(n.op for s in self.model.scopes() for _, n in s.all())
        cycles: list[Json] = [name[:200] for name in self.model.cycles()[:100]]
        return {
            "format": kind,
            "versions": list(self.versions),
            "ops": [op[:100] for op in list(ops)[:MAX_ROWS]],
            "cycles": cycles,
            "missing": self.missing,
            "handles": self.handles,
            "functions": len(self.model.functions),
            "nodes": self._nodes,
            "assets": [name[:300] for _, name in self.assets[:MAX_ROWS]],
        }

    def _loaded(self) -> Iterator[str]:
        """Yield the functions that loading the saved objects calls."""
        for one in self._objects:
            wanted = [at for at, name in one.below if name in _ON_LOAD]
            for at in [*wanted, *one.restores]:
                if 0 <= at < len(self._objects):
                    yield from self._objects[at].functions

    def _bind(self) -> None:
        for name, numbers in self._bound:
            self.model.bound[name] = [
                self._objects[n].constant if 0 <= n < len(self._objects) else "" for n in numbers
            ]

    def _use(self, scope: Scope, name: str, node: Node, runs: str) -> OperatorUse:
        reach = reach_of(node.op)
        given = [one for one in node.inputs if not one.startswith("^")]
        texts, fed = [], 0
        for number in reach.inputs if reach else ():
            if number < len(given):
                text = self.model.constant(scope, given[number])
                fed += text is None
                texts += [(f"input:{number}", text)] if text else []
        for key in reach.attrs if reach else ():
            for text in scope.attrs.get(name, {}).get(key, ()):
                texts.append((f"attr:{key}", text))
        return OperatorUse(
            node.op, name[:300], scope.name[:300], node.at, 1, runs, tuple(texts), fed
        )


def _count(sums: dict[str, OperatorUse], op: str, use: OperatorUse) -> None:
    seen = sums.get(op)
    if seen is None:
        sums[op] = use
        return
    runs = AT_LOAD if AT_LOAD in (seen.runs, use.runs) else WHEN_CALLED
    sums[op] = OperatorUse(op, seen.node, seen.scope, seen.at, seen.count + 1, runs)


def _pass_up(frame: Frame, parent: Frame) -> None:
    _extend(parent.strings, frame.strings, MAX_TEXTS)
    _extend(parent.calls, frame.calls, MAX_ROWS)
    parent.odd = parent.odd or frame.odd


def _extend(to: list[str], more: list[str], most: int) -> None:
    to.extend(more[: max(0, most - len(to))])


SHOWN_FROM = 64
DTYPES = {
    1: ("f32", 4),
    2: ("f64", 8),
    3: ("i32", 4),
    4: ("u8", 1),
    5: ("i16", 2),
    6: ("i8", 1),
    8: ("c64", 8),
    9: ("i64", 8),
    10: ("bool", 1),
    14: ("bf16", 2),
    17: ("u16", 2),
    18: ("c128", 16),
    19: ("f16", 2),
    22: ("u32", 4),
    23: ("u64", 8),
}
"""TensorFlow's element types (types.proto): the word used here, and the bytes of one."""
