"""INT068 archive-duplicate-name."""

import unicodedata
from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.archive import ArchiveEntries, ArchiveEntry
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Span, Stage
from pratique.detectors.base import Detector
from pratique.patterns.paths import plain


class ArchiveDuplicateName(Detector[ArchiveEntries]):
    """Two entries of an archive have the same name.

    ## What it looks for
    Entries whose names are the same once `./`, doubled slashes and backslashes are evened out.
    Equal content is reported as low, and so are names that differ in upper and lower case only.

    ## Why it matters
    Which of the two wins depends on who reads: the first for PyTorch's zip reader, the last for
    Python's zipfile and for whoever unpacks a tar (a second `model_config.yaml` in a NeMo file
    overwrites the first). A scanner that looks at one leaves the other to the loader.

    ## What to do
    Reject the file, or ask the publisher which of the two is meant and why there are two. Both were
    read and judged here.

    ## What it cannot see
    Names that only become the same on a file system with rules of its own, such as short names on
    Windows.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("INT068"),
        slug="archive-duplicate-name",
        stage=Stage.INTEGRITY,
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        refs=("CWE-694", "CWE-436", "ATLAS:AML.T0010", "OWASP-LLM:2025-LLM03"),
        since="0.1",
    )
    reads: ClassVar[type[ArchiveEntries]] = ArchiveEntries

    def inspect(self, view: ArchiveEntries) -> Iterator[Finding]:
        """Report each entry whose name an earlier one has."""
        same: dict[str, ArchiveEntry] = {}
        folded: dict[str, ArchiveEntry] = {}
        for entry in view.entries:
            if entry.kind == "directory":
                continue
            name = plain(entry.name.partition("\0")[0])
            fold = unicodedata.normalize("NFC", name).casefold()
            at = Span(start=entry.start, end=entry.start)
            if first := same.get(name):
                equal = bool(entry.digest) and entry.digest == first.digest
                what = "the same content" if equal else "other content"
                says = f"{entry.name[:200]!r} stands twice, first at {first.start} with {what}"
                yield self.finding(
                    at, says, severity=Severity.LOW if equal else None, entry=entry.name
                )
            elif first := folded.get(fold):
                says = f"{entry.name[:200]!r} and {first.name[:200]!r} are one file on some disks"
                yield self.finding(at, says, severity=Severity.LOW, entry=entry.name)
            same.setdefault(name, entry)
            folded.setdefault(fold, entry)
