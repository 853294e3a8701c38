"""Base scores of CVSS vectors: version 3 by FIRST's formulas, version 4 by its table."""

import math
from collections.abc import Iterable, Mapping
from typing import Final

from pratique.advisories import cvss4
from pratique.core.finding import Severity

_V3: Final[Mapping[str, Mapping[str, float]]] = {
    "AV": {"N": 0.85, "A": 0.62, "L": 0.55, "P": 0.2},
    "AC": {"L": 0.77, "H": 0.44},
    "PR": {"N": 0.85, "L": 0.62, "H": 0.27},
    "UI": {"N": 0.85, "R": 0.62},
    "C": {"H": 0.56, "L": 0.22, "N": 0.0},
    "I": {"H": 0.56, "L": 0.22, "N": 0.0},
    "A": {"H": 0.56, "L": 0.22, "N": 0.0},
}
_PR_CHANGED: Final = {"N": 0.85, "L": 0.68, "H": 0.5}


def score(vector: str) -> float | None:
    """Return the base score (0.0 to 10.0) of a CVSS 3.0, 3.1 or 4.0 vector; None of any other.

    https://www.first.org/cvss/v3.1/specification-document section 7.1 and
    https://www.first.org/cvss/v4.0/specification-document section 8.
    """
    version, _, rest = vector.strip().partition("/")
    parts = dict(part.split(":", 1) for part in rest.split("/") if ":" in part)
    try:
        if version in {"CVSS:3.0", "CVSS:3.1"}:
            return _third(parts, exact=version == "CVSS:3.0")
        if version == "CVSS:4.0":
            return cvss4.score(parts)
    except KeyError:
        return None
    return None


def best(vectors: Iterable[str]) -> tuple[float, str]:
    """Return (score, vector) of the newest version of CVSS, then of the highest score.

    `(0.0, "")` where no vector has a score.
    """
    known = [(v[:8], s, v) for v in vectors if (s := score(v)) is not None]
    if not known:
        return 0.0, ""
    _, top, vector = max(known)
    return top, vector


def severity(value: float) -> Severity:
    """Return the word of FIRST's qualitative scale for a score."""
    for least, word in ((9.0, Severity.CRITICAL), (7.0, Severity.HIGH), (4.0, Severity.MEDIUM)):
        if value >= least:
            return word
    return Severity.LOW if value > 0 else Severity.INFO


def _third(parts: Mapping[str, str], *, exact: bool) -> float:
    changed = {"U": False, "C": True}[parts["S"]]
    told = {word: _V3[word][parts[word]] for word in _V3}
    if changed:
        told["PR"] = _PR_CHANGED[parts["PR"]]
    lost = 1 - (1 - told["C"]) * (1 - told["I"]) * (1 - told["A"])
    steep = 7.52 * (lost - 0.029) - 3.25 * (lost - 0.02) ** 15
    impact = steep if changed else 6.42 * lost
    if impact <= 0:
        return 0.0
    ease = 8.22 * told["AV"] * told["AC"] * told["PR"] * told["UI"]
    whole = min((impact + ease) * (1.08 if changed else 1.0), 10.0)
    return math.ceil(whole * 10) / 10 if exact else _roundup(whole)


def _roundup(value: float) -> float:
    """Round up to one decimal without the error of floats (CVSS 3.1, appendix A)."""
    whole = round(value * 100_000)
    if whole % 10_000 == 0:
        return whole / 100_000
    return (whole // 10_000 + 1) / 10.0
