"""What the reader of OpenVINO shows of a model: what it needs beside the weights."""

from dataclasses import dataclass

from pratique.artifacts.reader import View


@dataclass(frozen=True, slots=True)
class OpenvinoLayer:
    """One sort of layer: `version` names the set of operators that it is of."""

    kind: str
    version: str
    name: str
    at: int
    count: int = 1


@dataclass(frozen=True, slots=True)
class OpenvinoProblem:
    """One way in which a model breaks its format: `doctype`, `place`, `size`, `overlap`."""

    kind: str
    says: str
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenvinoModel(View):
    """The sorts of layers of one model, and its problems."""

    layers: tuple[OpenvinoLayer, ...]
    problems: tuple[OpenvinoProblem, ...]
