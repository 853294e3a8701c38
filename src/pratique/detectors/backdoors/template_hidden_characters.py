"""BKD008 template-hidden-characters."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.readers.decoding import Places
from pratique.artifacts.readers.template_tree import spot
from pratique.artifacts.views import TemplateView
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Stage
from pratique.detectors.base import Detector
from pratique.patterns.hidden_characters import hidden


class TemplateHiddenCharacters(Detector[TemplateView]):
    """A chat template contains characters that nobody sees.

    ## What it looks for
    Unicode tag characters, runs of variation selectors, controls that reverse the display order,
    and zero-width characters, anywhere in the template.

    ## Why it matters
    A model reads these characters as well as any other; people and diffs do not show them. They
    carry instructions past review.

    ## What to do
    Show the template with all characters escaped, and remove them. Ask the publisher how they came
    in.

    ## What it cannot see
    Letters of other alphabets that look like Latin ones.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("BKD008"),
        slug="template-hidden-characters",
        stage=Stage.BACKDOORS,
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        refs=(
            "CWE-451",
            "CWE-1007",
            "ATLAS:AML.T0018.003",
            "ATLAS:AML.T0051",
            "OWASP-LLM:2025-LLM01",
        ),
        since="0.1",
    )
    reads: ClassVar[type[TemplateView]] = TemplateView

    def inspect(self, view: TemplateView) -> Iterator[Finding]:
        """Report each run of hidden characters."""
        places = Places(view.source)
        for run in hidden(view.source):
            line = places.line(run.start)
            says = f", which spell {run.says[:60]!r}" if run.says else ""
            yield self.finding(
                spot(view, line),
                f"line {line} of the template hides {run.end - run.start} {run.kind}"
                f" characters{says}",
                severity=Severity.MEDIUM if run.kind == "zero-width" else None,
                origin=view.origin,
            )
