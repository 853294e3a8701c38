"""BKD048 text-reordered."""

import re
from collections.abc import Iterator
from itertools import islice
from typing import ClassVar

from pratique.artifacts.readers.decoding import Places
from pratique.artifacts.views import TextView
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Span, Stage
from pratique.detectors.base import Detector

_FORCED = re.compile("[\u202d\u202e](?=[^\"'\\n\u202a-\u202e\u2066-\u2069]{3})")
_ISOLATED = re.compile("[\u2066\u2067\u2068\u202a\u202b][^\\n\u2069\u202c]{0,200}")
_CODE = re.compile(r"[{}<>=;()\[\]\"]|\bif\b|\bfor\b|\breturn\b|#|//")
_RIGHT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]")
_MOST = 20


class TextReordered(Detector[TextView]):
    """A text is shown in another order than it is read in.

    ## What it looks for
    Unicode controls that force a direction on what follows, and ones that begin an embedding or
    an isolate around letters and signs of code and are not ended in their line, in templates,
    configurations, cards and other texts. Prose in scripts that run from right to left is not told,
    nor are vocabularies that hold the controls as words. Python is MAL042's.

    ## Why it matters
    A reviewer sees a comment where a loader reads an instruction (Trojan Source, CVE-2021-42574).

    ## What to do
    Remove the controls, and read the text again as it then stands.

    ## What it cannot see
    Orders that right-to-left letters alone bring about.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("BKD048"),
        slug="text-reordered",
        stage=Stage.BACKDOORS,
        severity=Severity.MEDIUM,
        confidence=Confidence.MEDIUM,
        refs=("CWE-1007", "CWE-451", "ATLAS:AML.T0051", "OWASP-LLM:2025-LLM03"),
        since="0.1",
    )
    reads: ClassVar[type[TextView]] = TextView

    def inspect(self, view: TextView) -> Iterator[Finding]:
        """Report the first lines that are shown in another order."""
        if view.text.isascii() or not any("\u202a" <= c <= "\u2069" for c in set(view.text)):
            return
        places = Places(view.text)
        for at in islice(_odd(view.text), _MOST):
            line = places.line(at)
            around = view.text[max(0, at - 20) : at + 40].replace("\n", " ")
            yield self.finding(
                Span(start=view.base + places.byte(at), line=line),
                f"line {line} is shown in another order than it is read: {around!a}",
            )


def _odd(text: str) -> Iterator[int]:
    for found in _FORCED.finditer(text):
        if not _RIGHT.search(text[max(0, found.start() - 200) : found.end() + 200]):
            yield found.start()
    for found in _ISOLATED.finditer(text):
        after = text[found.end() : found.end() + 1]
        ended = after in ("\u2069", "\u202c")
        if not ended and _CODE.search(found[0][1:]) and len(found[0]) > 4:  # noqa: PLR2004 - a word
            around = text[max(0, found.start() - 200) : found.end() + 200]
            if not _RIGHT.search(around):
                yield found.start()
