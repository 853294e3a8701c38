"""A JSON document as rules over the repository get it: settings whole, lists of words cut.

Padding must not hide a setting: what is left out is what no loader takes for one, and a document
that is still too large is told as such.
"""

import math
from collections.abc import Mapping
from typing import Any

from pratique.core.errors import LimitExceededError
from pratique.core.fact import Json
from pratique.core.limits import KiB, MiB

MAX_DEPTH = 64
MAX_VALUES = 200_000
"""Values in one document; rules that walk one have room for as many."""
MAX_TEXT = 16 * KiB
MAX_TEXTS = 8 * MiB
MANY = 1_000
"""Numbers and texts of one list or object that are kept beside all lists and objects in it."""
INDEX = "weight_map"
"""Names every tensor of a sharded model, and is kept whole."""


def settings(document: object, keys: frozenset[str]) -> Json:
    """Return a document without what strict JSON cannot say, cut where it is a list of words.

    `keys` are the settings that are kept wherever they stand.

    Raises:
        LimitExceededError: it holds more values or text than are kept.

    """
    return _Copy(keys).of(document, 0)


class _Copy:
    def __init__(self, keys: frozenset[str]) -> None:
        self._keys, self._values, self._texts = keys, 0, 0

    def of(self, told: Any, depth: int, *, whole: bool = False) -> Json:  # noqa: ANN401 - JSON
        self._values += 1
        if self._values > MAX_VALUES:
            raise LimitExceededError(f"a configuration of more than {MAX_VALUES} values")
        if isinstance(told, str):
            return self._text(told)
        if isinstance(told, float) and not math.isfinite(told):
            return str(told)
        if isinstance(told, Mapping):
            return self._mapping(told, depth, whole=whole)
        if isinstance(told, list):
            return self._list(told, depth)
        if isinstance(told, int) and not isinstance(told, bool) and abs(told) >= 1 << 1024:
            return "an integer beyond 1024 bits"
        return told  # type: ignore[no-any-return]  # None, a bool or a number

    def _text(self, told: str) -> str:
        self._texts += min(len(told), MAX_TEXT)
        if self._texts > MAX_TEXTS:
            raise LimitExceededError(f"a configuration with more than {MAX_TEXTS} bytes of text")
        return told[:MAX_TEXT]

    def _mapping(self, told: Mapping[str, Any], depth: int, *, whole: bool) -> Json:
        if depth >= MAX_DEPTH:
            return None
        room = len(told) if whole else MANY
        kept: dict[str, Json] = {}
        for key, value in told.items():
            if room <= 0 and not isinstance(value, Mapping | list) and key not in self._keys:
                continue
            room -= 1
            kept[self._text(str(key))] = self.of(value, depth + 1, whole=key == INDEX)
        return kept

    def _list(self, told: list[Any], depth: int) -> Json:
        if depth >= MAX_DEPTH:
            return None
        room, kept = MANY, []
        for value in told:
            if room <= 0 and not isinstance(value, Mapping | list):
                continue
            room -= 1
            kept.append(self.of(value, depth + 1))
        return kept
