"""INT066 archive-headers-disagree."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.archive import ArchiveEntries
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Span, Stage
from pratique.detectors.base import Detector

KINDS = frozenset({"contradiction"})


class ArchiveHeadersDisagree(Detector[ArchiveEntries]):
    """Two places in an archive describe one entry differently.

    ## What it looks for
    A zip entry whose local header has another name, method, encryption flag, checksum or size than
    the central directory, or whose unicode name differs; a tar entry whose pax header has another
    size or name than the plain one, or a link or directory with content.

    ## Why it matters
    Programs differ in which place they believe. A scanner that reads one and a loader that reads
    the other see two different files: this is how malicious pickles in PyTorch archives went past
    scanners (CVE-2025-1944), and how tar entries were smuggled past checks (CVE-2025-62518).

    ## What to do
    Treat the file as hostile unless the publisher explains it. What was found inside was read both
    ways as far as they lead to different bytes.

    ## What it cannot see
    Differences in fields that change nothing that a loader does: times, comments, the version that
    made it.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("INT066"),
        slug="archive-headers-disagree",
        stage=Stage.INTEGRITY,
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        refs=(
            "CWE-436",
            "CWE-345",
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
