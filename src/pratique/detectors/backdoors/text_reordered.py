"""BKD048 text-reordered."""

import re
from collections.abc import Iterator
from itertools import islice
from typing import ClassVar

from pratique.artifacts.readers.decoding import Places
from pratique.artifacts.views import TextView
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Span, Stage
from pratique.detectors.base import Detector
from pratique.detectors.prose_commands import is_prose
from pratique.patterns.bidi_controls import CONTROLS, Reordered, reordered

_MOST = 20
_WEIGHT = {("forced", True): Severity.HIGH, ("open", True): Severity.LOW}
_LONGEST_WORD = 64
_VOCABULARY = re.compile(r'"(?:vocab|merges|added_tokens|added_tokens_decoder|special_tokens_map)"')
_ENTRY = re.compile(r"\S{1,64}(?:[ \t]\S{1,64})?\s*")
_SAMPLE, _SHARE = 400, 0.8
_QUOTED = frozenset(["()", "[]", "''", '""', "``", "\u201c\u201d"])


class TextReordered(Detector[TextView]):
    """A text is shown in another order than it is read in.

    ## What it looks for
    Unicode controls that force a direction on letters that run the other way, and embeddings and
    isolates from right to left that hold letters and signs of code from left to right, ended in
    their line or not: in templates, configurations, cards, scripts and other texts. With signs of
    code under a forced direction it is high; a control that is only left open is low. Controls
    around what runs their way, as in Arabic or Hebrew prose, are not told, nor are vocabularies
    that hold the controls as words. In Python MAL042 tells every control.

    ## Why it matters
    A reviewer sees a comment where a loader reads an instruction (Trojan Source, CVE-2021-42574).

    ## What to do
    Remove the controls, and read the text again as it then stands.

    ## What it cannot see
    Orders that right-to-left letters alone bring about, and controls that are written as escapes.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("BKD048"),
        slug="text-reordered",
        stage=Stage.BACKDOORS,
        severity=Severity.MEDIUM,
        confidence=Confidence.MEDIUM,
        refs=("CWE-1007", "CWE-451", "ATLAS:AML.T0051", "OWASP-LLM:2025-LLM03"),
        since="0.1",
        version=2,
    )
    reads: ClassVar[type[TextView]] = TextView

    def inspect(self, view: TextView) -> Iterator[Finding]:
        """Report the first lines that are shown in another order."""
        text = view.text
        if text.isascii() or CONTROLS.search(text) is None:
            return
        places = Places(text)
        for told in islice(_told(text), _MOST):
            line = places.line(told.start)
            around = text[max(0, told.start - 20) : told.start + 40].replace("\n", " ")
            yield self.finding(
                Span(start=view.base + places.byte(told.start), line=line),
                f"line {line} is shown in another order than it is read: {around!a}",
                severity=_WEIGHT.get((told.how, told.code)),
            )


def _told(text: str) -> Iterator[Reordered]:
    prose, words = is_prose(text), _is_vocabulary(text)
    for told in reordered(text):
        entry = words and _entry(text, told.start) < _LONGEST_WORD
        alone = text[told.start - 1 : told.start] + text[told.start + 1 : told.start + 2]
        if not entry and not (prose and alone in _QUOTED):
            yield told


def _is_vocabulary(text: str) -> bool:
    """Tell a list of words: their controls are data, and nobody reads them in order."""
    if text.lstrip()[:1] in {"{", "["}:
        return _VOCABULARY.search(text) is not None or _many(text)
    lines = text.splitlines()[:_SAMPLE]
    return sum(_ENTRY.fullmatch(line) is not None for line in lines) > _SHARE * len(lines)


def _many(text: str) -> bool:
    """Tell JSON that maps words to numbers."""
    pairs = len(re.findall(r'":\s?\d+\s?[,}]', text[:64_000]))
    return pairs > 0 and pairs > _SHARE * text.count('":', 0, 64_000)


def _entry(text: str, at: int) -> int:
    """Return how long the word is that a control stands in: of JSON a string, else a line."""
    ends = '"\n' if text.lstrip()[:1] in {"{", "["} else "\n"
    before = max(text.rfind(end, max(0, at - 200), at) for end in ends)
    after = [found for end in ends if (found := text.find(end, at, at + 200)) >= 0]
    return (min(after) if after else at + 200) - (before if before >= 0 else at - 200)
