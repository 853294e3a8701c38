"""What to do after a report, as commands to copy."""

import shlex
from collections.abc import Iterator

from pratique.cli.reports.account import Target, gaps, slug
from pratique.cli.reports.safe import plain
from pratique.core.verdict import Verdict

MOST_EXPLAINED = 3
_LIMITS = ("limit", "nested deeper", "budget", "deadline", "more than", "too slow")


def next_steps(target: Target) -> list[tuple[str, str]]:
    """Return (command, what it is for) pairs for this verdict, the most useful first."""
    return list(_steps(target))


def _steps(target: Target) -> Iterator[tuple[str, str]]:
    path = shlex.quote(plain(target.scan.target))
    verdict = target.decision.verdict
    if verdict is Verdict.ADMIT:
        yield f"pratique badge {path}", "sign what was found, for others to verify"
        return
    rules = dict.fromkeys(r.finding.rule for r in target.rows() if r.state == "new")
    for rule in list(rules)[:MOST_EXPLAINED]:
        yield f"pratique explain {rule}", slug(rule) or "what it means"
    if not target.scan.jail.sound:
        yield "pratique self-test", "what this machine lacks"
    if any(word in gap.why for gap in gaps(target.scan) for word in _LIMITS):
        yield f"pratique scan --deadline 600 {path}", "for a source that you know"
    if verdict is Verdict.REVIEW:
        yield f"pratique scan --waivers FILE {path}", "accept a finding, with a reason"
    yield f"pratique scan --format json -o report.json {path}", "every detail, for a colleague"
