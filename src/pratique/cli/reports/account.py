"""What every report tells: findings with their state, stages, gaps; computed once, in one order."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache, cached_property

from pratique.core.finding import Finding, Rule, RuleId, Severity, Span, Stage
from pratique.core.receipt import Coverage
from pratique.core.scan import FileReport, Scan, fingerprint
from pratique.core.verdict import Decision, Verdict
from pratique.detectors import index
from pratique.detectors.page import Page
from pratique.policy.waivers import shown_path

EXIT_CODES = {Verdict.ADMIT: 0, Verdict.REVIEW: 1, Verdict.REJECT: 1, Verdict.INCOMPLETE: 3}


@dataclass(frozen=True)  # no slots: the rows are kept once computed
class Target:
    """One artifact's account and what the policy made of it.

    `known` are the fingerprints of a baseline; `waived` those of accepted findings.
    """

    scan: Scan
    decision: Decision
    known: frozenset[str] = frozenset()

    @property
    def seconds(self) -> float:
        """Return how long the scan took, NaN when its times cannot be read."""
        try:
            end = datetime.fromisoformat(self.scan.finished)
            return (end - datetime.fromisoformat(self.scan.started)).total_seconds()
        except (ValueError, TypeError):
            return math.nan

    def rows(self) -> Sequence["Row"]:
        """Return every finding, worst first."""
        return self._rows

    @cached_property
    def _rows(self) -> tuple["Row", ...]:
        return tuple(self._judged())

    def _judged(self) -> Iterator["Row"]:
        waived, paths = set(self.decision.waived), {file.path for file in self.scan.files}
        for path, finding in self.scan.findings():
            mark = fingerprint(path, finding)
            state = "waived" if mark in waived else "known" if mark in self.known else "new"
            at = finding.at
            shown = shown_path(path, finding, paths)
            if shown != path:
                at = replace(at, chain=at.chain[1:])
            yield Row(shown, at, finding, mark, state)


@dataclass(frozen=True, slots=True)
class Row:
    """One finding of a report, in the file it is about.

    `path` is empty for the repository as a whole; `state` is `new`, `known` (in the baseline) or
    `waived`.
    """

    path: str
    at: Span
    finding: Finding
    fingerprint: str
    state: str


@dataclass(frozen=True, slots=True)
class StageLine:
    """How far one stage got. `status` is complete, incomplete, not-needed or absent."""

    stage: Stage
    status: str
    rules: int
    checks: int
    full: int


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that was not examined in full, and by which rules."""

    path: str
    chain: tuple[str, ...]
    coverage: Coverage
    why: str
    covered: int
    size: int
    rules: tuple[RuleId, ...]


@dataclass(frozen=True, slots=True)
class Account:
    """Every target of one run. `baseline` tells whether a former report was given."""

    targets: tuple[Target, ...]
    version: str
    baseline: bool = False

    @property
    def exit_code(self) -> int:
        """Return the run's exit code: 1 beats 3, which beats 0."""
        codes = {EXIT_CODES[t.decision.verdict] for t in self.targets}
        return next((code for code in (1, 3) if code in codes), 0)

    def used(self) -> list[RuleId]:
        """Return every rule that ran or found something, by id."""
        ids = {r.rule for t in self.targets for _, r in t.scan.receipts()}
        ids |= {f.rule for t in self.targets for _, f in t.scan.findings()}
        return sorted(ids)


@cache
def cards() -> Mapping[RuleId, tuple[Rule, Page]]:
    """Return each rule's card and page by its id."""
    return {name: (entry.rule, entry.page) for name, entry in index.entries().items()}


def slug(rule: RuleId) -> str:
    """Return a rule's slug, empty for one that this version does not have."""
    card = cards().get(rule)
    return card[0].slug if card else ""


def counts(target: Target) -> dict[Severity, int]:
    """Return how many findings count, by severity, worst first; known and waived ones do not."""
    seen = Counter(row.finding.severity for row in target.rows() if row.state == "new")
    return {s: seen[s] for s in sorted(seen, reverse=True)}


def stages(scan: Scan) -> list[StageLine]:
    """Return a line for each stage, those without any rule included."""
    have = {
        stage: {i for i, (rule, _) in cards().items() if rule.stage is stage} for stage in Stage
    }
    stage_of = {i: stage for stage, ids in have.items() for i in ids}
    checks: Counter[Stage] = Counter()
    full: Counter[Stage] = Counter()
    ran: dict[Stage, set[RuleId]] = {stage: set() for stage in Stage}
    for _, receipt in scan.receipts():
        stage = stage_of.get(receipt.rule)
        if stage is not None:
            checks[stage] += 1
            full[stage] += receipt.coverage is Coverage.FULL
            ran[stage].add(receipt.rule)
    return [
        StageLine(s, _status(rules, checks[s], full[s]), len(ran[s]), checks[s], full[s])
        for s in Stage
        for rules in [len(have[s]) if scan.asked(s) else 0]
    ]


def _status(rules: int, checks: int, full: int) -> str:
    if not rules and not checks:
        return "absent"
    if not checks:
        return "not-needed"
    return "complete" if checks == full else "incomplete"


def gaps(scan: Scan) -> list[Gap]:
    """Return what was not examined in full: one entry for a place and a reason."""
    found: dict[tuple[str, tuple[str, ...], Coverage, str, int, int], set[RuleId]] = {}
    for path, r in scan.receipts():
        if r.coverage is not Coverage.FULL:
            key = (path, r.chain, r.coverage, r.why, r.covered, r.size)
            found.setdefault(key, set()).add(r.rule)
    told = [Gap(*key, tuple(sorted(ids))) for key, ids in found.items()]
    silent = [file for file in scan.files if not file.inspection.receipts]
    if scan.only is not None:  # nobody asked for them to be read
        silent = [file for file in silent if not file.digest]
    return told + [_overlooked(file) for file in silent]


def _overlooked(file: FileReport) -> Gap:
    """Return the gap that a file without any receipt is: nothing looked at it."""
    why = "no rule looked at it" if file.digest else "it could not be read"
    return Gap(file.path, (), Coverage.NONE, why, 0, max(0, file.size), ())
