"""BKD004 template-assembled-name."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.readers.template_tree import parse_template, spot
from pratique.artifacts.views import TemplateView
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Stage
from pratique.detectors.base import Detector


class TemplateAssembledName(Detector[TemplateView]):
    """A chat template puts the name of an attribute together at run time.

    ## What it looks for
    The `attr` filter, or an attribute argument of `map`, `selectattr` and the like, with a name
    that is computed; and subscripts whose key is joined, formatted or concatenated.

    ## Why it matters
    Whoever writes a chat template knows the fields of a message. Assembling their names has one
    use: to keep a scanner from seeing which attribute is read.

    ## What to do
    Treat the template as hostile until somebody has read it. Replace it by the template of the base
    model.

    ## What it cannot see
    Plain variables as subscripts, `message[key]`, which honest templates use in loops.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("BKD004"),
        slug="template-assembled-name",
        stage=Stage.BACKDOORS,
        severity=Severity.HIGH,
        confidence=Confidence.MEDIUM,
        refs=("CWE-1336", "CWE-94", "ATLAS:AML.T0018.002", "OWASP-LLM:2025-LLM03"),
        since="0.1",
    )
    reads: ClassVar[type[TemplateView]] = TemplateView

    def inspect(self, view: TemplateView) -> Iterator[Finding]:
        """Report names that cannot be worked out, and folded ones that need not have been built."""
        for use in parse_template(view.source).uses:
            if use.kind != "attribute" or not use.built:
                continue
            if use.what and not use.what.startswith("_"):
                continue
            where = use.detail or "a subscript"
            yield self.finding(
                spot(view, use.line),
                f"line {use.line} of the template assembles the name that {where} reads",
                origin=view.origin,
                name=use.what,
            )
