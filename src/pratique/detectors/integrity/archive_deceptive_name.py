"""INT072 archive-deceptive-name."""

import re
from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.archive import ArchiveEntries
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Span, Stage
from pratique.detectors.base import Detector

CONTROL = re.compile(r"[\x01-\x1f\x7f\x80-\x9f]")
TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")
UNSEEN = re.compile("[\u200b\u2060\ufeff\u00ad\u180e]")
DEVICE = re.compile(r"(?i:(?:^|/)(?:con|prn|aux|nul|(?:com|lpt)[1-9])(?:\.[^/]*)?(?:/|$))")
STREAM = re.compile(r"[^/]:[^/]*$")
WORDS = (
    (TURNING, "turns the direction of writing, so that it is shown other than it is", None),
    (CONTROL, "holds control characters", None),
    (UNSEEN, "holds characters that are not shown", None),
    (re.compile(r"\\"), "holds a backslash, a folder on Windows only", Severity.LOW),
    (DEVICE, "is a device on Windows", Severity.LOW),
    (STREAM, "names an alternate stream on Windows", Severity.LOW),
)


class ArchiveDeceptiveName(Detector[ArchiveEntries]):
    """An entry's name is not what it looks like.

    ## What it looks for
    Names with characters that turn the direction of writing, control characters, or characters that
    are not shown; as low: backslashes, the names of Windows' devices, and alternate streams.

    ## Why it matters
    A person who reviews a list of files believes what is shown: `model_gnp.py` can be made to look
    like `model_yp.png`. Control characters rewrite terminals and logs, and a name that one system
    takes for a folder and another for a file ends up in different places.

    ## What to do
    Look at the name's escaped form in this report. Reject the file when the publisher cannot
    explain it.

    ## What it cannot see
    Letters of another alphabet that look like Latin ones: too many honest names use them.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("INT072"),
        slug="archive-deceptive-name",
        stage=Stage.INTEGRITY,
        severity=Severity.MEDIUM,
        confidence=Confidence.MEDIUM,
        refs=("CWE-451", "CWE-1007", "ATLAS:AML.T0010", "OWASP-LLM:2025-LLM03"),
        since="0.1",
    )
    reads: ClassVar[type[ArchiveEntries]] = ArchiveEntries

    def inspect(self, view: ArchiveEntries) -> Iterator[Finding]:
        """Report names that deceive, once each, by the worst reason."""
        for entry in view.entries:
            for pattern, why, severity in WORDS:
                if pattern.search(entry.name):
                    says = f"the name {entry.name[:200]!a} {why}"
                    at = Span(start=entry.start, end=entry.start)
                    yield self.finding(at, says, severity=severity, entry=ascii(entry.name))
                    break
