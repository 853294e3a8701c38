"""INT002 file-polyglot."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.reader import Kind
from pratique.artifacts.views import Layout, ReaderNote
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Span, Stage
from pratique.detectors.base import Detector

FRONT = "text-front"


def _carries_files(solid: list[ReaderNote]) -> bool:
    """Tell a format and an archive that it may carry: both sound, one after the other."""
    models = [note for note in solid if note.carries]
    archives = [note for note in solid if note.kind == Kind.ARCHIVE]
    if len(models) != 1 or len(archives) != 1 or len(solid) != 2:  # noqa: PLR2004 - one of each
        return False
    behind = max(c.end for c in models[0].claims) <= min(c.start for c in archives[0].claims)
    return behind and not any(note.broke for note in solid)


class FilePolyglot(Detector[Layout]):
    """A file is two formats at once.

    ## What it looks for
    Two readers of data or archive formats that both account for bytes of the same file; and a text
    that turns into a data format further on, or the other way round. Also a text in front of
    other bytes, where it begins as a script of a shell, a page or a batch file does.

    ## Why it matters
    One program loads the harmless format, another one, or the same one under another name, loads
    the other. Scanners that stop at the first match see only half of the file.

    ## What to do
    Reject the file. Ask the publisher for one that is a single format from its first byte to its
    last.

    A TensorFlow Lite model may carry a zip archive of its labels behind its last byte: that is how
    the format is documented, and the archive is read.

    ## What it cannot see
    Formats that no reader knows: those show up as unclaimed bytes. Files that are text in several
    languages at once.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("INT002"),
        slug="file-polyglot",
        stage=Stage.INTEGRITY,
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        refs=("CWE-434", "CWE-436", "CWE-506", "ATLAS:AML.T0018.002", "OWASP-LLM:2025-LLM03"),
        since="0.1",
        version=2,
    )
    reads: ClassVar[type[Layout]] = Layout

    def inspect(self, view: Layout) -> Iterator[Finding]:
        """Report the formats that share the file."""
        solid = [note for note in view.readers if note.claims and note.kind != Kind.TEXT]
        for note in view.readers:
            if note.reader == FRONT and note.claims:
                end = note.claims[0].end
                says = f"begins with {end} bytes of text that a program runs; behind it is none"
                yield self.finding(Span(end=end), says, readers=FRONT)
        if _carries_files(solid):
            return
        texts = [n for n in view.readers if n.claims and n.kind == Kind.TEXT]
        partly = [n for n in texts if n.claims[-1].end < view.size and solid]
        found = solid if len(solid) > 1 else [*partly[:1], *solid] if partly else []
        if not found and {"jinja", "python"} <= {n.reader for n in texts}:
            found = [n for n in texts if n.reader in {"jinja", "python"}]
        if found:
            names = " and ".join(sorted(note.reader for note in found))
            claim = found[-1].claims[0]
            yield self.finding(
                Span(start=claim.start, end=claim.end), f"is {names} at once", readers=names
            )
