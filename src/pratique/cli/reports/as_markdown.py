"""The report for a job's summary or a pull request: short, tabular, and inert."""

from collections.abc import Iterator
from itertools import islice
from typing import TextIO

from pratique.cli.reports.account import Account, Row, Target, cards, gaps, slug, stages
from pratique.cli.reports.safe import code, markdown
from pratique.cli.reports.timeline import outcome, pairs, setting
from pratique.cli.reports.words import (
    HEADLINE,
    MEANING,
    STATUS,
    many,
    one_line,
    place,
    reasons,
    severity_word,
    summary,
    tally,
)
from pratique.core.trace import Detonation
from pratique.core.verdict import Verdict

MOST_ROWS = 50
MOST_GAPS = 20

_MARK = {
    Verdict.ADMIT: "✅",
    Verdict.REVIEW: "🟡",
    Verdict.REJECT: "⛔",
    Verdict.INCOMPLETE: "🟣",
}


def write_markdown(account: Account, out: TextIO) -> None:
    """Write the account as GitHub-flavoured Markdown."""
    for target in account.targets:
        out.writelines(f"{line}\n" for line in _target(target))


def _target(target: Target) -> Iterator[str]:
    verdict = target.decision.verdict
    yield f"## {_MARK[verdict]} {HEADLINE[verdict]}: {code(target.scan.target)}"
    yield ""
    yield f"{MEANING[verdict]} {tally(target).capitalize()} ({summary(target)})."
    yield ""
    yield from (f"- {markdown(reason)}" for reason in reasons(target)[:MOST_GAPS])
    yield ""
    yield from _findings(target)
    if target.scan.detonation is not None:
        yield from _detonation(target.scan.detonation)
    yield from _coverage(target)
    yield f"Policy {code(target.decision.pack)}, digest of the whole {code(target.scan.root())}."
    yield ""


def _findings(target: Target) -> Iterator[str]:
    rows = [row for row in target.rows() if row.state == "new"]
    if not rows:
        return
    yield "| severity | where | finding | rule |"
    yield "|---|---|---|---|"
    yield from map(_row, rows[:MOST_ROWS])
    yield ""
    if len(rows) > MOST_ROWS:
        yield f"And {many(len(rows) - MOST_ROWS, 'more finding')}: see the JSON report."
        yield ""
    yield "<details><summary>What to do</summary>"
    yield ""
    for rule in dict.fromkeys(row.finding.rule for row in rows[:MOST_ROWS]):
        if rule in cards():
            card, page = cards()[rule]
            yield f"- **{card.id} {card.slug}**: {one_line(page.to_do)}"
    yield ""
    yield "</details>"
    yield ""


def _row(row: Row) -> str:
    finding = row.finding
    where = code(row.path or "the repository", 200)
    at = place(row.at)
    return (
        f"| {severity_word(finding.severity)} | {where}{f'<br>{markdown(at, 300)}' if at else ''} "
        f"| {markdown(finding.says)} | {finding.rule} {slug(finding.rule)} |"
    )


def _detonation(seen: Detonation) -> Iterator[str]:
    yield "<details><summary>Detonation</summary>"
    yield ""
    yield from (f"- {word}: {markdown(value)}" for word, value in setting(seen))
    some = pairs(seen)
    yield from (f"- {code(pair.head)}: {markdown(pair.tail)}" for pair in some[:MOST_GAPS])
    yield ""
    rows = [(pair, deed) for pair in some for deed in pair.deeds(every=False)]
    if rows:
        yield "| after | moment | call | what | conditions |"
        yield "|---|---|---|---|---|"
    for pair, deed in rows[:MOST_ROWS]:
        event = deed.event
        moment, call = markdown(event.phase, 40), markdown(f"{event.call} {outcome(event)}", 40)
        told = f"{code(deed.says, 200)} | {markdown(pair.under(deed), 100)}"
        yield f"| {event.at_ms / 1000:.3f} s | {moment} | {call} | {told} |"
    if len(rows) > MOST_ROWS:
        yield ""
        yield f"And {len(rows) - MOST_ROWS:,} more: see the JSON report."
    yield ""
    yield "</details>"
    yield ""


def _coverage(target: Target) -> Iterator[str]:
    yield "<details><summary>Stages and coverage</summary>"
    yield ""
    yield "| stage | status | checks in full |"
    yield "|---|---|---|"
    for line in stages(target.scan):
        yield f"| {line.stage.value} | {STATUS[line.status]} | {line.full:,} of {line.checks:,} |"
    yield ""
    held = ", ".join(markdown(name) for name in target.scan.jail.held) or "nothing"
    missing = ", ".join(markdown(name) for name, _ in target.scan.jail.missing) or "nothing"
    yield f"Jail: held {held}; missing {missing}."
    yield ""
    found = gaps(target.scan)
    for gap in islice(found, MOST_GAPS):
        where = "!".join((gap.path or "the repository", *gap.chain))
        yield f"- not examined in full: {code(where)}: {markdown(gap.why)}"
    if len(found) > MOST_GAPS:
        yield f"- and {len(found) - MOST_GAPS:,} more"
    yield ""
    yield "</details>"
    yield ""
