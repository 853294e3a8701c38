"""BKD046 card-instructs-agents."""

import re
from collections.abc import Iterator
from itertools import islice
from typing import ClassVar

from pratique.artifacts.readers.decoding import Places
from pratique.artifacts.views import TextView
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Span, Stage
from pratique.detectors.base import Detector
from pratique.patterns.literals import Words
from pratique.patterns.orders import OVERRIDES

MOST = 5_000
_WORDS = Words("<!--", "display:", "visibility:", "font-size:", "opacity:", "[//]:", nocase=True)
_HIDDEN = re.compile(
    r"<!--(?:(?!-->|<!--)[\s\S]){1,4000}-->|^\[//\]:[^\n]{1,2000}"
    r"|<\w+[^<>]{0,200}(?:display:\s*none|visibility:\s*hidden|font-size:\s*0|opacity:\s*0)"
    r"[^<>]{0,100}>[^<]{1,4000}",
    re.MULTILINE | re.IGNORECASE,
)
_WHO = re.compile(
    r"(?i)\b(?:AI|LLMs?|assistants?|agents?|language models?|copilot|claude|chatgpt|gpt|gemini"
    r"|you are)\b"
)
_IGNORE = re.compile(rf"(?i){OVERRIDES}")
_ORDER = re.compile(
    _IGNORE.pattern
    + r"|\b(?:run|execute|download|install|curl|wget|send|upload|exfiltrate|post|load)\b[^\n]{0,80}"
    r"(?:`|https?://|\btrust_remote_code|\bshell\b|\bcommand\b|\bsecrets?\b|\btokens? to\b|\.env\b)"
    r"|\b(?:do not|don't|never)\b[^.\n]{0,20}\b(?:tell|reveal|mention|inform|ask)\b"
    r"[^.\n]{0,30}\buser"
)


class CardInstructsAgents(Detector[TextView]):
    """A text hides orders for the assistants that read it.

    ## What it looks for
    Comments of HTML and Markdown, and elements that are not displayed, which address an
    assistant, an agent or a model and tell it to ignore its instructions, to run, fetch or send
    something, or to keep it from the user.

    ## Why it matters
    People see the rendered card and not the comment; an agent that is asked to try the model
    reads all of it, and may obey.

    ## What to do
    Remove the text. Do not let an agent with tools read the card.

    ## What it cannot see
    Orders in plain sight, in images and in other languages.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("BKD046"),
        slug="card-instructs-agents",
        stage=Stage.BACKDOORS,
        severity=Severity.MEDIUM,
        confidence=Confidence.MEDIUM,
        refs=(
            "CWE-451",
            "ATLAS:AML.T0051",
            "OWASP-LLM:2025-LLM01",
        ),
        since="0.1",
    )
    reads: ClassVar[type[TextView]] = TextView

    def inspect(self, view: TextView) -> Iterator[Finding]:
        """Report each hidden text that gives orders."""
        if not _WORDS.held(view.text):
            return
        places = Places(view.text)
        for found in islice(_HIDDEN.finditer(view.text), MOST):
            words = found[0]
            if _ORDER.search(words) and (_WHO.search(words) or _IGNORE.search(words)):
                yield self.finding(
                    Span(
                        start=view.base + places.byte(found.start()),
                        line=places.line(found.start()),
                    ),
                    f"hides orders: {' '.join(words.split())[:120]!r}",
                )
