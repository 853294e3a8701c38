"""INT001 file-unclaimed-bytes."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.views import Layout
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Span, Stage
from pratique.detectors.base import Detector


class FileUnclaimedBytes(Detector[Layout]):
    """A file has bytes before, between or after what its format accounts for.

    ## What it looks for
    Every reader claims the bytes it understands. What no reader claims, in a file that some reader
    did understand, is reported with its offset and length. Short runs of zeros are padding and stay
    silent.

    ## Why it matters
    Bytes outside a format's own structure are where payloads are parked: loaders skip them, and a
    second stage, or another program that reads the file differently, finds them.

    ## What to do
    Ask the publisher what the bytes are. Re-saving the model with a clean tool drops them.

    ## What it cannot see
    Bytes that a reader claims as data (tensor elements): those are the subject of the rules of the
    stage `tensors` and of embedded-executable.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("INT001"),
        slug="file-unclaimed-bytes",
        stage=Stage.INTEGRITY,
        severity=Severity.MEDIUM,
        confidence=Confidence.HIGH,
        refs=("CWE-506", "ATLAS:AML.T0018.002", "OWASP-LLM:2025-LLM03"),
        since="0.1",
    )
    reads: ClassVar[type[Layout]] = Layout

    def inspect(self, view: Layout) -> Iterator[Finding]:
        """Report each gap of a subject that some reader claimed a part of."""
        claimed = [note for note in view.readers if note.claims]
        if not claimed or view.opaque:
            return
        names = ", ".join(note.reader for note in claimed)
        for start, end, kind in view.gaps:
            where = "after" if end == view.size else "before" if start == 0 else "between"
            yield self.finding(
                Span(start=start, end=end),
                f"{end - start} bytes {where} what the {names} reader accounts for ({kind})",
                severity=Severity.LOW if kind == "zeros" else None,
                readers=names,
            )
