"""INT067 archive-false-encryption."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.archive import ArchiveEntries
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Span, Stage
from pratique.detectors.base import Detector

KINDS = frozenset({"false-encrypted"})


class ArchiveFalseEncryption(Detector[ArchiveEntries]):
    """An entry is marked as encrypted and is not.

    ## What it looks for
    Zip entries that have an encryption flag set while their content, read as if the flag were not
    there, matches its checksum.

    ## Why it matters
    Python's zipfile refuses such an entry, and scanners built on it skip the file; PyTorch's own
    reader ignores the flag and loads it (CVE-2025-1945). The flag has no other use than to hide.

    ## What to do
    Reject the file. Its content was read and judged here as any other.

    ## What it cannot see
    A false flag together with a wrong checksum cannot be told from real encryption; then the entry
    is reported as unopened, and its bytes are read as they stand.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("INT067"),
        slug="archive-false-encryption",
        stage=Stage.INTEGRITY,
        severity=Severity.CRITICAL,
        confidence=Confidence.HIGH,
        refs=(
            "CWE-436",
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
                says = f"{problem.name[:200]!r} {problem.says}" if problem.name else problem.says
                yield self.finding(Span(start=problem.at, end=problem.at), says, entry=problem.name)
