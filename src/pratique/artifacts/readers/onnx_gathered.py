"""Gathers the graphs of an ONNX model, message by message, bounded."""

import struct
from dataclasses import dataclass, field
from math import prod

from pratique.artifacts.onnx_graphs import (
    OnnxConstant,
    OnnxGraphs,
    OnnxNode,
    OnnxPort,
    OnnxScope,
)
from pratique.artifacts.readers.onnx_told import Frame

MAX_NODES = 60_000
MAX_WIRES = 400_000
MAX_CONSTANTS = 60_000
MAX_TEXT = 300
MAX_VALUES = 16
_ELEMENTS = {1: "f", 2: "B", 3: "b", 4: "H", 5: "h", 6: "i", 7: "q", 9: "?", 11: "d"}
"""How struct names the types of elements whose raw values are read."""
_KINDS = {"model": "model", "attribute": "inner", "training": "training"}


@dataclass(slots=True)
class Gathered:
    """Makes nodes of messages that closed, and graphs of nodes."""

    scopes: list[OnnxScope] = field(default_factory=list)
    opsets: list[str] = field(default_factory=list)
    cut: str = ""
    _nodes: int = 0
    _wires: int = 0
    _constants: int = 0

    def closed(self, frame: Frame, parent: Frame | None) -> None:
        """Take a message that is whole; what a message holds closes before it."""
        if parent is None:
            return
        for kinds, take in (
            (("dim", "shape", "tensor_type", "type"), self._dims),
            (("value_in", "value_out"), self._port),
            (("tensor",), self._tensor),
            (("sparse",), self._sparse),
            (("attribute",), self._attribute),
            (("node",), self._node),
            (("graph", "function"), self._scope),
            (("opset",), self._opset),
        ):
            if frame.kind in kinds:
                take(frame, parent)

    def view(self, size: int) -> OnnxGraphs:
        """Return all graphs of the model."""
        return OnnxGraphs(
            scopes=tuple(self.scopes), opsets=tuple(self.opsets), covered=size, partial=self.cut
        )

    def _port(self, frame: Frame, parent: Frame) -> None:
        if not self._room(1):
            return
        name = frame.texts.get("name", "")[:MAX_TEXT]
        if frame.kind == "value_out":
            parent.outs.append(name)
            return
        dims = frame.many.get("shape")
        parent.held.append(OnnxPort(name, None if dims is None else tuple(map(int, dims))))

    def _tensor(self, frame: Frame, parent: Frame) -> None:
        dims = tuple(int(n) for n in frame.many.get("dims", ()))
        constant = OnnxConstant(dims, prod(dims), _values(frame))
        parent.held.append((frame.texts.get("name", "")[:MAX_TEXT], constant))
        self._constants += 1
        if self._constants > MAX_CONSTANTS:
            parent.held.pop()
            self.cut = "the model has more tensors than are followed"

    def _dims(self, frame: Frame, parent: Frame) -> None:
        if frame.kind == "dim":
            parent.many.setdefault("dims", []).append(frame.numbers.get("dim", 0))
        elif frame.kind == "shape":
            parent.many["shape"] = frame.many.get("dims", [])
        elif "shape" in frame.many:
            parent.many["shape"] = frame.many["shape"]

    def _opset(self, frame: Frame, _: Frame) -> None:
        if len(self.opsets) < MAX_VALUES:
            self.opsets.append(frame.texts.get("domain", "")[:MAX_TEXT])

    def _sparse(self, frame: Frame, parent: Frame) -> None:
        parent.held += [part for part in frame.held[:1] if isinstance(part, tuple)]

    def _attribute(self, frame: Frame, parent: Frame) -> None:
        name = frame.texts.get("name", "")[:MAX_TEXT]
        for part in frame.held:
            if isinstance(part, int | tuple):
                parent.held.append(part)
        if "s" in frame.texts:
            parent.held.append(("s", name, frame.texts["s"][:MAX_TEXT]))
        numbers = frame.many.get("values") or [
            frame.numbers[word] for word in ("i",) if word in frame.numbers
        ]
        if numbers:
            parent.held.append(("n", name, tuple(float(n) for n in numbers)))

    def _node(self, frame: Frame, parent: Frame) -> None:
        self._nodes += 1
        if self._nodes > MAX_NODES or not self._room(len(frame.ports) + len(frame.outs)):
            self.cut = "the model has more nodes or wires than are followed"
            return
        rows = [part for part in frame.held if isinstance(part, tuple)]
        numbers = tuple((r[1], r[2]) for r in rows if r[0] == "n" and len(r) == 3)  # noqa: PLR2004
        constant = next((r[1] for r in rows if isinstance(r[-1], OnnxConstant)), None)
        kind = frame.texts.get("op_type", "")[:MAX_TEXT]
        if kind == "Constant" and constant is None and numbers:
            constant = OnnxConstant((), len(numbers[0][1]), numbers[0][1])
        parent.held.append(
            OnnxNode(
                kind,
                frame.texts.get("domain", "")[:MAX_TEXT],
                frame.texts.get("name", "")[:MAX_TEXT],
                tuple(frame.ports),
                tuple(frame.outs),
                frame.begun,
                tuple(part for part in frame.held if isinstance(part, int)),
                tuple((r[1], r[2]) for r in rows if r[0] == "s" and len(r) == 3),  # noqa: PLR2004
                numbers,
                constant,
            )
        )

    def _scope(self, frame: Frame, parent: Frame) -> None:
        ports = [part for part in frame.held if isinstance(part, OnnxPort)]
        ports += [OnnxPort(name) for name in frame.ports]
        constants = {p[0]: p[1] for p in frame.held if isinstance(p, tuple)}
        self.scopes.append(
            OnnxScope(
                "function" if frame.kind == "function" else _KINDS.get(parent.kind, "inner"),
                frame.texts.get("name", "")[:MAX_TEXT],
                frame.texts.get("domain", "")[:MAX_TEXT],
                frame.begun,
                tuple(ports),
                tuple(frame.outs),
                tuple(part for part in frame.held if isinstance(part, OnnxNode)),
                constants,
            )
        )
        parent.held.append(len(self.scopes) - 1)

    def _room(self, wires: int) -> bool:
        self._wires += wires
        return self._wires <= MAX_WIRES


def _values(frame: Frame) -> tuple[float, ...]:
    """Return a tensor's values where they are few, none where they are many or elsewhere."""
    if numbers := frame.many.get("data"):
        return tuple(float(n) for n in numbers) if len(numbers) <= MAX_VALUES else ()
    raw, code = frame.raw, _ELEMENTS.get(int(frame.numbers.get("data_type", 0)), "")
    size = struct.calcsize(code) if code else 0
    if not size or not raw or len(raw) % size or len(raw) // size > MAX_VALUES:
        return ()
    return tuple(float(n) for n in struct.unpack(f"<{len(raw) // size}{code}", raw))
