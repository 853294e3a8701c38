"""BKD010 text-smuggled-characters."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.readers.decoding import Places
from pratique.artifacts.views import TextView
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Span, Stage
from pratique.detectors.base import Detector
from pratique.patterns.hidden_characters import smuggled

LETTERS = 8
"""From this many letters on it is a message, and not a stray entry of a vocabulary."""


class TextSmuggledCharacters(Detector[TextView]):
    """A text carries a second text in characters that nobody sees.

    ## What it looks for
    Runs of at least six Unicode tag characters or variation selectors, written directly or as JSON
    escapes. Flags of regions, which are made of tag characters, stay silent.

    ## Why it matters
    Model cards, prompts and configuration are read by people and by models. Text in tag characters
    is visible only to the models: a prompt injection that survives review.

    ## What to do
    Show the text with all characters escaped. Remove the run; if it spells instructions, reject the
    model.

    ## What it cannot see
    Runs that are split up by ordinary characters, and homoglyphs.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("BKD010"),
        slug="text-smuggled-characters",
        stage=Stage.BACKDOORS,
        severity=Severity.MEDIUM,
        confidence=Confidence.MEDIUM,
        refs=("CWE-451", "CWE-1007", "ATLAS:AML.T0051", "OWASP-LLM:2025-LLM01"),
        since="0.1",
    )
    reads: ClassVar[type[TextView]] = TextView

    def inspect(self, view: TextView) -> Iterator[Finding]:
        """Report each run with what it spells."""
        places = Places(view.text)
        for run in smuggled(view.text):
            letters = sum(c.isalpha() for c in run.says)
            yield self.finding(
                Span(
                    start=view.base + places.byte(run.start),
                    line=places.line(run.start),
                ),
                f"hides {run.end - run.start} {run.kind} characters, which spell {run.says[:60]!r}",
                severity=Severity.HIGH if letters >= LETTERS else None,
                origin=view.origin,
            )
