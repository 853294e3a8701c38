"""Proof that a rule ran, and how far it got. Silence counts as clean only when coverage is full."""

from dataclasses import dataclass
from enum import StrEnum

from pratique.core.finding import RuleId


class Coverage(StrEnum):
    """How far a rule got over its subject."""

    FULL = "full"
    PARTIAL = "partial"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Receipt:
    """One rule's account of itself over one subject of one file.

    `chain` names the member inside the file (empty: the file itself), `readers` are the
    `name@version` that made what the rule saw, `covered` of `size` are bytes of that member.
    """

    rule: RuleId
    version: int
    chain: tuple[str, ...]
    readers: tuple[str, ...]
    size: int
    covered: int
    coverage: Coverage
    why: str = ""
