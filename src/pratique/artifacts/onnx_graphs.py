"""What the reader of ONNX shows of a graph: its nodes, their wires, and small constants."""

from dataclasses import dataclass, field

from pratique.artifacts.reader import View


@dataclass(frozen=True, slots=True)
class OnnxConstant:
    """A tensor that the model carries: its shape, and its values where they are few."""

    dims: tuple[int, ...] = ()
    elements: int = 1
    values: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class OnnxPort:
    """An input of a graph. `wide` tells that it is more than one number: data, not a setting."""

    name: str
    dims: tuple[int, ...] | None = None

    @property
    def wide(self) -> bool:
        """Tell whether the input holds data: rows of them, or of a shape that is not told."""
        return self.dims is None or len(self.dims) > 1


@dataclass(frozen=True, slots=True)
class OnnxNode:
    """One operator. `inner` are the numbers of the graphs that it holds, in their order."""

    op: str
    domain: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    at: int
    inner: tuple[int, ...] = ()
    texts: tuple[tuple[str, str], ...] = ()
    numbers: tuple[tuple[str, tuple[float, ...]], ...] = ()
    constant: OnnxConstant | None = None

    def text(self, name: str) -> str:
        """Return a text of an attribute, empty for none."""
        return next((value for key, value in self.texts if key == name), "")

    def number(self, name: str) -> tuple[float, ...]:
        """Return the numbers of an attribute, none where it has none."""
        return next((value for key, value in self.numbers if key == name), ())


@dataclass(frozen=True, slots=True)
class OnnxScope:
    """A graph or function: `kind` is `model`, `inner`, `function` or `training`."""

    kind: str
    name: str
    domain: str
    at: int
    inputs: tuple[OnnxPort, ...]
    outputs: tuple[str, ...]
    nodes: tuple[OnnxNode, ...]
    constants: dict[str, OnnxConstant] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class OnnxGraphs(View):
    """Every graph of one model, inner ones before those that hold them."""

    scopes: tuple[OnnxScope, ...]
    opsets: tuple[str, ...] = ()
