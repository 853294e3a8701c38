"""INT005 file-name-deceives."""

import re
import unicodedata
from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.views import Repository
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Span, Stage
from pratique.detectors.base import Detector

_INVISIBLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069"
    "\ufeff\ufff9-\ufffb\U000e0000-\U000e01ef]"
)
_ALIKE = re.compile(
    "[A-Za-z0-9][\u0430\u0435\u043e\u0440\u0441\u0445\u0443\u0456\u0458\u0455\u0501\u03bf"
    "\u03b1\u0391-\u03a9\u0410-\u042f\uff21-\uff3a\uff41-\uff5a]"
    "|[\u0430\u0435\u043e\u0440\u0441\u0445\u0443\u0456\u0458\u0455\u0501\u03bf\u03b1"
    "\u0391-\u03a9\u0410-\u042f\uff21-\uff3a\uff41-\uff5a][A-Za-z]"
)
"""A Latin letter beside a Cyrillic, Greek or full-width one that resembles a Latin letter."""
_TRAILING = re.compile(r"[. ](?:/|$)|(?:^|/) ")


def _deceit(path: str) -> tuple[str, Severity]:
    if _INVISIBLE.search(path):
        return "holds characters that nobody sees", Severity.HIGH
    if _ALIKE.search(path):
        return "mixes alphabets that look alike", Severity.HIGH
    if _TRAILING.search(path):
        return "begins or ends with what other systems drop", Severity.MEDIUM
    return "", Severity.INFO


class FileNameDeceives(Detector[Repository]):
    """A file's name is not what it seems.

    ## What it looks for
    Control characters, direction overrides and invisible characters in names; letters of other
    alphabets that look like Latin ones among Latin letters; trailing dots and spaces; and names
    that become equal on file systems without case or Unicode forms.

    ## Why it matters
    A reviewer reads another name than the loader opens. Two names that collide let one file replace
    the other when the model is copied.

    ## What to do
    Reject the repository or rename the file after you know what it is.

    ## What it cannot see
    Look-alikes within one alphabet, such as `l` and `1`.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("INT005"),
        slug="file-name-deceives",
        stage=Stage.INTEGRITY,
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        refs=("CWE-451", "CWE-1007", "ATLAS:AML.T0010", "OWASP-LLM:2025-LLM03"),
        since="0.1",
    )
    reads: ClassVar[type[Repository]] = Repository

    def inspect(self, view: Repository) -> Iterator[Finding]:
        """Report deceiving names, then names that collide."""
        seen: dict[str, str] = {}
        for file in view.files:
            why, severity = _deceit(file.path)
            if why:
                yield self.finding(
                    Span(chain=(file.path,)), f"{file.path[-120:]!a} {why}", severity=severity
                )
            folded = unicodedata.normalize("NFKC", file.path).casefold()
            other = seen.setdefault(folded, file.path)
            if other != file.path:
                yield self.finding(
                    Span(chain=(file.path,)),
                    f"{file.path[-120:]!a} collides with {other[-120:]!a} on some systems",
                    severity=Severity.MEDIUM,
                )
