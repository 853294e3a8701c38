"""BKD002 template-imports-file."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.readers.template_tree import parse_template, spot
from pratique.artifacts.views import TemplateView
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Stage
from pratique.detectors.base import Detector


class TemplateImportsFile(Detector[TemplateView]):
    """A chat template imports, includes or extends another template.

    ## What it looks for
    The statements `import`, `from ... import`, `include` and `extends`, whatever they name.

    ## Why it matters
    A chat template stands alone: loaders render it from one string, without a folder of templates.
    A statement that asks for another file either fails or reads what the loader's environment
    happens to offer, which the review of this template never saw.

    ## What to do
    Ask the publisher why, and compare with the template of the base model. Inline what is needed,
    or use the base model's template.

    ## What it cannot see
    Templates that a loader joins by itself before rendering.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("BKD002"),
        slug="template-imports-file",
        stage=Stage.BACKDOORS,
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        refs=("CWE-829", "CWE-1336", "ATLAS:AML.T0018.002", "OWASP-LLM:2025-LLM03"),
        since="0.1",
    )
    reads: ClassVar[type[TemplateView]] = TemplateView

    def inspect(self, view: TemplateView) -> Iterator[Finding]:
        """Report each statement that asks for another template."""
        for use in parse_template(view.source).uses:
            if use.kind == "import":
                target = repr(use.what[:80]) if use.what else "a name made at run time"
                yield self.finding(
                    spot(view, use.line),
                    f"line {use.line} of the template has {use.detail} of {target}",
                    origin=view.origin,
                )
