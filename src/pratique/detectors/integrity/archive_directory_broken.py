"""INT073 archive-directory-broken."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.archive import ArchiveEntries
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Span, Stage
from pratique.detectors.base import Detector

KINDS = frozenset({"directory"})


class ArchiveDirectoryBroken(Detector[ArchiveEntries]):
    """An archive's list of entries is missing, broken, or there are two.

    ## What it looks for
    Zips without a central directory, whose end record counts other entries than there are, with two
    end records or two directories that both fit; tars with blocks that are no header.

    ## Why it matters
    Which entries such an archive has depends on who reads it: two end records are two archives in
    one file. A broken list also makes scanners give up before they see what loaders still read.

    ## What to do
    Ask the publisher for an intact copy. What could be found was read, all lists together.

    ## What it cannot see
    A list that is whole and lies: archive-headers-disagree and archive-hidden-entry look for that.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("INT073"),
        slug="archive-directory-broken",
        stage=Stage.INTEGRITY,
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        refs=(
            "CWE-436",
            "CWE-1286",
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
