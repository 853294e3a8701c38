"""INT065 archive-corrupt-entry."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.archive import ArchiveEntries
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Span, Stage
from pratique.detectors.base import Detector

KINDS = frozenset({"checksum", "corrupt", "no-checksum"})


class ArchiveCorruptEntry(Detector[ArchiveEntries]):
    """An entry of an archive does not match its checksum or its size.

    ## What it looks for
    Content whose checksum is not the one in its header, that ends early, is broken, or has another
    size than stated; tar headers whose checksum does not hold. A checksum of zero, which some
    savers write to save time, is reported as low.

    ## Why it matters
    The file is not what its publisher wrote: it was damaged, or changed by hand. PyTorch does not
    look at these checksums, so it loads what other tools refuse, and scanners that stop at a wrong
    checksum miss what it loads (CVE-2025-10156).

    ## What to do
    Fetch the file again and compare its digest with the publisher's. If it stays, do not load it.

    ## What it cannot see
    A change by somebody who also wrote the new checksum. CRC-32 is no protection against intent.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("INT065"),
        slug="archive-corrupt-entry",
        stage=Stage.INTEGRITY,
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        refs=(
            "CWE-354",
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
                mild = problem.kind == "no-checksum"
                says = f"{problem.name[:200]!r} {problem.says}" if problem.name else problem.says
                yield self.finding(
                    Span(start=problem.at, end=problem.at),
                    says,
                    severity=Severity.LOW if mild else None,
                    entry=problem.name,
                )
