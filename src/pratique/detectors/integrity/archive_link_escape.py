"""INT061 archive-link-escape."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.archive import ArchiveEntries, ArchiveEntry
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Span, Stage
from pratique.detectors.base import Detector
from pratique.patterns.paths import plain, steps_up, way_out

MAX_PARTS = 64


class ArchiveLinkEscape(Detector[ArchiveEntries]):
    """A link in an archive leads out of it, or an entry is written through a link.

    ## What it looks for
    Symbolic and hard links whose target is absolute or climbs out of the archive's folder, targets
    that step up again behind another link, hard links to a symbolic link, and entries whose name
    passes through a link of the same archive.

    ## Why it matters
    A link that points outside makes the next write, or the next read by a server that shows the
    unpacked files, land on any file of the host. Chains of harmless-looking links have beaten the
    checks of several unpackers, Python's tarfile filters among them (CVE-2025-4517).

    ## What to do
    Do not unpack the file. Ask the publisher for one without links: a model needs none.

    ## What it cannot see
    Links that exist on the disk before the archive is unpacked.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("INT061"),
        slug="archive-link-escape",
        stage=Stage.INTEGRITY,
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        refs=("CWE-59", "CWE-22", "ATLAS:AML.T0010", "OWASP-LLM:2025-LLM03"),
        since="0.1",
    )
    reads: ClassVar[type[ArchiveEntries]] = ArchiveEntries

    def inspect(self, view: ArchiveEntries) -> Iterator[Finding]:
        """Report links that lead out, and entries that pass through a link."""
        links = {plain(e.name) for e in view.entries if e.kind == "symlink"}
        for entry in view.entries:
            why = _leads_out(entry, links) if entry.kind in {"symlink", "hardlink"} else ""
            if not why and (through := _through(plain(entry.name), links)):
                why = f"is written through the link {through[:200]!r}"
            if why:
                says = f"{entry.kind} {entry.name[:200]!r} {why}"
                at = Span(start=entry.start, end=entry.start)
                yield self.finding(at, says, entry=entry.name, target=entry.link)


def _leads_out(entry: ArchiveEntry, links: set[str]) -> str:
    shown = entry.link[:200]
    base = plain(entry.name).rpartition("/")[0] if entry.kind == "symlink" else ""
    target = entry.link
    if way_out(target) and not target.startswith("."):
        return f"points at {shown!r}, which {way_out(target)}"
    joined = f"{base}/{target}" if base else target
    if way_out(joined):
        return f"points at {shown!r}, which leads out of the archive"
    if entry.kind == "hardlink" and plain(target) in links:
        return f"is a hard link to the link {shown!r}"
    if steps_up(target) and (via := _through(joined.replace("\\", "/"), links)):
        return f"points at {shown!r}, which steps up behind the link {via[:200]!r}"
    return ""


def _through(name: str, links: set[str]) -> str:
    """Return the first link of the archive that a path passes through, empty without one."""
    if not links:
        return ""
    parts: list[str] = []
    for part in name.split("/")[:MAX_PARTS]:
        if (here := "/".join(parts)) in links:
            return here
        if part == "..":
            parts = parts[:-1]
        elif part not in {"", "."}:
            parts.append(part)
    return ""
