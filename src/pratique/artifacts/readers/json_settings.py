"""A JSON document as rules over the repository get it: settings whole, lists of words cut.

Padding must not hide a setting: what is left out is what no loader takes for one, and a document
that is still too large is told as such.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from pratique.core.errors import LimitExceededError
from pratique.core.fact import Json
from pratique.core.limits import KiB, MiB

MAX_DEPTH, PARTS_DEPTH, PART_DEPTH = 64, 40, 30
"""Parts that stand on their own are less deep than a fact may be, and begin with a whole entry."""
ENTRY = "class_name"
MAX_VALUES = 200_000
"""Values in one document; rules that walk one have room for as many."""
MAX_TEXT = 16 * KiB
MAX_TEXTS = 8 * MiB
MAX_DEEP = 1_000
"""Parts below `PARTS_DEPTH` of one document that are told on their own."""
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


def whole_settings(document: object, keys: frozenset[str], longest: int) -> Iterator[Json]:
    """Yield a document as `settings` does, and each part of it that lies too deep on its own.

    Texts of up to `longest` are kept whole. A part stands in a mapping that rules take for a
    configuration: `{"class_name": "", "config": part}`.

    Raises:
        LimitExceededError: it holds more values, text or deep parts than are kept.

    """
    copy = _Copy(keys, longest, PARTS_DEPTH)
    yield copy.of(document, 0)
    for number in range(MAX_DEEP):
        if number >= len(copy.deep):
            return
        yield copy.of({"class_name": "", "config": copy.deep[number]}, 0)
    raise LimitExceededError(f"a configuration with more than {MAX_DEEP} parts that lie too deep")


class _Copy:
    def __init__(
        self, keys: frozenset[str], longest: int = MAX_TEXT, depth: int = MAX_DEPTH
    ) -> None:
        self._keys, self._longest, self._values, self._texts = keys, longest, 0, 0
        self._depth = depth
        self.deep: list[object] = []

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

    def _later(self, told: object) -> Json:
        """Return what stands for a part that is cut; keep it where parts are told later."""
        if len(self.deep) <= MAX_DEEP:
            self.deep.append(told)
        return None

    def _text(self, told: str) -> str:
        self._texts += min(len(told), self._longest)
        if self._texts > MAX_TEXTS:
            raise LimitExceededError(f"a configuration with more than {MAX_TEXTS} bytes of text")
        return told[: self._longest]

    def _mapping(self, told: Mapping[str, Any], depth: int, *, whole: bool) -> Json:
        entry = self._depth == PARTS_DEPTH and depth >= PART_DEPTH and ENTRY in told
        if depth >= self._depth or entry:
            return self._later(told)
        room = len(told) if whole else MANY
        kept: dict[str, Json] = {}
        for key, value in told.items():
            if room <= 0 and not isinstance(value, Mapping | list) and key not in self._keys:
                continue
            room -= 1
            kept[self._text(str(key))] = self.of(value, depth + 1, whole=key == INDEX)
        return kept

    def _list(self, told: list[Any], depth: int) -> Json:
        if depth >= self._depth:
            return self._later(told)
        room, kept = MANY, []
        for value in told:
            if room <= 0 and not isinstance(value, Mapping | list):
                continue
            room -= 1
            kept.append(self.of(value, depth + 1))
        return kept
