"""Work out constants and dotted names in a Python syntax tree, without ever running it."""

import ast
import base64
import binascii
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

Value: TypeAlias = str | bytes | int

MAX_FOLD = 30
MAX_MADE = 64 * 1024
MAX_STEPS = 4_000_000
MAX_ITEMS = 4096
"""A payload that is decoded character by character is worked out up to this length."""
_UNICODE = 0x110000
STARS = {
    "os.": ("system", "popen", "execv", "execve", "execvp", "spawnv", "environ", "dup2"),
    "subprocess.": ("run", "Popen", "call", "check_call", "check_output", "getoutput"),
    "socket.": ("socket", "create_connection"),
    "pty.": ("spawn",),
}
"""What `from module import *` brings that matters here."""


@dataclass(slots=True)
class Names:
    """What names stand for, as far as imports and assignments of constants tell.

    `aliases` maps a local name to a dotted one, `constants` to a text or number. The first
    meaning of a name counts.
    """

    aliases: dict[str, str] = field(default_factory=dict)
    sources: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """The calls that made a variable's value, through other variables as well."""
    hidden: set[str] = field(default_factory=set)
    """Variables that hold a module or function whose name was assembled."""
    constants: dict[str, Value] = field(default_factory=dict)
    bound: set[str] = field(default_factory=set)
    """Names of parameters: they hide a builtin of the same name."""
    room: list[int] = field(default_factory=lambda: [MAX_STEPS])
    """How many more expressions are worked out, in a list to be shared by copies."""
    inside: bool = False
    """Tells the names inside of a comprehension; one in another stays unknown."""
    called: set[str] = field(default_factory=set)
    """Functions that are called at the top of a module which shares these names."""

    def follow(self, before: "Names") -> None:
        """Take over what names meant before, where they mean nothing yet."""
        for name, meant in before.aliases.items():
            self.aliases.setdefault(name, meant)
        for name, made_by in before.sources.items():
            self.sources.setdefault(name, made_by)
        for name, value in before.constants.items():
            self.constants.setdefault(name, value)
        self.hidden |= before.hidden


def fold(node: ast.AST | None, names: Names, depth: int = 0) -> Value | None:
    """Return the text, bytes or integer that `node` makes, or None when it is not constant."""
    names.room[0] -= 1
    if depth > MAX_FOLD or node is None or names.room[0] < 0:
        return None
    step = _FOLDS.get(type(node))
    made = step(node, names, depth + 1) if step else None
    if isinstance(made, str | bytes) and len(made) > MAX_MADE:
        return None
    return made


def _constant(node: ast.AST, _: Names, __: int) -> Value | None:
    value = node.value if isinstance(node, ast.Constant) else None
    return value if isinstance(value, str | bytes | int) else None


def _name(node: ast.AST, names: Names, _: int) -> Value | None:
    return names.constants.get(node.id) if isinstance(node, ast.Name) else None


def _binary(node: ast.AST, names: Names, depth: int) -> Value | None:
    if not isinstance(node, ast.BinOp):
        return None
    left = fold(node.left, names, depth)
    if isinstance(node.op, ast.Mod) and isinstance(left, str):
        return _percent(left, node.right, names, depth)
    right = fold(node.right, names, depth)
    if isinstance(node.op, ast.Add):
        return _add(left, right)
    if isinstance(node.op, ast.Mult) and isinstance(left, str) and isinstance(right, int):
        return left * right if 0 <= len(left) * right <= MAX_MADE else None
    if isinstance(node.op, ast.Div) and isinstance(left, str) and isinstance(right, str):
        return f"{left}/{right}"  # pathlib
    return _integers(node.op, left, right)


def _add(left: Value | None, right: Value | None) -> Value | None:
    if isinstance(left, str) and isinstance(right, str):
        return left + right
    if isinstance(left, bytes) and isinstance(right, bytes):
        return left + right
    return _integers(ast.Add(), left, right)


def _integers(how: ast.operator, left: Value | None, right: Value | None) -> Value | None:
    if not (isinstance(left, int) and isinstance(right, int)):
        return None
    if left.bit_length() > 64 or right.bit_length() > 64:  # noqa: PLR2004 - characters are small
        return None
    match how:
        case ast.Add():
            return left + right
        case ast.Sub():
            return left - right
        case ast.BitXor():
            return left ^ right
        case ast.Mult():
            return left * right
        case _:
            return None


def _percent(pattern: str, right: ast.AST, names: Names, depth: int) -> Value | None:
    parts = right.elts if isinstance(right, ast.Tuple) else [right]
    values = [fold(p, names, depth) for p in parts]
    if pattern.count("%s") != len(values) or any(v is None for v in values):
        return None
    pieces = pattern.split("%s")
    return pieces[0] + "".join(f"{v!s}{p}" for v, p in zip(values, pieces[1:], strict=True))


def _joined(node: ast.AST, names: Names, depth: int) -> Value | None:
    """Fold an f-string; what is unknown in it becomes `{}`."""
    if not isinstance(node, ast.JoinedStr):
        return None
    made = []
    for part in node.values:
        value = fold(part.value if isinstance(part, ast.FormattedValue) else part, names, depth)
        made.append("{}" if value is None else str(value))
    return "".join(made)


def _subscript(node: ast.AST, names: Names, depth: int) -> Value | None:
    if not isinstance(node, ast.Subscript):
        return None
    value = fold(node.value, names, depth)
    if not isinstance(value, str | bytes):
        return None
    if isinstance(node.slice, ast.Slice):
        low, high = (_end(part, names, depth) for part in (node.slice.lower, node.slice.upper))
        step = _end(node.slice.step, names, depth)
        return None if step == 0 else value[low:high:step]
    at = _end(node.slice, names, depth)
    return value[at] if at is not None and -len(value) <= at < len(value) else None


def _end(node: ast.AST | None, names: Names, depth: int) -> int | None:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        value = fold(node.operand, names, depth)
        return -value if isinstance(value, int) else None
    value = fold(node, names, depth)
    return value if isinstance(value, int) else None


def _call(node: ast.AST, names: Names, depth: int) -> Value | None:
    if not isinstance(node, ast.Call):
        return None
    if isinstance(node.func, ast.Name):
        return _function(node.func.id, node, names, depth)
    if not isinstance(node.func, ast.Attribute) or (not node.args and node.keywords):
        return None
    base = fold(node.func.value, names, depth)
    if base is not None:
        return _method(node.func.attr, base, node.args, (names, depth))
    callee = dotted(node.func, names)
    wanted = callee in _DECODERS or callee.endswith(_FOLDED)
    return _known(callee, [fold(a, names, depth) for a in node.args]) if wanted else None


def _function(name: str, node: ast.Call, names: Names, depth: int) -> Value | None:
    value = fold(node.args[0], names, depth) if node.args else None
    if name == "chr" and isinstance(value, int) and 0 <= value < _UNICODE:
        return chr(value)
    if name in {"str", "bytes", "repr"} and isinstance(value, str | bytes):
        return value
    if name in {"bytes", "bytearray"} and node.args:
        return _bytes(node.args[0], names, depth)
    callee = names.aliases.get(name, "")
    return _known(callee, [value, *(fold(a, names, depth) for a in node.args[1:])])


_FOLDED = ("path.join", "path.expanduser", "codecs.decode", "codecs.encode")


def _known(callee: str, values: Sequence[Value | None]) -> Value | None:
    """Fold a call of a decoder, of `os.path.join` and of `expanduser`."""
    if callee.endswith("path.join") and values:
        return "/".join(v if isinstance(v, str) else "{}" for v in values)
    if callee.endswith("path.expanduser") and values:
        return values[0]
    if callee in {"codecs.decode", "codecs.encode"} and len(values) > 1:
        return _codec(str(values[1]), values[0])
    decode = _DECODERS.get(callee)
    return decode(values[0]) if decode and values else None


def _method(
    name: str, base: Value, args: Sequence[ast.AST], place: tuple[Names, int]
) -> Value | None:
    names, depth = place
    if name == "join" and isinstance(base, str) and args:
        return _join(base, args[0], names, depth)
    values = [fold(a, names, depth) for a in args]
    texts = [v for v in values if isinstance(v, str)]
    if name == "decode" and isinstance(base, bytes):
        return base.decode("utf-8", "replace")
    if name == "encode" and isinstance(base, str):
        return base.encode("utf-8", "replace")
    if name == "replace" and isinstance(base, str) and len(texts) == 2 and texts[0]:  # noqa: PLR2004
        return base.replace(texts[0], texts[1]) if len(base) < MAX_MADE // 64 else None
    if name in {"lower", "upper", "strip", "title", "swapcase"} and isinstance(base, str):
        return str(getattr(base, name)())
    if name == "format" and isinstance(base, str) and len(texts) == len(values):
        for text in texts:
            base = base.replace("{}", text, 1)
        return base
    return None


def _join(between: str, parts: ast.AST, names: Names, depth: int) -> Value | None:
    if isinstance(parts, ast.List | ast.Tuple):
        values = [fold(e, names, depth) for e in parts.elts]
        if all(isinstance(v, str) for v in values):
            return between.join(str(v) for v in values)
    if isinstance(parts, ast.Call) and isinstance(parts.func, ast.Name):
        if parts.func.id == "reversed" and parts.args:
            value = fold(parts.args[0], names, depth)
            return between.join(reversed(value)) if isinstance(value, str) else None
        if parts.func.id == "map" and len(parts.args) == 2:  # noqa: PLR2004 - map(chr, numbers)
            return _characters(parts.args[1], names, depth)
    values = _numbers(parts, names, depth)
    if values and all(isinstance(v, str) for v in values):
        return between.join(str(v) for v in values)
    return None


def _bytes(numbers: ast.AST, names: Names, depth: int) -> Value | None:
    values = _numbers(numbers, names, depth)
    if values and all(isinstance(n, int) and 0 <= n < 256 for n in values):  # noqa: PLR2004 - a byte
        return bytes(n for n in values if isinstance(n, int))
    return None


def _numbers(made: ast.AST, names: Names, depth: int) -> list[Value | None]:
    """Return what a list, or a comprehension over a constant one, holds; empty when unknown."""
    if isinstance(made, ast.List | ast.Tuple):
        return [fold(e, names, depth) for e in made.elts[:MAX_MADE]]
    if not isinstance(made, ast.ListComp | ast.GeneratorExp) or len(made.generators) != 1:
        return []
    if names.inside:
        return []
    loop = made.generators[0]
    if not isinstance(loop.target, ast.Name) or loop.ifs:
        return []
    over = fold(loop.iter, names, depth)
    items: Sequence[Value | None] = _numbers(loop.iter, names, depth)
    if isinstance(over, bytes | str):
        items = list(over)
    inner = Names(names.aliases, constants=dict(names.constants), room=names.room, inside=True)
    found: list[Value | None] = []
    for item in items[:MAX_ITEMS]:
        if item is None:
            return []
        inner.constants[loop.target.id] = item
        found.append(fold(made.elt, inner, depth))
    return found


def _characters(numbers: ast.AST, names: Names, depth: int) -> Value | None:
    values = _numbers(numbers, names, depth)
    if values and all(isinstance(v, int) and 0 <= v < _UNICODE for v in values):
        return "".join(chr(v) for v in values if isinstance(v, int))
    return None


def _base64(value: Value | None) -> Value | None:
    if not isinstance(value, str | bytes):
        return None
    try:
        return base64.b64decode(value)
    except (binascii.Error, ValueError):
        return None


def _hex(value: Value | None) -> Value | None:
    try:
        return bytes.fromhex(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _codec(name: str, value: Value | None) -> Value | None:
    name = name.lower().replace("-", "_").removesuffix("_codec")
    if name in {"rot13", "rot_13"} and isinstance(value, str):
        return value.translate(_ROT13)
    if name in {"hex", "base64"} and isinstance(value, str | bytes):
        text = value.decode("latin-1") if isinstance(value, bytes) else value
        return _hex(text) if name == "hex" else _base64(text)
    return None


_LOWER = "abcdefghijklmnopqrstuvwxyz"
_ROT13 = str.maketrans(
    _LOWER + _LOWER.upper(), (_LOWER[13:] + _LOWER[:13]) + (_LOWER[13:] + _LOWER[:13]).upper()
)


def _of_base(decode: Callable[[str | bytes], bytes]) -> Callable[[Value | None], Value | None]:
    def folded(value: Value | None) -> Value | None:
        try:
            return decode(value) if isinstance(value, str | bytes) else None
        except (binascii.Error, ValueError):
            return None

    return folded


def _inflate(value: Value | None) -> Value | None:
    try:
        return zlib.decompressobj().decompress(value, MAX_MADE) if type(value) is bytes else None
    except zlib.error:
        return None


_DECODERS: Mapping[str, Callable[[Value | None], Value | None]] = {
    "base64.b64decode": _base64,
    "base64.standard_b64decode": _base64,
    "base64.decodebytes": _base64,
    "binascii.a2b_base64": _base64,
    "base64.urlsafe_b64decode": _of_base(base64.urlsafe_b64decode),
    "base64.b32decode": _of_base(base64.b32decode),
    "base64.b16decode": _of_base(base64.b16decode),
    "base64.b85decode": _of_base(base64.b85decode),
    "base64.a85decode": _of_base(base64.a85decode),
    "zlib.decompress": _inflate,
    "bytes.fromhex": _hex,
    "bytearray.fromhex": _hex,
    "binascii.unhexlify": _hex,
    "binascii.a2b_hex": _hex,
}
_FOLDS: dict[type[ast.AST], Callable[[ast.AST, Names, int], Value | None]] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.BinOp: _binary,
    ast.JoinedStr: _joined,
    ast.Subscript: _subscript,
    ast.Call: _call,
}

_IMPORTERS = frozenset({"__import__", "importlib.import_module", "importlib.__import__"})
_GETTERS = frozenset(
    {"getattr", "object.__getattribute__", "type.__getattribute__", "inspect.getattr_static"}
)
_ROOTS = frozenset({"builtins", "__builtins__", "__builtin__"})


def dotted(node: ast.AST, names: Names, depth: int = 0) -> str:
    """Return the dotted name that an expression stands for, empty when that is not known.

    Follows import aliases, `getattr`, `__import__`, `sys.modules[...]`, `__dict__[...]` and
    `vars()`; names of builtins come out bare. A method of an unknown object begins with `?.`.
    """
    if depth > MAX_FOLD:
        return ""
    match node:
        case ast.Name():
            return names.aliases.get(node.id, node.id)
        case ast.Attribute():
            return _under(dotted(node.value, names, depth + 1), node.attr)
        case ast.Call():
            return _made_by(node, names, depth + 1)
        case ast.Subscript():
            return _item(node, names, depth + 1)
        case ast.NamedExpr() | ast.Await() | ast.Starred():
            return dotted(node.value, names, depth + 1)
        case _:
            return ""


def _under(base: str, name: str) -> str:
    if name in {"__dict__", "__globals__"} and base:
        return f"{base}.__dict__"
    if base in _ROOTS:
        return name
    if name == "__builtins__":
        return "builtins"
    return f"{base}.{name}" if base else f"?.{name}"


def _made_by(node: ast.Call, names: Names, depth: int) -> str:
    """Return what a call returns as a name: a module, an attribute, or an instance `name()`."""
    callee = dotted(node.func, names, depth)
    if callee in _IMPORTERS and node.args:
        module = fold(node.args[0], names)
        return module if isinstance(module, str) else "?"
    if callee.endswith(".__getattribute__") and len(node.args) == 1:
        name = fold(node.args[0], names)
        return _under(callee.removesuffix(".__getattribute__"), str(name or "?"))
    if isinstance(node.func, ast.Call) and callee == "operator.attrgetter()" and node.args:
        name = fold(node.func.args[0], names) if node.func.args else None
        return _under(dotted(node.args[0], names, depth), str(name or "?"))
    if callee in _GETTERS and len(node.args) > 1:
        name = fold(node.args[1], names)
        if isinstance(name, str):
            return _under(dotted(node.args[0], names, depth), name)
        return f"{dotted(node.args[0], names, depth)}.?"
    if callee in {"vars", "globals", "locals"}:
        base = dotted(node.args[0], names, depth) if node.args else "builtins"
        return f"{base}.__dict__"
    return f"{callee}()" if callee else ""


def _item(node: ast.Subscript, names: Names, depth: int) -> str:
    base = dotted(node.value, names, depth)
    key = fold(node.slice, names)
    if not isinstance(key, str):
        return f"{base}[]" if base else ""
    if base == "sys.modules":
        return key
    if base.endswith(".__dict__"):
        return _under(base.removesuffix(".__dict__"), key)
    if base in _ROOTS:
        return key
    return f"{base}[]"
