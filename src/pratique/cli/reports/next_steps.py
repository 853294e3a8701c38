"""What to do after a report, as commands to copy."""

import re
import shlex
from collections.abc import Iterator, Sequence

from pratique.cli.reports.account import Target, cards, gaps, slug
from pratique.cli.reports.safe import plain
from pratique.core.errors import raised_by
from pratique.core.finding import Stage
from pratique.core.trace import Ending
from pratique.core.verdict import Verdict

MOST_EXPLAINED = 3
_COMMAND = re.compile("`(.+?)`")
_LIMITS = (
    "limit", "nested deeper", "nested too deep", "budget", "deadline", "no full answer within",
    "more than", "only the first", "too slow",
)  # fmt: skip


def next_steps(target: Target) -> list[tuple[str, str]]:
    """Return (command, what it is for) pairs for this verdict, the most useful first."""
    found: dict[str, str] = {}
    for command, why in _steps(target):
        found.setdefault(command, why)
    return list(found.items())


def _steps(target: Target) -> Iterator[tuple[str, str]]:
    path = shlex.quote(plain(target.scan.target))
    verdict = target.decision.verdict
    part = target.scan.only is not None
    if part:
        yield f"pratique scan --deep {path}", "every stage: so far no rule read a file"
    elif verdict is Verdict.ADMIT:
        yield f"pratique badge {path}", "sign what was found, for others to verify"
        return
    rules = dict.fromkeys(r.finding.rule for r in target.rows() if r.state == "new")
    for rule in list(rules)[:MOST_EXPLAINED]:
        yield f"pratique explain {rule}", slug(rule) or "what it means"
    if not target.scan.jail.sound:
        yield "pratique self-test", "what this machine lacks"
    matched = target.scan.matched
    if matched is not None and matched.snapshot.trouble and matched.inventory.matchable:
        # the hint names the folder in use, where that is not the usual one
        found = _COMMAND.search(matched.snapshot.hint)
        yield plain(found[1]) if found else "pratique db update", "takes advisories in"
    yield from _about_limits(_static(target), path)
    yield from _about_runs(target, path)
    if verdict is Verdict.REVIEW and not part:
        yield f"pratique scan --waivers FILE {path}", "accept a finding, with a reason"
    command = "detonate" if part else "scan --deep" if target.scan.detonation else "scan"
    yield f"pratique {command} --format json -o report.json {path}", "every detail, for a colleague"


def _static(target: Target) -> list[str]:
    """Return why something was not examined in full, of all stages but the one that runs it."""
    network = {i for i, (card, _) in cards().items() if card.stage is Stage.NETWORK}
    found = gaps(target.scan)
    return [gap.why for gap in found if not gap.rules or not network.issuperset(gap.rules)]


def _about_runs(target: Target, path: str) -> Iterator[tuple[str, str]]:
    """Say how to get the runs that did not take place, or not to their end."""
    seen = target.scan.detonation
    if seen is None:
        return
    if any("not installed" in why for _, why in seen.unloaded):
        yield "pip install 'pratique[detonate]'", "more loaders; or name another --python"
    command = "detonate --deadline" if target.scan.only else "scan --deep --run-deadline"
    if any(run.ending is Ending.DEADLINE for run in seen.runs):
        yield f"pratique {command} 600 {path}", "more time for each run"


def _about_limits(reasons: Sequence[str], path: str) -> Iterator[tuple[str, str]]:
    """Name an option for each limit that has one; for the others say what else can be done."""
    limits = [why for why in reasons if any(word in why for word in _LIMITS)]
    for option in dict.fromkeys(raised_by(why) for why in limits):
        if option:
            yield f"pratique scan {option} {path}", "for a source that you know"
        else:
            yield "pratique explain INT004", "about limits that no option raises"
