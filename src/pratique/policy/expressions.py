"""CEL expressions: compiled once, evaluated to a plain yes or no, never raising past this file."""

import importlib
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from threading import Lock
from types import ModuleType
from typing import Any, Final

from pratique.core.errors import UsageError

MAX_LENGTH: Final = 1_000
MAX_NESTING: Final = 24
"""The parser recurses: deeper expressions than a person can read are refused unparsed."""
MAX_LOOPS: Final = 4
"""Each loop inside another multiplies the work."""

_LOOP = re.compile(r"\b(?:all|exists|exists_one|map|filter)\s*\(")
_LOCK = Lock()


@dataclass(frozen=True, slots=True)
class Answer:
    """What an expression said: `held` only where it evaluated to true; `trouble` says why not."""

    held: bool
    trouble: str = ""


def check(expression: str) -> None:
    """Make sure that an expression can be parsed.

    Raises:
        UsageError: it is too long, too deeply nested, has too many loops, or is no CEL.

    """
    if len(expression) > MAX_LENGTH:
        raise UsageError(f"an expression of {len(expression)} characters; {MAX_LENGTH} is the most")
    if _nesting(expression) > MAX_NESTING:
        raise UsageError(f"an expression nested deeper than {MAX_NESTING}: {expression[:60]!r}...")
    if len(_LOOP.findall(expression)) > MAX_LOOPS:
        raise UsageError(f"an expression with more than {MAX_LOOPS} loops: {expression[:60]!r}...")
    _compiled(expression)


def ask(expression: str, document: Mapping[str, Any]) -> Answer:
    """Return what `expression` says of `document`; whatever goes wrong is a no with its reason."""
    try:
        said = _compiled(expression).execute(dict(document))
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as e:  # noqa: BLE001 - the engine raises many kinds, a panic too: all deny
        return Answer(held=False, trouble=f"cannot be evaluated: {e}"[:300])
    if said is True or said is False:
        return Answer(held=said)
    return Answer(held=False, trouble=f"gives a {type(said).__name__}, not true or false")


def _nesting(expression: str) -> int:
    """Return a bound of how deep the parser would recurse: brackets, and runs of `!`, `-`, `?`."""
    depth = deepest = unary = 0
    for char in expression:
        depth += (char in "([{") - (char in ")]}")
        unary += char in "!-?"
        deepest = max(deepest, depth + unary)
    return deepest


@cache
def _compiled(expression: str) -> Any:  # noqa: ANN401 - the engine's own type
    try:
        return _engine().compile(expression)
    except Exception as e:
        raise UsageError(f"not a CEL expression: {expression!r}: {e}"[:500]) from e


def _engine() -> ModuleType:
    """Return the `cel` package, imported without its command line.

    Its `__init__` imports `cel.cli`, and with that a prompt toolkit, for half a second; an empty
    module of that name stands in while `cel` is being imported and is taken away again.
    """
    with _LOCK:
        if "cel" in sys.modules or "cel.cli" in sys.modules:
            return importlib.import_module("cel")
        stand_in = ModuleType("cel.cli", "Stands in for the command line that nobody here needs.")
        sys.modules["cel.cli"] = stand_in
        try:
            return importlib.import_module("cel")
        finally:
            if sys.modules.get("cel.cli") is stand_in:
                del sys.modules["cel.cli"]
