"""INT069 archive-hidden-entry."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.archive import ArchiveEntries
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Span, Stage
from pratique.detectors.base import Detector

KINDS = frozenset({"hidden"})


class ArchiveHiddenEntry(Detector[ArchiveEntries]):
    """An archive holds an entry that its own list does not name.

    ## What it looks for
    Zip entries that stand in the file but not in the central directory, and tar entries after the
    end of the archive or behind a broken block.

    ## Why it matters
    Programs that read an archive as a stream see the entry, those that read the list do not. A
    payload that only one of them sees has been put there on purpose.

    ## What to do
    Reject the file, or unpack it with a tool that reads the list only, and pack it anew. The hidden
    content was read and judged here as any other.

    ## What it cannot see
    Bytes between entries that do not look like an entry: file-unclaimed-bytes reports those.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("INT069"),
        slug="archive-hidden-entry",
        stage=Stage.INTEGRITY,
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        refs=(
            "CWE-506",
            "CWE-436",
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
