"""YAML as plain lists, mappings and texts, from parser events: nothing is ever constructed.

Every scalar stays a text, so `version: 1.10` is not 1.1. An alias is the same value again and not a
copy: who walks deep must count his steps.
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
    tree = _Tree()
    try:
        for count, event in enumerate(yaml.parse(text, Loader=_Parser)):
            if count > MOST_EVENTS or len(tree.open) > MOST_DEEP:
                return None
            if isinstance(event, yaml.DocumentEndEvent):
                break
            tree.step(event)
    except (yaml.YAMLError, ValueError, RecursionError, MemoryError):
        return None
    return tree.root[0] if tree.root else None


def front_matter(text: str) -> Plain:
    """Return the YAML between the first two `---` lines of a Markdown text, None without one."""
    if not text.startswith("---"):
        return None
    body, mark, _ = text[3:].partition("\n---")
    return load(body) if mark else None


class _Tree:
    """Grows with each event."""

    def __init__(self) -> None:
        self.root: list[Plain] = []
        self.open: list[list[Plain] | dict[str, Plain]] = [self.root]
        self._keys: list[str | None] = [None]
        self._merged: list[list[Plain]] = [[]]
        self._anchors: dict[str, Plain] = {}
        self._copied = 0

    def step(self, event: yaml.Event) -> None:
        """Take one event.

        Raises:
            ValueError: an alias names nothing, or merges copy more than a document may hold.

        """
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event)
        elif isinstance(event, yaml.AliasEvent):
            if event.anchor not in self._anchors:
                raise ValueError(f"no anchor {event.anchor!r}")
            self._put(self._anchors[event.anchor])
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            box: list[Plain] | dict[str, Plain]
            box = {} if isinstance(event, yaml.MappingStartEvent) else []
            if event.anchor:
                self._anchors[event.anchor] = box
            self._put(box)
            self.open.append(box)
            self._keys.append(None)
            self._merged.append([])
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            self._close()

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        value = str(event.value)
        if event.anchor:
            self._anchors[event.anchor] = value
        key = isinstance(self.open[-1], dict) and self._keys[-1] is None
        self._put(_MERGE if key and value == "<<" and event.implicit[0] else value)

    def _put(self, value: Plain) -> None:
        top, key = self.open[-1], self._keys[-1]
        if isinstance(top, list):
            top.append(value)
        elif key is None:
            self._keys[-1] = value if isinstance(value, str) else ""
        else:
            if key == _MERGE:
                self._merged[-1] += value if isinstance(value, list) else [value]
            else:
                top[key] = value
            self._keys[-1] = None

    def _close(self) -> None:
        """End a box; what it merges in stands behind its own keys, the first of them before."""
        box, merged = self.open.pop(), self._merged.pop()
        self._keys.pop()
        if not isinstance(box, dict):
            return
        for other in merged:
            for key, value in list(other.items()) if isinstance(other, dict) else []:
                self._copied += 1
                if self._copied > MOST_EVENTS:
                    raise ValueError("its merge keys copy too much")
                box.setdefault(key, value)


_MERGE = "\0<<"
"""A key that no scalar can be: YAML forbids the character."""
