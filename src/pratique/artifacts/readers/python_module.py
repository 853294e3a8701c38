"""What a Python source does, as a bounded view: imports, calls with resolved names, constants."""

import ast
import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from pratique.artifacts.readers.python_disguised import disguised
from pratique.artifacts.readers.python_fold import STARS, Names, dotted, fold
from pratique.artifacts.readers.python_replaced import is_acting, replaced
from pratique.artifacts.readers.python_view import PythonCall, PythonModule, PythonText

MAX_NODES = 1_000_000
MAX_CALLS = 20_000
MAX_ARGUMENT = 1_000
MAX_EXPORTS = 1_000
MAX_INNER = 40
MAX_SOURCES = 12
MAX_NESTED = 20
RUN_TEXT = frozenset(
    {
        "exec",
        "eval",
        "compile",
        "get_ipython().ex",
        "get_ipython().run_code",
        "get_ipython().run_cell",
    }
)
WATCHED = ("os.", "posix.", "nt.", "subprocess.", "pty.", "commands.", "builtins.")
"""Modules whose functions matter even when they are handed on instead of being called."""
WATCHED_NAMES = frozenset({"exec", "eval", "execfile", "__import__"})
HOOKS = frozenset(
    {"__init_subclass__", "__set_name__", "__class_getitem__", "__prepare__", "__mro_entries__",
     "__instancecheck__", "__subclasscheck__"}
)  # fmt: skip
"""Methods that run when a class is made or subscripted, with no call to be seen."""
LONG = 256
"""Constants of at least this many characters are remembered by their length."""


@dataclass(slots=True)
class _Scope:
    """Where a node stands: `function` is the outermost function around it, empty for none."""

    when: str = "import"
    function: str = ""
    direct: bool = False
    """Tells a lambda that is called where it stands."""


@dataclass(slots=True)
class _Found:
    calls: list[tuple[PythonCall, str]] = field(default_factory=list)
    imports: list[tuple[str, int, str]] = field(default_factory=list)
    texts: list[PythonText] = field(default_factory=list)
    strings: list[tuple[str, int]] = field(default_factory=list)
    nested: list[tuple[str, _Scope]] = field(default_factory=list)
    classes: set[str] = field(default_factory=set)
    bases: list[str] = field(default_factory=list)
    handed: list[tuple[str, int, str]] = field(default_factory=list)
    replaced: list[tuple[str, int, str]] = field(default_factory=list)
    acting: list[tuple[str, int]] = field(default_factory=list)
    called: set[int] = field(default_factory=set)
    """Nodes that are called, or stand inside a longer name: not handed on."""
    used: set[str] = field(default_factory=set)
    """Local names that run at import time: decorators and calls at the top."""


_TELLING = re.compile(
    r"[/\\~]|\.(?:pth|service|plist|ssh|netrc|aws)\b|://|_TOKEN|_KEY|SECRET|(?:site|user)customize"
)
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")


def summary(
    tree: ast.Module, text: str, covered: int, partial: str = "", before: Names | None = None
) -> PythonModule:
    """Return the bounded view of a parsed module; `before` are names of what runs beside it."""
    names = names_of(tree)
    found = _Found()
    if before is not None:
        names.follow(before)
        found.used |= before.called
    whole = _walk(tree, _Scope(), names, found)
    for source, scope in found.nested:  # grows while it is read: text in text
        if len(found.nested) <= MAX_NESTED:
            _nested(source, scope, names, found)
    rows = _when_called(found)
    run = {source[:MAX_ARGUMENT] for source, _ in found.nested}
    return PythonModule(
        imports=tuple(found.imports),
        calls=rows,
        texts=tuple(found.texts),
        strings=tuple(found.strings[:MAX_CALLS]),
        handed=tuple(found.handed[:MAX_CALLS]),
        replaced=tuple(found.replaced[:MAX_CALLS]),
        acting=tuple(a for a in found.acting if a[0] not in run)[:MAX_NESTED],
        classes=tuple(dict.fromkeys((*found.classes, *found.bases)))[:MAX_CALLS],
        functions=tuple(sorted({f for _, f in found.calls if f}))[:MAX_CALLS],
        disguised=tuple(d for part in (text, *run) for d in disguised(part)),
        exports=tuple(_exports(names))[:MAX_EXPORTS],
        lines=tuple(line[:200] for line in text.split("\n") if _BIDI.search(line))[:100],
        covered=covered,
        partial=partial or ("" if whole else f"more than {MAX_CALLS} calls"),
    )


def _exports(names: Names) -> Iterator[tuple[str, str]]:
    for name, meant in names.aliases.items():
        if meant != name and (meant in WATCHED_NAMES or meant.startswith(WATCHED)):
            yield name, meant


def _walk(tree: ast.Module, top: _Scope, names: Names, found: _Found) -> bool:
    """See every node; return False when there were too many."""
    for count, (node, scope) in enumerate(_each(tree, top)):
        if count > MAX_NODES or len(found.calls) > MAX_CALLS:
            return False
        _see(node, scope, names, found)
    return True


def _nested(source: str, scope: _Scope, names: Names, found: _Found) -> None:
    """See what a constant given to `exec` or `eval` does, at the moment at which that runs."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    inner = names_of(tree)
    names.aliases.update(inner.aliases)
    _walk(tree, scope, names, found)


_NO_ARGUMENTS = ast.arguments([], [], None, [], [], None, [])


def names_of(tree: ast.Module) -> Names:
    """Learn imports first, then assignments of names and constants, twice for chains."""
    names = Names()
    assigned: list[tuple[str, ast.expr]] = []
    for count, node in enumerate(ast.walk(tree)):
        if count > MAX_NODES:
            break
        if isinstance(node, ast.Import | ast.ImportFrom):
            _imported(node, names)
        elif isinstance(node, ast.arg):
            names.bound.add(node.arg)
        else:
            assigned += _assignments(node)
    for _ in range(2):
        for name, value in assigned:
            _assign(name, value, names)
    return names


def _assignments(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Yield (name, value); what a function returns counts as what a lambda's body does."""
    match node:
        case ast.Assign(targets=[ast.Name() as target]):
            yield target.id, node.value
        case ast.AnnAssign(target=ast.Name() as target, value=ast.expr() as value):
            yield target.id, value
        case ast.NamedExpr(target=ast.Name() as target):
            yield target.id, node.value
        case ast.FunctionDef():
            for part in node.body:
                if isinstance(part, ast.Return) and part.value:
                    yield node.name, ast.Lambda(_NO_ARGUMENTS, part.value)
        case _:
            return


def _imported(node: ast.Import | ast.ImportFrom, names: Names) -> None:
    base = _base(node)
    for alias in node.names:
        for name in STARS.get(base, ()) if alias.name == "*" else ():
            names.aliases.setdefault(name, base + name)
        if base or alias.asname:
            names.aliases[alias.asname or alias.name] = base + alias.name
        else:
            top = alias.name.partition(".")[0]
            names.aliases[top] = top


def _base(node: ast.Import | ast.ImportFrom) -> str:
    """Return what stands before the imported names: `package.`, or nothing."""
    if isinstance(node, ast.Import):
        return ""
    return "." * node.level + (node.module or "") + "."


def _assign(name: str, value: ast.expr, names: Names) -> None:
    made = value.body if isinstance(value, ast.Lambda) else value
    made_by = _inner(made, names, MAX_SOURCES)
    if made_by:
        names.sources[name] = tuple(dict.fromkeys((*names.sources.get(name, ()), *made_by)))[
            :MAX_SOURCES
        ]
    if _is_hidden(value, names):
        names.hidden.add(name)
    constant = fold(value, names)
    if constant is not None:
        names.constants.setdefault(name, constant)
    elif name not in names.aliases and isinstance(value, ast.Attribute | ast.Call | ast.Name):
        meant = dotted(value, names)
        plain = meant and not meant.startswith(("?", f"{name}.", f"{name}("))
        if plain and (meant.count("(") <= 1 and len(meant) < 200):  # noqa: PLR2004 - names are short
            names.aliases[name] = meant


def _each(tree: ast.Module, top: _Scope) -> Iterator[tuple[ast.AST, _Scope]]:
    """Yield every node with where it stands, in source order, without recursion."""
    stack: list[tuple[ast.AST, _Scope]] = [(tree, top)]
    while stack:
        node, scope = stack.pop()
        yield node, scope
        stack.extend(reversed(list(_children(node, scope))))


def _children(node: ast.AST, scope: _Scope) -> Iterator[tuple[ast.AST, _Scope]]:
    inside = scope
    body: Sequence[ast.AST] = ()
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            inside = _Scope("function", scope.function or node.name)
            body = node.body
        case ast.Assign(targets=[ast.Name() as target], value=ast.Lambda() as value):
            inside, body = _Scope(scope.when, scope.function or target.id), [value]
        case ast.Lambda():
            later = _Scope("function" if scope.function else scope.when, scope.function)
            inside = _Scope(scope.when, scope.function) if scope.direct else later
            body = [node.body]
        case ast.Call(func=ast.Lambda() as called):
            inside, body = _Scope(scope.when, scope.function, direct=True), [called]
        case ast.ClassDef():
            inside, body = _Scope(scope.when, scope.function), node.body
        case ast.If() if _is_main(node.test):
            inside, body = _Scope("main", scope.function), node.body
    chosen = {id(b) for b in body}
    for child in ast.iter_child_nodes(node):
        yield child, inside if id(child) in chosen else scope


def _is_main(test: ast.AST) -> bool:
    return (
        isinstance(test, ast.Compare)
        and isinstance(test.left, ast.Name)
        and test.left.id == "__name__"
    )


def _see(node: ast.AST, scope: _Scope, names: Names, found: _Found) -> None:
    if isinstance(node, ast.Assign | ast.AugAssign | ast.Call):
        found.replaced += [(name, node.lineno, scope.when) for name in replaced(node, names)]
    match node:
        case ast.Call():
            _see_call(node, scope, names, found)
        case ast.Import() | ast.ImportFrom():
            base = _base(node)
            found.imports += [(base + a.name, node.lineno, scope.when) for a in node.names]
        case ast.Constant(value=str() | bytes()):
            _constant(node, found)
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            _see_definition(node, scope, names, found)
        case ast.Name(ctx=ast.Load()) | ast.Attribute(ctx=ast.Load()):
            _see_name(node, scope, names, found)
        case ast.BinOp(op=ast.Div()):
            _telling(fold(node, names), node.lineno, found)
        case _:
            pass


def _see_definition(
    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef,
    scope: _Scope,
    names: Names,
    found: _Found,
) -> None:
    """Note classes, what runs as a decorator, and methods that run without a call."""
    for decorator in node.decorator_list:
        found.used.add(dotted(decorator, names).partition("(")[0])
    if not isinstance(node, ast.ClassDef):
        module = scope.when == "import" and node.col_offset == 0
        if node.name in HOOKS or (module and node.name in {"__getattr__", "__dir__"}):
            found.used.add(node.name)
        found.used.update([node.name] if node.name.startswith("pytest_") else ())
        return
    found.classes.add(node.name)
    bases = [dotted(b, names) for b in node.bases]
    found.bases += bases
    if any(b == "type" or b.endswith(("ABCMeta", "EnumMeta")) for b in bases):
        found.used.update(n.name for n in node.body if isinstance(n, ast.FunctionDef))


def _see_name(node: ast.Name | ast.Attribute, scope: _Scope, names: Names, found: _Found) -> None:
    """Note a function of a telling module that is handed on rather than called."""
    if isinstance(node, ast.Attribute):
        found.called.add(id(node.value))
    if id(node) in found.called or len(found.handed) >= MAX_CALLS:
        return
    if isinstance(node, ast.Name) and node.id in names.bound:
        return
    name = dotted(node, names)
    if name in WATCHED_NAMES or name.startswith(WATCHED) or name == "__builtins__":
        found.handed.append((name, node.lineno, scope.when))


def _telling(value: object, line: int, found: _Found) -> None:
    """Remember a path that is put together from pieces."""
    if isinstance(value, str) and len(found.strings) < MAX_CALLS and _TELLING.search(value):
        found.strings.append((value[:LONG], line))


def _see_call(node: ast.Call, scope: _Scope, names: Names, found: _Found) -> None:
    call = _call(node, scope, names)
    found.called.add(id(node.func))
    if call.callee.endswith("path.join"):
        _telling(fold(node, names), node.lineno, found)
    found.calls.append((call, scope.function))
    if call.callee == "getattr" and len(found.handed) < MAX_CALLS:
        picked = dotted(node, names)
        if picked.endswith(".?") and picked.startswith(WATCHED):
            found.handed.append((picked, node.lineno, scope.when))
    if scope.when == "import" and not scope.function:
        found.used.add(call.callee)
    source = fold(node.args[0], names) if node.args and call.callee in RUN_TEXT else None
    if isinstance(source, str | bytes) and len(found.nested) < MAX_NESTED:
        text = source if isinstance(source, str) else source.decode("utf-8", "replace")
        found.nested.append((text, scope))


def _constant(node: ast.Constant, found: _Found) -> None:
    value = node.value
    text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
    if len(found.acting) < MAX_NESTED and is_acting(text):
        found.acting.append((text[:MAX_ARGUMENT], node.lineno))
    if len(text) >= LONG:
        if len(found.texts) < MAX_CALLS:
            found.texts.append(PythonText(text[:MAX_ARGUMENT], len(text), node.lineno))
    elif len(found.strings) < MAX_CALLS and _TELLING.search(text):
        found.strings.append((text, node.lineno))


def _call(node: ast.Call, scope: _Scope, names: Names) -> PythonCall:
    callee = _callee(node, names)
    args = tuple(_shown(a, names) for a in node.args[:20])
    keywords = tuple((k.arg or "**", _shown(k.value, names)) for k in node.keywords[:40])
    inner: list[str] = []
    for argument in [*node.args, *(k.value for k in node.keywords)]:
        inner += _inner(argument, names, MAX_INNER - len(inner))
    if isinstance(node.func, ast.Attribute):  # what a method is called on counts as well
        inner += _inner(node.func.value, names, MAX_INNER - len(inner))
    return PythonCall(
        callee, node.lineno, scope.when, args, keywords, tuple(inner), _is_hidden(node.func, names)
    )


def _callee(node: ast.Call, names: Names) -> str:
    """Return what a call calls; `operator.methodcaller('name')(value)` calls `value.name`."""
    made = node.func
    if isinstance(made, ast.Call) and made.args and node.args:
        name = fold(made.args[0], names)
        if dotted(made.func, names) == "operator.methodcaller" and isinstance(name, str):
            return f"{dotted(node.args[0], names)}.{name}"
    return dotted(node.func, names)


def _shown(node: ast.AST, names: Names) -> str:
    """Return a constant as text; of a list of constants, its items with spaces between."""
    if isinstance(node, ast.List | ast.Tuple):
        parts = [_shown(e, names) for e in node.elts[:50]]
        return " ".join(parts)[:MAX_ARGUMENT]
    if isinstance(node, ast.Constant) and (node.value is None or isinstance(node.value, bool)):
        return str(node.value)
    value = fold(node, names)
    if isinstance(value, bytes):
        return value[:MAX_ARGUMENT].decode("latin-1")
    return "" if value is None else str(value)[:MAX_ARGUMENT] if isinstance(value, str) else ""


def _inner(node: ast.AST, names: Names, most: int) -> list[str]:
    """Return what an argument calls or names, following a variable once to what it was set to."""
    found: list[str] = []
    stack = [node]
    for _ in range(200):
        if not stack or len(found) >= most:
            break
        part = stack.pop()
        if isinstance(part, ast.Lambda):
            continue
        if isinstance(part, ast.Call):
            found.append(dotted(part.func, names))
        elif isinstance(part, ast.Attribute | ast.Name | ast.Subscript):
            meant = dotted(part, names)
            found += [meant] if "." in meant or "(" in meant else []
            root = _root(part)
            if root:
                found += names.sources.get(root, ())
                continue
        stack.extend(ast.iter_child_nodes(part))
    return found[:most]


def _root(node: ast.AST) -> str:
    """Return the variable at the bottom of attributes and subscripts, empty for anything else."""
    for _ in range(30):
        if not isinstance(node, ast.Attribute | ast.Subscript):
            break
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _is_hidden(func: ast.AST, names: Names) -> bool:
    """Tell a callee whose name comes from pieces or from decoding, not from a plain literal."""
    node: ast.AST = func
    for _ in range(20):
        if isinstance(node, ast.Call):
            name = dotted(node.func, names)
            pieces = node.args[1:2] if name == "getattr" else node.args[:1]
            asks = name == "getattr" or name.endswith(("__import__", "import_module"))
            if asks and pieces and not isinstance(pieces[0], ast.Constant):
                return fold(pieces[0], names) is not None
            if name == "getattr" and node.args:
                node = node.args[0]
                continue
            node = node.func
        elif isinstance(node, ast.Subscript):
            if isinstance(node.slice, ast.BinOp | ast.Call | ast.Subscript):
                return isinstance(fold(node.slice, names), str)
            node = node.value
        elif isinstance(node, ast.Attribute):
            node = node.value
        else:
            return isinstance(node, ast.Name) and node.id in names.hidden
    return False


def _leads_to(callee: str, classes: set[str]) -> tuple[str, ...]:
    """Return the local functions that a call runs: of a class, how it is made and the method."""
    first, last = callee.partition("(")[0].partition(".")[0], callee.rpartition(".")[2]
    if first in classes:
        return "__init__", "__new__", "__post_init__", "__del__", "__enter__", "__call__", last
    return (last if first in {"self", "cls"} else callee,)


def _when_called(found: _Found) -> tuple[PythonCall, ...]:
    """Mark calls in functions that the module calls itself, directly or not, as `import`."""
    by_function: dict[str, list[str]] = {}
    for call, function in found.calls:
        by_function.setdefault(function, []).append(call.callee)
    reached: set[str] = set()
    queue = list(found.used)
    while queue:
        for name in _leads_to(queue.pop(), found.classes):
            if name and name in by_function and name not in reached:
                reached.add(name)
                queue += by_function[name]
    return tuple(
        replace(
            c,
            function=function,
            when="import" if function in reached and now == "function" else now,
        )
        for c, function in found.calls
        for now in (c.when,)
    )
