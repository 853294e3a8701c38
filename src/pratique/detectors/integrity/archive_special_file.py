"""INT062 archive-special-file."""

import stat
from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.archive import ArchiveEntries
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Span, Stage
from pratique.detectors.base import Detector


class ArchiveSpecialFile(Detector[ArchiveEntries]):
    """An archive holds a device, a FIFO, or a file that runs as its owner.

    ## What it looks for
    Character and block devices and FIFOs in tar archives and in zips with Unix modes, and, as
    medium, files with the set-user-ID or set-group-ID bit.

    ## Why it matters
    A model is made of plain files. A device node that is unpacked by root opens the host's disk or
    memory, a FIFO hangs whoever reads it, a set-user-ID program gives away its owner's rights.

    ## What to do
    Do not unpack the file, least of all as root. Ask the publisher for an archive of plain files.

    ## What it cannot see
    Modes that the program which unpacks sets by itself, and extended attributes.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("INT062"),
        slug="archive-special-file",
        stage=Stage.INTEGRITY,
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        refs=("CWE-67", "CWE-732", "ATLAS:AML.T0010", "OWASP-LLM:2025-LLM03"),
        since="0.1",
    )
    reads: ClassVar[type[ArchiveEntries]] = ArchiveEntries

    def inspect(self, view: ArchiveEntries) -> Iterator[Finding]:
        """Report devices, FIFOs and set-ID files."""
        for entry in view.entries:
            at = Span(start=entry.start, end=entry.start)
            if entry.kind in {"device", "fifo"}:
                yield self.finding(at, f"{entry.name[:200]!r} is a {entry.kind}", entry=entry.name)
            elif entry.kind == "file" and entry.mode & (stat.S_ISUID | stat.S_ISGID):
                says = f"{entry.name[:200]!r} has the mode {entry.mode & 0o7777:o}"
                yield self.finding(at, says, severity=Severity.MEDIUM, entry=entry.name)
