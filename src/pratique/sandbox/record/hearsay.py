"""What a guest's audit hook says of itself, checked before it is believed to be even hearsay."""

from collections.abc import Mapping
from typing import Any

MAX_FRAMES = 12
MAX_ARGS = 8
_MAX_WORD = 64


def audited(told: Any) -> tuple[str, dict[str, str], tuple[str, ...]] | None:  # noqa: ANN401 - hostile
    """Return (call, words, Python stack) of an audit event; None when it is not one.

    It has the form {"event": text, "args": [text, ...], "stack": [text, ...]}.
    """
    if not isinstance(told, Mapping) or not set(told) <= {"event", "args", "stack"}:
        return None
    event, args, stack = told.get("event"), told.get("args", []), told.get("stack", [])
    if not isinstance(event, str) or not 0 < len(event) <= _MAX_WORD:
        return None
    if not _texts(args, MAX_ARGS) or not _texts(stack, MAX_FRAMES):
        return None
    words = {"event": event, "args": ", ".join(args)}
    return "audit", words, tuple(stack)


def _texts(found: object, most: int) -> bool:
    return isinstance(found, list) and len(found) <= most and all(isinstance(t, str) for t in found)
