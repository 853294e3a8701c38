"""The report for a person: the verdict first, then what was found, what was examined, what next."""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import groupby, islice

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule as Line
from rich.table import Table
from rich.text import Text

from pratique.cli.reports.account import (
    Account,
    Row,
    StageLine,
    Target,
    cards,
    gaps,
    slug,
    stages,
)
from pratique.cli.reports.next_steps import next_steps
from pratique.cli.reports.safe import plain
from pratique.cli.reports.text_components import components
from pratique.cli.reports.text_detonation import detonation
from pratique.cli.reports.words import (
    HEADLINE,
    MEANING,
    STATUS,
    exploited,
    many,
    one_line,
    place,
    reasons,
    severity_word,
    summary,
    tally,
)
from pratique.core.finding import RuleId, Severity, Stage
from pratique.core.scan import Scan
from pratique.core.verdict import Verdict

MOST_FILES = 40
MOST_RULES = 15
MOST_EVIDENCE = 6
MOST_GAPS = 15
MOST_COMMAND = 64
MOST_HEAD = 74  # so that it stands in one line of a terminal of 80

_VERDICT = {
    Verdict.ADMIT: ("✓", "bold green"),
    Verdict.REVIEW: ("?", "bold yellow"),
    Verdict.REJECT: ("✗", "bold red"),
    Verdict.INCOMPLETE: ("◌", "bold magenta"),
}
_SEVERITY = {
    Severity.CRITICAL: "bold red",
    Severity.HIGH: "red",
    Severity.MEDIUM: "yellow",
    Severity.LOW: "cyan",
    Severity.INFO: "dim",
}
_STATUS = {"complete": "green", "incomplete": "magenta", "not-needed": "dim", "absent": "dim"}


def write_text(
    account: Account, console: Console, *, verbose: bool = False, timeline: bool = False
) -> None:
    """Print the account; everything that came from an artifact is made harmless first.

    `timeline` shows all of what a detonation saw, and not only acts.
    """
    explained: set[RuleId] = set()
    for target in account.targets:
        for part in _target(target, explained, verbose=verbose, timeline=timeline):
            console.print(part)
    if len(account.targets) > 1:
        console.print(_overview(account))


def _target(
    target: Target, explained: set[RuleId], *, verbose: bool, timeline: bool
) -> Iterator[RenderableType]:
    yield ""
    yield from _verdict(target)
    yield from _findings(target, explained, verbose=verbose)
    seen = target.scan.detonation
    if seen is not None:
        yield _heading("Detonation", above=0 if _shown(target, verbose=verbose) else 1)
        yield _in(detonation(seen, every=timeline))
    above = 0 if _shown(target, verbose=verbose) and seen is None else 1
    matched = target.scan.matched
    if matched is not None and matched.inventory.components:
        yield _heading("Components", above=above)
        yield _in(components(matched))
        above = 1
    yield _heading("Stages", above=above)
    yield _stages(target)
    yield from _jail(target, verbose=verbose)
    yield from _not_examined(target, verbose=verbose)
    yield _heading("Next")
    yield _in(_steps(next_steps(target)))
    yield ""


def _verdict(target: Target) -> Iterator[RenderableType]:
    mark, style = _VERDICT[target.decision.verdict]
    top = Table.grid(padding=(0, 2), expand=True)
    top.add_column(overflow="fold", ratio=1)
    top.add_column(justify="right", style="dim", no_wrap=True)
    head = Text.assemble((f"{mark} {HEADLINE[target.decision.verdict]}", style), "  ")
    name = Text(plain(target.scan.target), "bold")
    long = len(head) + len(name) + len(summary(target)) > MOST_HEAD
    top.add_row(head if long else head.append(name), summary(target))
    yield _in(top, 1)
    if long:
        yield _in(Text(name.plain, "bold", overflow="fold"))
    yield _in(Text(MEANING[target.decision.verdict]))
    for reason in reasons(target)[:MOST_RULES]:
        yield _in(Text.assemble(("· ", style), reason))
    yield ""
    facts = [
        ("findings", tally(target) + _set_aside(target) + exploited(target)),
        ("policy", f"{plain(target.decision.pack)}  {target.decision.pack_digest[:19]}"),
        ("digest", target.scan.root()),
    ]
    facts += [("intended", f"{kind}: {how}") for kind, how in target.scan.intended]
    if target.scan.only is not None:
        stage = target.scan.only.value
        facts.append(("note", f"only the stage {stage} was judged; no rule read a file"))
    facts += [("note", plain(says)) for says in target.decision.ignored]
    yield _in(_pairs((Text(word, "dim"), value) for word, value in facts))


def _steps(steps: list[tuple[str, str]]) -> RenderableType:
    """Return commands to copy, each with its purpose as a shell's comment."""
    fitting = [len(command) for command, _ in steps if len(command) <= MOST_COMMAND]
    width = max(fitting, default=0)
    lines = [
        Text.assemble((command.ljust(width), "bold"), (f"  # {words}", "dim"), overflow="fold")
        for command, words in steps
    ]
    return Group(*lines)


def _set_aside(target: Target) -> str:
    states = [row.state for row in target.rows()]
    parts = [
        f"{states.count(state):,} {words}"
        for state, words in (("known", "in the baseline"), ("waived", "waived"))
        if state in states
    ]
    return f"  ({', '.join(parts)})" if parts else ""


def _findings(target: Target, explained: set[RuleId], *, verbose: bool) -> Iterator[RenderableType]:
    rows = _shown(target, verbose=verbose)
    if not rows:
        return
    yield _heading("Findings")
    yield ""
    rows.sort(key=lambda row: row.path)  # stable: within a file the worst stays first
    files = [(path, list(some)) for path, some in groupby(rows, key=lambda row: row.path)]
    files.sort(key=lambda file: -file[1][0].finding.severity)
    for path, some in files[:MOST_FILES]:
        yield _in(Text(plain(path) if path else "the repository as a whole", "bold underline"))
        yield from _file(some, explained, verbose=verbose)
    rest = files[MOST_FILES:]
    if rest:
        count = sum(len(some) for _, some in rest)
        says = f"and {many(count, 'finding')} in {many(len(rest), 'more file')}: see --format json"
        yield _in(Text(says, "italic"))


def _shown(target: Target, *, verbose: bool) -> list[Row]:
    return [row for row in target.rows() if row.state == "new" or verbose]


def _file(rows: list[Row], explained: set[RuleId], *, verbose: bool) -> Iterator[RenderableType]:
    by_rule: dict[RuleId, list[Row]] = {}
    for row in rows:
        by_rule.setdefault(row.finding.rule, []).append(row)
    for some in islice(by_rule.values(), MOST_RULES):
        for row in some if verbose else some[:1]:
            yield _in(_finding(row, explained), 4)
        if len(some) > 1 and not verbose:
            rest = Counter(row.finding.severity for row in some[1:])
            words = " · ".join(
                f"{rest[s]:,} {severity_word(s)}" for s in sorted(rest, reverse=True)
            )
            more = f"… and {len(some) - 1:,} more of this rule in this file"
            yield _in(Text(f"{more}: {words}" if len(rest) > 1 else more, "dim"), 6)
        yield ""
    if len(by_rule) > MOST_RULES:
        count = len(by_rule) - MOST_RULES
        yield _in(
            Text(f"and findings of {many(count, 'more rule')}: see --format json", "italic"), 4
        )


def _finding(row: Row, explained: set[RuleId]) -> RenderableType:
    finding = row.finding
    style = _SEVERITY[finding.severity]
    head = Text.assemble(
        (f"● {severity_word(finding.severity).upper()}", style),
        f"  {plain(finding.says)}",
        ("" if row.state == "new" else f"  ({row.state})", "dim"),
    )
    facts: list[tuple[Text, str]] = []
    name = f"{finding.rule} {slug(finding.rule)}"
    facts.append((Text("rule", "dim"), name))
    if place(row.at):
        facts.append((Text("at", "dim"), place(row.at)))
    for word, value in finding.evidence[:MOST_EVIDENCE]:
        facts.append((Text(plain(word, 24), "dim"), plain(value, 200)))
    card = cards().get(finding.rule)
    if card and finding.rule not in explained:
        explained.add(finding.rule)
        facts.append((Text("why", "dim"), one_line(card[1].matters)))
        facts.append((Text("do", "dim"), one_line(card[1].to_do)))
    return Group(head, Padding(_pairs(facts), (0, 0, 0, 2)))


def _stages(target: Target) -> RenderableType:
    table = Table.grid(padding=(0, 3))
    for line in stages(target.scan):
        table.add_row(
            Text(line.stage.value, "dim" if line.status == "absent" else ""),
            Text(STATUS[line.status], _STATUS[line.status]),
            Text(_reach(target.scan, line), "dim"),
        )
    return _in(table)


def _reach(scan: Scan, line: StageLine) -> str:
    if line.status == "absent":
        return _absent(scan, line.stage)
    if line.status == "not-needed":
        return "none of its rules applies to these files"
    if line.status == "complete":
        return f"{many(line.rules, 'rule')}, {many(line.checks, 'check')}, each in full"
    return f"{many(line.rules, 'rule')}, {line.full:,} of {many(line.checks, 'check')} in full"


def _absent(scan: Scan, stage: Stage) -> str:
    if all(card.stage is not stage for card, _ in cards().values()):
        return "no rule of this version looks for it"
    if stage is Stage.NETWORK and scan.only is None:
        return "the model was not run; scan --deep does"
    return "was not asked for"


def _jail(target: Target, *, verbose: bool) -> Iterator[RenderableType]:
    """Show what held the readers; all the names only where somebody may want to know."""
    jail = target.scan.jail
    yield _heading("Jail")
    held = ", ".join(plain(name) for name in jail.held) or "nothing held the readers"
    if jail.sound and not verbose:
        held = (
            f"{many(len(jail.held), 'mechanism')} held the readers, Landlock and seccomp among them"
        )
    rows = [(Text("held", "green" if jail.sound else "magenta"), held)]
    rows += [(Text("missing", "dim"), f"{plain(m)}: {plain(why)}") for m, why in jail.missing]
    yield _in(_pairs(rows))


def _not_examined(target: Target, *, verbose: bool) -> Iterator[RenderableType]:
    found = gaps(target.scan)
    if not found:
        return
    yield _heading("Not examined in full")
    most = len(found) if verbose else MOST_GAPS
    rows = []
    for gap in found[:most]:
        where = "!".join((plain(gap.path or "the repository"), *map(plain, gap.chain)))
        what = f"  ({many(len(gap.rules), 'rule')})" if gap.rules else ""
        rows.append((Text(where), f"{plain(gap.why) or 'no reason was given'}{what}"))
    yield _in(_pairs(rows, first="fold"))
    if len(found) > most:
        yield _in(Text(f"and {len(found) - most:,} more: see --verbose or --format json", "italic"))


def _overview(account: Account) -> RenderableType:
    table = Table.grid(padding=(0, 2))
    for target in account.targets:
        mark, style = _VERDICT[target.decision.verdict]
        table.add_row(
            Text(f"{mark} {HEADLINE[target.decision.verdict]}", style),
            Text(plain(target.scan.target), overflow="fold"),
            Text(tally(target), "dim"),
        )
    return Group(_heading(many(len(account.targets), "target")), _in(table), "")


def _heading(words: str, above: int = 1) -> RenderableType:
    return Padding(Line(Text(words, "bold"), align="left", style="bright_black"), (above, 1, 0, 1))


def _in(what: RenderableType, left: int = 3) -> RenderableType:
    return Padding(what, (0, 1, 0, left))


def _pairs(rows: Iterable[tuple[Text, str]], first: str = "") -> RenderableType:
    table = Table.grid(padding=(0, 2))
    table.add_column(
        no_wrap=not first, overflow="fold", min_width=9, max_width=48 if first else None
    )
    table.add_column(overflow="fold")
    for word, value in rows:
        table.add_row(word, Text(value))
    return table
