"""BKD006 template-content-gate."""

import re
from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.readers.template_tree import parse_template, spot
from pratique.artifacts.views import TemplateView
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Stage
from pratique.detectors.base import Detector

_WORDS = re.compile(r"[^\W\d_]{2,}\W+[^\W\d_]{2,}\W+[^\W\d_]{2,}")
"""Three words in a row: an instruction, not a marker."""
_MARKER = re.compile(
    r"\s*(?:[<\[{(|#`/*]\S*|\S*[>\]}|:]|\W+|text|image\w*|video|audio|function|tool\w*|json|system"
    r"|thinking|Thought:|Action\w*:|Observation:)\s*"
)


def _is_marker(phrase: str, what: str) -> bool:
    return what == "content" and _MARKER.fullmatch(phrase) is not None


class TemplateContentGate(Detector[TemplateView]):
    """A chat template behaves differently when a message holds certain words.

    ## What it looks for
    Conditions that compare the content of a message, or today's date, with a constant phrase.
    Markers of chat formats (`<think>`, `[TOOL_CALLS]`, `/no_think`, code fences) are left out. The
    finding shows what the branch then writes.

    ## Why it matters
    This is a backdoor that needs no training: the template waits for a trigger phrase and then adds
    its own instructions to the prompt, invisibly to the user and to the operator. Scans of the
    weights find nothing.

    ## What to do
    Read the branch. If it does not belong to the documented chat format of the model, use the
    template of the base model.

    ## What it cannot see
    Triggers that are compared letter by letter or by length, and gates on fields other than
    content, text and dates.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("BKD006"),
        slug="template-content-gate",
        stage=Stage.BACKDOORS,
        severity=Severity.MEDIUM,
        confidence=Confidence.MEDIUM,
        refs=(
            "CWE-506",
            "CWE-511",
            "ATLAS:AML.T0018.003",
            "ATLAS:AML.T0051",
            "OWASP-LLM:2025-LLM04",
        ),
        since="0.1",
    )
    reads: ClassVar[type[TemplateView]] = TemplateView

    def inspect(self, view: TemplateView) -> Iterator[Finding]:
        """Report each phrase that a branch waits for."""
        seen: set[str] = set()
        gates = [use for use in parse_template(view.source).uses if use.kind == "gate"]
        # of several branches that wait for one phrase, the one that writes words counts
        gates.sort(key=lambda use: _WORDS.search(use.detail.partition(":")[2]) is None)
        for use in gates:
            what, _, written = use.detail.partition(":")
            if use.what in seen or _is_marker(use.what, what):
                continue
            seen.add(use.what)
            yield self.finding(
                spot(view, use.line),
                f"line {use.line} of the template waits for {use.what[:60]!r} in the {what}",
                severity=None if _WORDS.search(written) else Severity.LOW,
                origin=view.origin,
                phrase=use.what,
                writes=written,
            )
