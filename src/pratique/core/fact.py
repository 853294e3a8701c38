"""What a reader or a measure saw, as bounded JSON; rules over a whole repository read facts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"

VIEWS = "views"
"""The fact that ends a file's account: every view type seen in it, and whether facts were cut.

From it the parent plans which rules apply to the file, also rules that came later.
"""


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing seen in one member of one file; `kind` names the shape of `data`."""

    kind: str
    chain: tuple[str, ...]
    data: Json
