"""The words that several reports share, so that they say the same thing."""

import math
import re

from pratique.cli.reports.account import Target, counts
from pratique.cli.reports.safe import plain
from pratique.core.finding import Severity, Span
from pratique.core.verdict import Verdict

HEADLINE = {
    Verdict.ADMIT: "Admitted",
    Verdict.REVIEW: "Needs review",
    Verdict.REJECT: "Rejected",
    Verdict.INCOMPLETE: "Incomplete",
}
MEANING = {
    Verdict.ADMIT: "Every planned check covered all it had to, and nothing stands in the way.",
    Verdict.REVIEW: "A person has to look before this is used.",
    Verdict.REJECT: "Do not load it.",
    Verdict.INCOMPLETE: "Not everything was examined, so silence proves nothing.",
}
STATUS = {
    "complete": "complete",
    "incomplete": "incomplete",
    "not-needed": "nothing to do",
    "absent": "absent",
}
_STEP = 1000
_UNITS = ("B", "kB", "MB", "GB", "TB")


def size(count: int) -> str:
    """Return a number of bytes as a person says it."""
    value, unit = float(max(count, 0)), 0
    while value >= _STEP and unit < len(_UNITS) - 1:
        value, unit = value / _STEP, unit + 1
    digits = 1 if unit and value < _STEP / 10 else 0
    return f"{value:.{digits}f} {_UNITS[unit]}"


def many(count: int, noun: str) -> str:
    """Return a count with its noun."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def summary(target: Target) -> str:
    """Return a target's size in one line."""
    parts = [many(len(target.scan.files), "file"), size(target.scan.bytes)]
    if not math.isnan(target.seconds):
        parts.append(f"{target.seconds:.1f} s")
    return " · ".join(parts)


def tally(target: Target) -> str:
    """Return how many findings of which severity count."""
    seen = counts(target)
    words = " · ".join(f"{n:,} {severity_word(s)}" for s, n in seen.items())
    return words or "no findings"


def exploited(target: Target) -> str:
    """Return how many vulnerabilities of what the package names are exploited, by CISA's word."""
    matched = target.scan.matched
    told = matched.matches if matched is not None else ()
    ids = {
        matched.advisory(one).id
        for one in told
        if matched is not None and not one.silenced and matched.advisory(one).exploited
    }
    if not ids:
        return ""
    more = f" and {len(ids) - 1} more" if len(ids) > 1 else ""
    return f"; exploited (CISA): {plain(min(ids))}{more}"


def severity_word(severity: Severity) -> str:
    """Return a severity in lower case."""
    return severity.name.lower()


def reasons(target: Target) -> list[str]:
    """Return why the policy decided so: the reason of each line that did not hold."""
    return [plain(r.reason) for r in target.decision.results if not r.held]


def place(at: Span) -> str:
    """Return where in a file: members, byte offset, tensor, line."""
    parts = ["!".join(plain(part) for part in at.chain)] if at.chain else []
    if at.tensor:
        parts.append(f"tensor '{plain(at.tensor)}'")
    if at.line:
        parts.append(f"line {at.line}")
    if at.start or at.end:
        until = f" to {at.end:#x}" if at.end > at.start else ""
        parts.append(f"byte {at.start:#x}{until}")
    return ", ".join(parts)


def one_line(prose: str) -> str:
    """Return the first paragraph of a page's section, unwrapped."""
    return re.sub(r"\s+", " ", prose.strip().partition("\n\n")[0])
