"""How much an expression of a Jinja template makes the renderer do, as far as constants tell."""

from collections.abc import Iterator, Mapping

from jinja2 import nodes

from pratique.artifacts.readers.template_fold import Value, fold


def turns(call: nodes.Node, known: Mapping[str, Value]) -> int:
    """Return how often a loop over a constant `range(...)` runs, 1 when that is not known."""
    if not (isinstance(call, nodes.Call) and isinstance(call.node, nodes.Name)):
        return 1
    if call.node.name != "range":
        return 1
    ends = [v for v in (fold(a, known) for a in call.args) if isinstance(v, int)]
    if len(ends) != len(call.args) or not ends or len(ends) > 3:  # noqa: PLR2004 - range's own
        return 1
    try:
        return max(1, len(range(*ends)))
    except (ValueError, OverflowError):
        return 1 << 62


def operands(node: nodes.BinExpr) -> Iterator[nodes.Node]:
    """Yield the operands of a chain of binary expressions, left to right reversed."""
    left: nodes.Node = node
    while isinstance(left, nodes.BinExpr):
        yield left.right
        left = left.left
    yield left


def size(node: nodes.Node, known: Mapping[str, Value]) -> int:
    """Return an integer's value or a text's length along a chain of factors, capped."""
    total = 1
    for part in operands(node) if isinstance(node, nodes.Mul) else (node,):
        if isinstance(part, nodes.Pow):
            base, power = fold(part.left, known), fold(part.right, known)
            whole = isinstance(base, int) and isinstance(power, int) and 0 <= power <= 64  # noqa: PLR2004
            value: Value | None = 1 << 62
            if whole and isinstance(base, int) and isinstance(power, int):
                value = min(abs(base), 1 << 62) ** power
        else:
            value = fold(part, known)
        if isinstance(value, int):
            total *= max(1, abs(value))
        elif isinstance(value, str):
            total *= max(1, len(value))
        total = min(total, 1 << 62)
    return total
