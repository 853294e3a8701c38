"""INT070 archive-unopened-content."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.archive import ArchiveEntries
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Span, Stage
from pratique.detectors.base import Detector

KINDS = frozenset({"method", "encrypted", "sparse"})


class ArchiveUnopenedContent(Detector[ArchiveEntries]):
    """Part of an archive was not opened, so nobody knows what is in it.

    ## What it looks for
    Entries that are encrypted, packed by a method for which no decoder is here, or sparse; whole
    archives in formats that are not opened (7z, RAR, zstd, cpio and others).

    ## Why it matters
    What cannot be seen cannot be judged: password-protected and rarely used formats are how
    malicious models are uploaded past scanners, with the password in the model card (nullifAI used
    7z in place of zip).

    ## What to do
    Unpack it in a sandbox and scan what comes out, or ask the publisher for a plain file. The scan
    stays incomplete.

    ## What it cannot see
    Encryption that a program of its own adds inside an entry's content.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("INT070"),
        slug="archive-unopened-content",
        stage=Stage.INTEGRITY,
        severity=Severity.MEDIUM,
        confidence=Confidence.HIGH,
        refs=(
            "CWE-693",
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
                mild = problem.kind == "sparse"
                says = f"{problem.name[:200]!r} {problem.says}" if problem.name else problem.says
                yield self.finding(
                    Span(start=problem.at, end=problem.at),
                    says,
                    severity=Severity.LOW if mild else None,
                    entry=problem.name,
                )
