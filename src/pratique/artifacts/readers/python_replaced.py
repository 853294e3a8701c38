"""Functions of other modules that a Python source replaces, and constants that are code."""

import ast
import re
import warnings
from collections.abc import Iterator

from pratique.artifacts.readers.python_fold import Names, dotted, fold

MAX_ACTING = 4_000
_ROOTS = frozenset({"builtins", "__builtins__", "__builtin__"})
_HOOKS = frozenset({"sys.settrace", "sys.setprofile", "sys.addaudithook", "threading.settrace"})
_SETTERS = frozenset({"os.putenv", "os.environ.setdefault", "os.environ.__setitem__"})
_OBEYED = frozenset(
    [
        "LD_PRELOAD", "LD_AUDIT", "DYLD_INSERT_LIBRARIES", "PYTHONSTARTUP", "PYTHONBREAKPOINT",
        "BASH_ENV", "PROMPT_COMMAND", "GIT_SSH_COMMAND", "GIT_EXTERNAL_DIFF", "NODE_OPTIONS",
        "PERL5OPT", "PERL5DB", "RUBYOPT", "JAVA_TOOL_OPTIONS",
    ]
)  # fmt: skip
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
            yield from _called(dotted(node.func, names), node.args[:1], names)
        case _:
            return


def _called(callee: str, first: list[ast.expr], names: Names) -> Iterator[str]:
    if callee in _HOOKS or _LISTS.match(callee):
        yield callee
    elif callee in _SETTERS and first:
        yield from _environment(fold(first[0], names))


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
        elif base == "os.environ":
            yield from _environment(key)


def _environment(key: object) -> Iterator[str]:
    """Yield a variable of the environment that makes every program load or run something."""
    if isinstance(key, str) and key in _OBEYED:
        yield f"os.environ.{key}"


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
