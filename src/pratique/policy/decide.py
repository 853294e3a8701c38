"""From a scan and a pack to a decision: default deny, worst verdict first."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from pratique.core.canonical import digest_of
from pratique.core.finding import Finding, Severity
from pratique.core.scan import Scan, fingerprint
from pratique.core.trace import rank
from pratique.core.verdict import Decision, RuleResult, Verdict, Waiver
from pratique.policy import waivers
from pratique.policy.document import complete, document
from pratique.policy.expressions import ask
from pratique.policy.pack import Line, Pack

ALWAYS: Final = (
    Line(
        "pratique/something-inspected",
        "scan.files > 0 && coverage.planned > 0",
        "nothing was inspected, so nothing is known",
        Verdict.REVIEW,
    ),
    Line(
        "pratique/jail-held",
        "jail.sound",
        "the workers were not held by Landlock and seccomp, so their word does not count",
        Verdict.INCOMPLETE,
    ),
)
"""What no pack can leave out."""


def decide(  # noqa: PLR0913 - each is one option of the command line
    scan: Scan,
    pack: Pack,
    *,
    now: datetime,
    fail_on: Severity | None = None,
    fail_on_coverage: bool = False,
    known: frozenset[str] = frozenset(),
) -> Decision:
    """Return what may happen to an artifact next.

    `fail_on` replaces the pack's threshold, `fail_on_coverage` asks for review where a scan is not
    complete, `known` are fingerprints that a baseline lists. A line that cannot be evaluated does
    not hold.
    """
    threshold = pack.threshold if fail_on is None else fail_on
    sorting = _Sorting(pack, now, known)
    remaining = tuple(sorting.remaining(scan))
    left_out = {"waived": len(sorting.waived), "known": sorting.known}
    told = document(scan, remaining, threshold, left_out)
    lines = (*ALWAYS, *_sandbox(pack), *pack.require)
    results = tuple(_result(line, told, strict=fail_on_coverage) for line in lines)
    if fail_on_coverage:
        results += (_coverage(held=complete(scan)),)
    return Decision(
        verdict=_worst(results),
        pack=pack.name,
        pack_digest=pack.digest,
        input_digest=digest_of(told),
        results=results,
        threshold=threshold,
        waived=tuple(sorting.waived),
        waivers=tuple(dict.fromkeys(sorting.waived.values())),
        ignored=(*sorting.ignored, *waivers.idle(sorting.unused())),
    )


def _sandbox(pack: Pack) -> Iterator[Line]:
    """Yield the line that a pack's demand on the sandbox is: it is for those who ran the model."""
    if pack.tier:
        yield Line(
            "pratique/sandbox-tier",
            f"!detonation.ran || detonation.rank >= {rank(pack.tier)}",
            f"the model was run in a weaker sandbox than the {pack.tier} that the policy demands",
            Verdict.INCOMPLETE,
        )


class _Sorting:
    """Tells findings that count from those that a waiver or a baseline leaves out."""

    def __init__(self, pack: Pack, now: datetime, known: frozenset[str]) -> None:
        troubles = [(waiver, waivers.trouble(waiver, now)) for waiver in pack.waivers]
        self._in_force = [waiver for waiver, trouble in troubles if not trouble]
        self._baseline = known
        self.ignored = tuple(
            f"the waiver of {waivers.name(waiver)} has no effect: it {trouble}"
            for waiver, trouble in troubles
            if trouble
        )
        self.waived: dict[str, Waiver] = {}
        self.known = 0

    def unused(self) -> list[Waiver]:
        used = set(self.waived.values())
        return [waiver for waiver in self._in_force if waiver not in used]

    def remaining(self, scan: Scan) -> Iterator[Finding]:
        files = {file.path for file in scan.files}
        for path, finding in scan.findings():
            mark = fingerprint(path, finding)
            waiver = waivers.covering(path, finding, self._in_force, files)
            if waiver:
                self.waived[mark] = waiver
            elif mark in self._baseline:
                self.known += 1
            else:
                yield finding


def _result(line: Line, told: dict[str, object], *, strict: bool) -> RuleResult:
    answer = ask(line.expr, told)
    reason = f"{line.reason} ({answer.trouble})" if answer.trouble else line.reason
    otherwise = line.otherwise
    if strict and otherwise is Verdict.INCOMPLETE:
        otherwise = Verdict.REVIEW
    return RuleResult(line.id, answer.held, reason, otherwise)


def _coverage(*, held: bool) -> RuleResult:
    reason = "full coverage was asked for, and something was not fully examined"
    return RuleResult("pratique/coverage", held, reason, Verdict.REVIEW)


def _worst(results: tuple[RuleResult, ...]) -> Verdict:
    broken = {result.otherwise for result in results if not result.held}
    return next((verdict for verdict in Verdict if verdict in broken), Verdict.ADMIT)
