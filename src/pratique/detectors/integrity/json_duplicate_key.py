"""INT006 json-duplicate-key."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.readers.json_text import JsonText
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Span, Stage
from pratique.detectors.base import Detector


class JsonDuplicateKey(Detector[JsonText]):
    """A JSON object gives the same key twice.

    ## What it looks for
    Keys that occur more than once in one object, at any depth.

    ## Why it matters
    Parsers disagree on which value counts: a scanner reads a harmless one, the loader the other.
    Tools that write JSON never produce this.

    In an object of more than a thousand keys, a list of words more than settings, it is low.

    ## What to do
    Ask the publisher which value is meant, and have the file written anew.

    ## What it cannot see
    Keys that differ in case or in Unicode form.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("INT006"),
        slug="json-duplicate-key",
        stage=Stage.INTEGRITY,
        severity=Severity.MEDIUM,
        confidence=Confidence.HIGH,
        refs=("CWE-436", "CWE-694", "ATLAS:AML.T0018.002", "OWASP-LLM:2025-LLM03"),
        since="0.1",
    )
    reads: ClassVar[type[JsonText]] = JsonText

    def inspect(self, view: JsonText) -> Iterator[Finding]:
        """Report the keys that are given twice."""
        for key in view.duplicates:
            yield self.finding(Span(), f"gives the key {key[:80]!r} more than once", key=key)
        for key in view.listed:
            says = f"gives the key {key[:80]!r} of a long list more than once"
            yield self.finding(Span(), says, severity=Severity.LOW, key=key)
