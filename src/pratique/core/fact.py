"""What a reader or a measure saw, as bounded JSON; rules over a whole repository read facts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing seen in one member of one file; `kind` names the shape of `data`."""

    kind: str
    chain: tuple[str, ...]
    data: Json
