"""BKD005 template-attack-loop."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.readers.template_tree import parse_template, spot
from pratique.artifacts.views import TemplateView
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Stage
from pratique.detectors.base import Detector

MOST = 100_000
"""Chat templates loop over messages; the largest constant range seen in practice is 100."""


class TemplateAttackLoop(Detector[TemplateView]):
    """A chat template loops or repeats text far beyond any use.

    ## What it looks for
    Loops over a constant `range`, multiplied through the loops around them; texts multiplied by a
    number; powers; and widths given to `center` and `indent`. A product above one hundred thousand
    is reported.

    ## Why it matters
    Rendering happens on the serving process, often under a lock. One request to a model with such a
    template holds a worker or all of its memory: a denial of service that arrives with the model.

    ## What to do
    Use the template of the base model. If the number is honest, ask the publisher to say what it is
    for.

    ## What it cannot see
    Loops over values that only the request brings, and macros that call themselves.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("BKD005"),
        slug="template-attack-loop",
        stage=Stage.BACKDOORS,
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        refs=("CWE-400", "CWE-834", "ATLAS:AML.T0029", "OWASP-LLM:2025-LLM10"),
        since="0.1",
    )
    reads: ClassVar[type[TemplateView]] = TemplateView

    def inspect(self, view: TemplateView) -> Iterator[Finding]:
        """Report each loop or repetition over the bound."""
        for use in parse_template(view.source).uses:
            if use.kind in {"loop", "repeat"} and use.count > MOST:
                shown = use.count if use.count < 1 << 62 else "an unbounded number of"
                yield self.finding(
                    spot(view, use.line),
                    f"line {use.line} of the template makes {shown} steps ({use.what})",
                    origin=view.origin,
                )
