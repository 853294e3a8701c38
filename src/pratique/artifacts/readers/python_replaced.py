"""Functions of other modules that a Python source replaces, and constants that are code."""

import ast
import re
import warnings
from collections.abc import Iterator

from pratique.artifacts.readers.python_fold import Names, dotted, fold

MAX_ACTING = 4_000
_ROOTS = frozenset({"builtins", "__builtins__", "__builtin__"})
_HOOKS = frozenset({"sys.settrace", "sys.setprofile", "sys.addaudithook", "threading.settrace"})
_LISTS = re.compile(r"sys\.(?:meta_path|path_hooks)\.(?:insert|append|extend)\Z")
_ACTS = re.compile(
    r"__import__\s*\(|__subclasses__\s*\(|\b(?:os|posix|subprocess|pty|builtins)\s*\.\s*\w+\s*\("
    r"|\b(?:exec|eval)\s*\("
)
_NAMED = re.compile(
    r"(?:os|posix|nt|subprocess|builtins|pty)[.:](?:system|popen|Popen|exec\w*|eval|spawn)"
)


def replaced(node: ast.AST, names: Names) -> Iterator[str]:
    """Yield the dotted names that a statement or call gives another meaning, or hooks into."""
    match node:
        case ast.Assign():
            for target in node.targets:
                yield from _target(target, names)
        case ast.AugAssign():
            yield from _target(node.target, names)
        case ast.Call(args=[owner, name, *_]) if dotted(node.func, names) == "setattr":
            attribute = fold(name, names)
            base = dotted(owner, names)
            if base and isinstance(attribute, str):
                yield f"{'builtins' if base in _ROOTS else base}.{attribute}"
        case ast.Call():
            callee = dotted(node.func, names)
            if callee in _HOOKS or _LISTS.match(callee):
                yield callee
        case _:
            return


def _target(target: ast.AST, names: Names) -> Iterator[str]:
    if isinstance(target, ast.Attribute):
        base = dotted(target.value, names)
        if base:
            yield f"{'builtins' if base in _ROOTS else base}.{target.attr}"
    elif isinstance(target, ast.Subscript):
        key, base = fold(target.slice, names), dotted(target.value, names)
        if isinstance(key, str) and base == "sys.modules":
            yield f"sys.modules.{key}"
        elif isinstance(key, str) and base in {"builtins.__dict__", "__builtins__"}:
            yield f"builtins.{key}"


def is_acting(text: str) -> bool:
    """Tell a constant that is Python which imports, or runs something, or that names what does."""
    if not 8 < len(text) <= MAX_ACTING or "\n\n" in text:  # noqa: PLR2004 - no call is shorter
        return False
    if _NAMED.fullmatch(text):
        return True
    if _ACTS.search(text) is None:
        return False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # pandas marks a local name with an at sign
            tree = ast.parse(text.replace("@", "").strip())
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return any(isinstance(part, ast.Call) for part in ast.walk(tree))
