"""INT063 archive-bomb."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.archive import ArchiveEntries
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Span, Stage
from pratique.detectors.base import Detector

KINDS = frozenset({"limit"})


class ArchiveBomb(Detector[ArchiveEntries]):
    """A small archive unpacks to more than any model needs.

    ## What it looks for
    Entries and compressed streams whose content goes past the limits: in bytes, or in proportion to
    the size of the file that they came in.

    ## Why it matters
    Whoever opens such an archive fills a disk or a memory: a load balancer full of models stops
    because of one. It is also a way to make scanners give up: what stands behind the bomb stays
    unread by those that stop at the first one.

    ## What to do
    Do not unpack it. Only the first part of the content was looked at, so the scan is not complete.
    For a source that you know and a size that you expect, `--max-expanded` raises the limit in
    bytes. The limit in proportion stays: unpack such a file in a sandbox, and scan what comes out.

    ## What it cannot see
    Archives within archives that stay just below the limits, and formats that expand when they are
    loaded and not when they are unpacked (sparse tensors, repeated references in a pickle).
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("INT063"),
        slug="archive-bomb",
        stage=Stage.INTEGRITY,
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        refs=(
            "CWE-409",
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
