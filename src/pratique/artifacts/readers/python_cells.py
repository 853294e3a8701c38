"""What the cells of a notebook mean to each other: names are shared, as in one module."""

import ast
import warnings
from collections.abc import Iterable, Iterator

from pratique.artifacts.readers.python_fold import Names
from pratique.artifacts.readers.python_module import names_of
from pratique.core.limits import MiB

MOST_BYTES = 1 * MiB
MOST_NAMES = 5_000
_LATER = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def learn(sources: Iterable[str]) -> Names:
    """Return the names of all cells together, within bounds; cells that do not parse are left."""
    names, left = Names(), MOST_BYTES
    for source in sources:
        left -= len(source)
        if left < 0 or len(names.aliases) + len(names.constants) > MOST_NAMES:
            break
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                tree = ast.parse(source)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        names.follow(names_of(tree))
        names.called.update(_called(tree))
    return names


def _called(tree: ast.Module) -> Iterator[str]:
    for statement in tree.body:
        if not isinstance(statement, _LATER):
            for node in ast.walk(statement):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                    yield node.func.id
