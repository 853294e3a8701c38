"""What a caller wishes of a badge, and how it came out."""

from dataclasses import dataclass
from pathlib import Path

from pratique.attest import statement
from pratique.attest.statement import Headline
from pratique.core.scan import Scan
from pratique.core.verdict import Decision


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """How the badge shall be. `always` makes one that says FAILED or INCOMPLETE, too."""

    keys: Path
    out: Path | None = None
    card: bool = False
    days: int = statement.DAYS
    always: bool = False


@dataclass(frozen=True, slots=True)
class BadgeMade:
    """How it went; `folder` is None where the decision did not allow a badge."""

    scan: Scan
    decision: Decision
    headline: Headline
    folder: Path | None
