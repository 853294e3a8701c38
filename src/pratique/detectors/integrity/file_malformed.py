"""INT004 file-malformed."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.reader import Kind
from pratique.artifacts.views import Layout, ReaderNote
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Span, Stage
from pratique.detectors.base import Detector


def _claimed(note: ReaderNote) -> int:
    return sum(claim.end - claim.start for claim in note.claims)


def _severity(note: ReaderNote, *, whole: bool) -> Severity:
    """Return how bad a break is: little where another reader understands every byte."""
    if note.kind == Kind.TEXT:
        return Severity.LOW
    if whole and not note.claims:
        return Severity.LOW
    return Severity.HIGH if note.claims else Severity.MEDIUM


class FileMalformed(Detector[Layout]):
    """A file breaks the rules of its own format, or goes beyond a limit.

    ## What it looks for
    Readers that recognised a file, or had begun to account for it, and had to stop: with the byte
    at which it broke, or the limit that was hit.

    ## Why it matters
    Loaders forgive differently: what this reader refuses, another one may load half way, and a
    pickle that breaks has already run what came before. What lies behind the break was not
    inspected.

    ## What to do
    Broken: ask the publisher for an intact copy and compare digests. At a limit: `--deadline` and
    `--max-expanded` raise two of them, for a source that you know. This version raises no other:
    unpack or split that part yourself, scan the result, or ask for the model in a simpler format.

    ## What it cannot see
    What the rest of the file holds.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("INT004"),
        slug="file-malformed",
        stage=Stage.INTEGRITY,
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        refs=("CWE-1286", "CWE-20", "ATLAS:AML.T0018.002", "OWASP-LLM:2025-LLM03"),
        since="0.1",
    )
    reads: ClassVar[type[Layout]] = Layout

    def inspect(self, view: Layout) -> Iterator[Finding]:
        """Report each reader that stopped early."""
        whole = any(not n.broke and _claimed(n) >= view.size for n in view.readers)
        for note in view.readers:
            if not note.broke:
                continue
            if note.over_limit:
                says, severity = f"{note.reader}: limit reached: {note.broke}", Severity.MEDIUM
            else:
                says, severity = f"{note.reader}: {note.broke}", _severity(note, whole=whole)
            yield self.finding(Span(start=note.broke_at), says[:400], severity=severity)
