"""What the nodes of a skops schema name, and what they call without saying so."""

import re
from collections.abc import Iterator
from typing import NamedTuple

LOADERS = frozenset(
    ["DictNode", "DefaultDictNode", "ListNode", "SetNode", "TupleNode", "BytesNode",
     "BytearrayNode", "SliceNode", "FunctionNode", "MethodNode", "PartialNode", "TypeNode",
     "ConstructorFromReduceNode", "ObjectNode", "JsonNode", "OperatorFuncNode", "CachedNode",
     "NdArrayNode", "MaskedArrayNode", "DTypeNode", "RandomStateNode", "RandomGeneratorNode",
     "QuantileForestNode", "SparseMatrixNode", "LossNode", "TreeNode", "ReduceNode",
     "_DictWithDeprecatedKeysNode"]
)  # fmt: skip
"""Every node that a release of skops up to 0.16 has."""
BIT_GENERATORS = frozenset(["PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64"])
OPERATORS = frozenset(["itemgetter"])
GETTERS = frozenset(["attrgetter", "methodcaller"])
_WIDTH = 4
_OWNER = 2
_IDENTIFIER = re.compile(r"[A-Za-z_]\w*")


class Node(NamedTuple):
    """One distinct node of a schema: which node reads it, of which type, and what it asks for."""

    loader: str
    module: str
    name: str
    asks: str


class Hidden(NamedTuple):
    """Something that a node does beyond the type it names: `kind` is a word of ours."""

    kind: str
    says: str


def nodes_of(data: object) -> list[Node]:
    """Return the distinct nodes that a reader found in a schema."""
    rows = data.get("nodes") if isinstance(data, dict) else None
    if not isinstance(rows, list):
        return []
    return [Node(*map(str, r)) for r in rows if isinstance(r, list) and len(r) == _WIDTH]


def named(node: Node) -> Iterator[tuple[str, str]]:
    """Yield (module, name) of what a node imports."""
    if node.loader == "OperatorFuncNode":
        yield "operator", node.name
    if node.loader == "FunctionNode" and "." in node.asks:
        module, _, name = node.asks.rpartition(".")
        yield module, name
    if node.module or node.name:
        yield node.module, node.name
    if node.loader == "MethodNode" and node.asks.count("|") >= _OWNER:
        method, module, name = node.asks.split("|", 2)
        yield module, f"{name}.{method}"


def hidden(node: Node) -> Iterator[Hidden]:
    """Yield what a node does that the type which skops shows for it does not tell."""
    if node.loader == "OperatorFuncNode":
        if node.module != "operator":
            name = node.name[:60]
            says = f"calls operator.{name} under the name {node.module[:60]}.{name}"
            yield Hidden("operator", says)
        elif node.name not in OPERATORS | GETTERS:
            yield Hidden("operator", f"calls operator.{node.name[:60]}")
    if node.loader == "MethodNode" and "|" in node.asks:
        yield from _method(node)
    if node.loader == "RandomGeneratorNode" and node.asks:
        name = node.asks.strip('"')
        if name not in BIT_GENERATORS:
            yield Hidden("generator", f"calls numpy.random.{name[:60]} as a bit generator")
    if node.loader not in LOADERS:
        yield Hidden("loader", f"is read by {node.loader[:60]!r}, which no skops has")


def _method(node: Node) -> Iterator[Hidden]:
    method, _, rest = node.asks.partition("|")
    module, _, name = rest.partition("|")
    if not _IDENTIFIER.fullmatch(method) or method.startswith("__"):
        yield Hidden("method", f"reaches for {method[:80]!r} of {module[:60]}.{name[:60]}")
    elif name != node.name:
        says = f"shows a method of {node.name[:60]!r} and takes one of {name[:60]!r}"
        yield Hidden("owner", says)
