"""INT064 archive-overlapping-entries."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.archive import ArchiveEntries
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Span, Stage
from pratique.detectors.base import Detector

KINDS = frozenset({"overlap"})


class ArchiveOverlappingEntries(Detector[ArchiveEntries]):
    """Several entries of an archive share the same bytes.

    ## What it looks for
    Entries of a zip whose headers or packed content overlap each other or the central directory.

    ## Why it matters
    No packer writes this. It is how a zip of 42 KB holds petabytes without nesting (D. Fifield, A
    better zip bomb, WOOT 2019), and how one run of bytes is shown to a scanner under one name and
    to a loader under another.

    ## What to do
    Reject the file. If it comes from a publisher that you trust, ask how it was made.

    ## What it cannot see
    Overlaps inside the packed content itself, such as deflate streams that quote one another
    without a header.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("INT064"),
        slug="archive-overlapping-entries",
        stage=Stage.INTEGRITY,
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        refs=(
            "CWE-409",
            "CWE-694",
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
