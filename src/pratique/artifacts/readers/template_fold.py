"""Work out which text an expression of a Jinja template makes, without ever rendering it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from jinja2 import nodes

Value: TypeAlias = str | int | float | list[Any]
"""A text, a number, or a list of such."""

MAX_FOLD = 40
"""Expressions nested deeper than this stay unknown."""
MAX_MADE = 4096
"""Texts longer than this are no names."""
_UNICODE = 0x110000
_BITS = 256


def fold(node: nodes.Node, known: Mapping[str, Value], depth: int = 0) -> Value | None:
    """Return the constant that `node` makes, or None; `known` are variables set to constants."""
    if depth > MAX_FOLD:
        return None
    made = _FOLDS.get(type(node), _unknown)(node, known, depth + 1)
    if isinstance(made, str | list) and len(made) > MAX_MADE:
        return None
    return made


def _unknown(_: nodes.Node, __: Mapping[str, Value], ___: int) -> Value | None:
    return None


def _const(node: nodes.Node, _: Mapping[str, Value], __: int) -> Value | None:
    value = node.value if isinstance(node, nodes.Const) else None
    return value if isinstance(value, str | int | float) else None


def _template_data(node: nodes.Node, _: Mapping[str, Value], __: int) -> Value | None:
    return node.data if isinstance(node, nodes.TemplateData) else None


def _name(node: nodes.Node, known: Mapping[str, Value], _: int) -> Value | None:
    return known.get(node.name) if isinstance(node, nodes.Name) else None


def _items(node: nodes.Node, known: Mapping[str, Value], depth: int) -> Value | None:
    if not isinstance(node, nodes.List | nodes.Tuple) or len(node.items) > MAX_MADE:
        return None
    return all_of(node.items, known, depth)


def all_of(
    parts: Sequence[nodes.Node], known: Mapping[str, Value], depth: int
) -> list[Value] | None:
    """Return the constants of several expressions, or None when one of them is unknown."""
    made: list[Value] = []
    for part in parts:
        value = fold(part, known, depth)
        if value is None:
            return None
        made.append(value)
    return made


def _text(value: Value | None) -> str:
    if isinstance(value, list):
        return ""
    return str(value)[:MAX_MADE] if value is not None else ""


def _concat(node: nodes.Node, known: Mapping[str, Value], depth: int) -> Value | None:
    parts = all_of(getattr(node, "nodes", []), known, depth)
    return None if parts is None else "".join(_text(p) for p in parts)


def _binary(node: nodes.Node, known: Mapping[str, Value], depth: int) -> Value | None:
    if not isinstance(node, nodes.BinExpr):
        return None
    left, right = fold(node.left, known, depth), fold(node.right, known, depth)
    if left is None or right is None:
        return None
    if isinstance(node, nodes.Add):
        return _add(left, right)
    if isinstance(node, nodes.Mul):
        return _multiply(left, right)
    if isinstance(node, nodes.Pow) and isinstance(left, int) and isinstance(right, int):
        return left**right if abs(left) <= 10 and 0 <= right <= 30 else None  # noqa: PLR2004
    if isinstance(node, nodes.Mod) and isinstance(left, str):
        return percent(left, right if isinstance(right, list) else [right])
    return None


def _add(left: Value, right: Value) -> Value | None:
    if isinstance(left, str) and isinstance(right, str):
        return left + right
    if isinstance(left, list) and isinstance(right, list):
        return [*left, *right]
    if isinstance(left, int) and isinstance(right, int):
        return left + right
    return None


def _multiply(left: Value, right: Value) -> Value | None:
    if isinstance(left, int) and isinstance(right, str):
        left, right = right, left
    if isinstance(left, str) and isinstance(right, int):
        return left * right if len(left) * right <= MAX_MADE else None
    if isinstance(left, int) and isinstance(right, int):
        return left * right if left.bit_length() + right.bit_length() < _BITS else None
    return None


def percent(pattern: str, values: Sequence[Value]) -> str:
    """Fill `%s`, `%c`, `%d` and `%x`; widths are ignored, so no format can grow."""
    queue, parts = list(values), pattern.split("%")
    made = [parts[0]]
    for part in parts[1:]:
        bare = part.lstrip("0123456789.-+ #")
        if bare[:1] in {"s", "d", "i", "x", "c", "r"} and bare:
            made.append(_filled(bare[0], queue.pop(0) if queue else "") + bare[1:])
        else:
            made.append("%" + part)
    return "".join(made)


def _filled(how: str, value: Value) -> str:
    if how == "c" and isinstance(value, int) and 0 <= value < _UNICODE:
        return chr(value)
    return format(value, "x") if how == "x" and isinstance(value, int) else _text(value)


def braces(pattern: str, values: Sequence[Value]) -> str:
    """Fill `{}`, `{0}` and `{:c}` of a `str.format` pattern, ignoring every width."""
    made, place, rest = [], 0, pattern
    while "{" in rest and "}" in rest.partition("{")[2]:
        before, _, after = rest.partition("{")
        field, _, rest = after.partition("}")
        name, _, how = field.partition(":")
        index = int(name) if name.isdecimal() and len(name) < 4 else place  # noqa: PLR2004
        value: Value = values[index] if index < len(values) else ""
        made.append(before + _filled(how[-1:], value))
        place += 1
    return "".join([*made, rest])


def _slice(node: nodes.Node, known: Mapping[str, Value], depth: int) -> Value | None:
    if not isinstance(node, nodes.Getitem):
        return None
    value = fold(node.node, known, depth)
    if not isinstance(value, str | list):
        return None
    if isinstance(node.arg, nodes.Slice):
        parts = (node.arg.start, node.arg.stop, node.arg.step)
        ends = [None if p is None else fold(p, known, depth) for p in parts]
        whole = [e for e in ends if isinstance(e, int)]
        if len(whole) + ends.count(None) != len(ends) or ends[2] == 0:
            return None
        low, high, step = (e if isinstance(e, int) else None for e in ends)
        return value[low:high:step]
    at = fold(node.arg, known, depth)
    if isinstance(at, int) and -len(value) <= at < len(value):
        return value[at]
    return None


def _attribute(node: nodes.Node, known: Mapping[str, Value], _: int) -> Value | None:
    if isinstance(node, nodes.Getattr) and isinstance(node.node, nodes.Name):
        return known.get(f"{node.node.name}.{node.attr}")
    return None


def _call(node: nodes.Node, known: Mapping[str, Value], depth: int) -> Value | None:
    """Fold `'...'.method(...)` and `dict(name=...)`."""
    if not isinstance(node, nodes.Call):
        return None
    if isinstance(node.node, nodes.Name) and node.node.name == "dict":
        return [k.key for k in node.kwargs]
    if not isinstance(node.node, nodes.Getattr):
        return None
    base = fold(node.node.node, known, depth)
    args = all_of(node.args, known, depth)
    if base is None or args is None:
        return None
    return method(node.node.attr, base, args)


def _filter(node: nodes.Node, known: Mapping[str, Value], depth: int) -> Value | None:
    if not isinstance(node, nodes.Filter) or node.node is None:
        return None
    base, args = fold(node.node, known, depth), all_of(node.args, known, depth)
    if base is None or args is None:
        return None
    if node.name == "join":
        between = _text(args[0]) if args else ""
        return between.join(_text(v) for v in (base if isinstance(base, list) else _text(base)))
    if node.name == "format" and isinstance(base, str):
        return percent(base, args)
    return method(node.name, base, args)


def method(name: str, base: Value, args: Sequence[Value]) -> Value | None:
    """Return what a harmless text method or filter of this name makes of constants."""
    if name == "join" and isinstance(base, str) and args and isinstance(args[0], list):
        return base.join(_text(v) for v in args[0])
    if name == "replace" and isinstance(base, str) and len(args) > 1:
        old = _text(args[0])
        return base.replace(old, _text(args[1])) if old else base
    if name == "format" and isinstance(base, str):
        return braces(base, args)
    simple = _SIMPLE.get(name)
    return simple(base) if simple else None


def _first(value: Value) -> Value | None:
    return value[0] if isinstance(value, str | list) and value else None


def _last(value: Value) -> Value | None:
    return value[-1] if isinstance(value, str | list) and value else None


def _reverse(value: Value) -> Value | None:
    return value[::-1] if isinstance(value, str | list) else None


def _listed(value: Value) -> Value | None:
    return list(value) if isinstance(value, str) else value


_SIMPLE: dict[str, Callable[[Value], Value | None]] = {
    "lower": lambda v: _text(v).lower(),
    "upper": lambda v: _text(v).upper(),
    "trim": lambda v: _text(v).strip(),
    "strip": lambda v: _text(v).strip(),
    "string": _text,
    "safe": _text,
    "e": _text,
    "list": _listed,
    "first": _first,
    "last": _last,
    "reverse": _reverse,
}
_FOLDS: dict[type[nodes.Node], Callable[[nodes.Node, Mapping[str, Value], int], Value | None]] = {
    nodes.Const: _const,
    nodes.TemplateData: _template_data,
    nodes.Name: _name,
    nodes.List: _items,
    nodes.Tuple: _items,
    nodes.Concat: _concat,
    nodes.Add: _binary,
    nodes.Mul: _binary,
    nodes.Mod: _binary,
    nodes.Pow: _binary,
    nodes.Getitem: _slice,
    nodes.Getattr: _attribute,
    nodes.Call: _call,
    nodes.Filter: _filter,
}
