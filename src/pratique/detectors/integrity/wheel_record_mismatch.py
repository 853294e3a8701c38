"""INT071 wheel-record-mismatch."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.archive import ArchiveEntries
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Span, Stage
from pratique.detectors.base import Detector

KINDS = frozenset({"record"})


class WheelRecordMismatch(Detector[ArchiveEntries]):
    """The files of a wheel are not those that its RECORD lists.

    ## What it looks for
    Files whose SHA-256 is not the one in RECORD, that RECORD does not name, or that it names and
    the wheel lacks (PEP 376, PEP 427).

    ## Why it matters
    RECORD is the wheel's own statement of what belongs to it. A file that was added or changed
    after the build leaves this trace; installers only warn, or do not look at all.

    ## What to do
    Compare with the same release on the package index, and do not install this copy.

    ## What it cannot see
    A change by somebody who also rewrote RECORD: it is not signed. Give the expected digest of the
    wheel for that.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("INT071"),
        slug="wheel-record-mismatch",
        stage=Stage.INTEGRITY,
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        refs=(
            "CWE-354",
            "ATLAS:AML.T0010",
            "OWASP-LLM:2025-LLM03",
        ),
        since="0.1",
    )
    reads: ClassVar[type[ArchiveEntries]] = ArchiveEntries

    def inspect(self, view: ArchiveEntries) -> Iterator[Finding]:
        """Report each entry that the reader noted so."""
        for problem in view.problems:
            if problem.kind in KINDS:
                says = f"{problem.name[:200]!r} {problem.says}" if problem.name else problem.says
                yield self.finding(Span(start=problem.at, end=problem.at), says, entry=problem.name)
