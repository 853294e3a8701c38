"""YAML as plain lists, mappings and texts, from parser events: nothing is ever constructed.

Every scalar stays a text, so `version: 1.10` is not 1.1; an alias is None, so nothing multiplies.
"""

from typing import Any, Final, TypeAlias

import yaml

Plain: TypeAlias = "str | list[Plain] | dict[str, Plain] | None"

MOST_BYTES: Final = 512 * 1024
MOST_EVENTS: Final = 200_000
MOST_DEEP: Final = 64
_Parser: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def load(text: str) -> Plain:
    """Return the first document of a text; None where it is no YAML or past a bound."""
    if len(text) > MOST_BYTES:
        return None
    stack: list[list[Plain] | dict[str, Plain]] = [[]]
    keys: list[str | None] = [None]
    try:
        for count, event in enumerate(yaml.parse(text, Loader=_Parser)):
            if count > MOST_EVENTS or len(stack) > MOST_DEEP:
                return None
            if isinstance(event, yaml.DocumentEndEvent):
                break
            _step(event, stack, keys)
    except (yaml.YAMLError, ValueError, RecursionError, MemoryError):
        return None
    root = stack[0]
    return root[0] if isinstance(root, list) and root else None


def front_matter(text: str) -> Plain:
    """Return the YAML between the first two `---` lines of a Markdown text, None without one."""
    if not text.startswith("---"):
        return None
    body, mark, _ = text[3:].partition("\n---")
    return load(body) if mark else None


def _step(
    event: yaml.Event, stack: list[list[Plain] | dict[str, Plain]], keys: list[str | None]
) -> None:
    if isinstance(event, yaml.ScalarEvent):
        _put(str(event.value), stack, keys)
    elif isinstance(event, yaml.AliasEvent):
        _put(None, stack, keys)
    elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
        box: list[Plain] | dict[str, Plain]
        box = {} if isinstance(event, yaml.MappingStartEvent) else []
        _put(box, stack, keys)
        stack.append(box)
        keys.append(None)
    elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
        stack.pop()
        keys.pop()


def _put(value: Plain, stack: list[list[Plain] | dict[str, Plain]], keys: list[str | None]) -> None:
    top = stack[-1]
    if isinstance(top, list):
        top.append(value)
    elif keys[-1] is None:
        keys[-1] = value if isinstance(value, str) else ""
    else:
        top[keys[-1]] = value
        keys[-1] = None
