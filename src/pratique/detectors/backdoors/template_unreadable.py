"""BKD009 template-unreadable."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.readers.template_tree import parse_template, spot
from pratique.artifacts.views import TemplateView
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Stage
from pratique.detectors.base import Detector


class TemplateUnreadable(Detector[TemplateView]):
    """A chat template cannot be parsed, so nobody knows what it does.

    ## What it looks for
    Templates that are no valid Jinja, are nested too deep, are longer than half a mebibyte, or do
    more things than a reviewer could follow.

    ## Why it matters
    Loaders differ in what they accept. A template that this parser refuses and another one renders
    has been checked by no rule at all.

    ## What to do
    Use the template of the base model, or ask the publisher for one that plain Jinja with the
    extensions of transformers accepts.

    ## What it cannot see
    Whether some loader accepts the template nevertheless.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("BKD009"),
        slug="template-unreadable",
        stage=Stage.BACKDOORS,
        severity=Severity.MEDIUM,
        confidence=Confidence.HIGH,
        refs=("CWE-1286", "CWE-506", "ATLAS:AML.T0018.003"),
        since="0.1",
    )
    reads: ClassVar[type[TemplateView]] = TemplateView

    def inspect(self, view: TemplateView) -> Iterator[Finding]:
        """Report a template whose reading ended early."""
        template = parse_template(view.source)
        if template.broke:
            yield self.finding(
                spot(view, template.line), f"the template {template.broke}", origin=view.origin
            )
