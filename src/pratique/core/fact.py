"""What a reader or a measure saw, as bounded JSON; rules over a whole repository read facts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"

VIEWS = "views"
"""The fact that ends a file's account: every view type seen in it, and whether facts were cut.

From it the parent plans which rules apply to the file, also rules that came later.
"""


def weigh(data: Json, depth: int, most: int) -> int:
    """Return how many values `data` is made of; more than `most` if it is deeper than `depth`.

    Takes no longer than `most` values need, whatever is in there.
    """
    level: list[Json] = [data]
    count = 0
    for _ in range(depth):
        count += len(level)
        if not level or count > most:
            return count
        level = [
            value
            for box in level
            if isinstance(box, dict | list | tuple)
            for value in (box.values() if isinstance(box, dict) else box)
        ]
    return count if not level else most + 1


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing seen in one member of one file; `kind` names the shape of `data`."""

    kind: str
    chain: tuple[str, ...]
    data: Json
