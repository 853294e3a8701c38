"""INT060 archive-name-escape."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.archive import ArchiveEntries
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Span, Stage
from pratique.detectors.base import Detector
from pratique.patterns.paths import disguised_way_out, steps_up, way_out


class ArchiveNameEscape(Detector[ArchiveEntries]):
    """An entry's name leads out of the folder that the archive is unpacked into.

    ## What it looks for
    Names that are absolute, begin with a drive letter or a share, climb with `..` (with either
    slash), hold a NUL byte, or do so once fullwidth and lookalike slashes and dots are read as what
    they look like. A `..` that stays inside is reported as medium.

    ## Why it matters
    A loader that unpacks such an archive writes where the name says: over a start-up script, a
    library, or another model. Checkpoints that are tar files are unpacked on load, and Python's
    tarfile followed such names for years (CVE-2007-4559).

    ## What to do
    Do not unpack the file. No honest packer writes such names: reject it.

    ## What it cannot see
    A link inside the archive that an innocent name passes through: archive-link-escape looks for
    that.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("INT060"),
        slug="archive-name-escape",
        stage=Stage.INTEGRITY,
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        refs=("CWE-22", "ATLAS:AML.T0010", "OWASP-LLM:2025-LLM03"),
        since="0.1",
    )
    reads: ClassVar[type[ArchiveEntries]] = ArchiveEntries

    def inspect(self, view: ArchiveEntries) -> Iterator[Finding]:
        """Report every name that leads out, or that would be read so somewhere."""
        for entry in view.entries:
            at, severity = Span(start=entry.start, end=entry.start), None
            why = way_out(entry.name)
            if not why and (hidden := disguised_way_out(entry.name)):
                why, severity = f"{hidden} once lookalike characters are read", Severity.MEDIUM
            if not why and steps_up(entry.name):
                why, severity = "has a '..' step", Severity.MEDIUM
            if why:
                says = f"the name {entry.name[:200]!r} {why}"
                yield self.finding(at, says, severity=severity, entry=entry.name)
