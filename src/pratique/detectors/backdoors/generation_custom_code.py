"""BKD024 generation-custom-code."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.views import Repository
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Span, Stage
from pratique.detectors.backdoors.configured_code import documents
from pratique.detectors.base import Detector
from pratique.detectors.code_graph import Graph
from pratique.detectors.configured_entries import entries, span
from pratique.detectors.quiet_code import Weigher


class GenerationCustomCode(Detector[Repository]):
    """The repository brings its own code for generating text.

    ## What it looks for
    A file `custom_generate/generate.py`, or `custom_generate` in a configuration. Low where the
    file and all that it imports was read whole and only computes.

    ## Why it matters
    transformers imports it when `generate` is called with `custom_generate` and
    `trust_remote_code=True`: code in the middle of serving, where it sees every prompt and every
    answer.

    ## What to do
    Review the file, and serve without `custom_generate`.

    ## What it cannot see
    Generation code that a server loads from elsewhere.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("BKD024"),
        slug="generation-custom-code",
        stage=Stage.BACKDOORS,
        severity=Severity.MEDIUM,
        confidence=Confidence.HIGH,
        refs=(
            "CWE-829",
            "CWE-94",
            "ATLAS:AML.T0010",
            "ATLAS:AML.T0018.002",
            "OWASP-LLM:2025-LLM03",
        ),
        since="0.1",
    )
    reads: ClassVar[type[Repository]] = Repository

    def inspect(self, view: Repository) -> Iterator[Finding]:
        """Report the file, and configurations that ask for one."""
        weigher = Weigher(Graph(view))
        for entry in entries(view):
            if entry.target == "custom_generate/generate.py":
                severity, why = weigher.weigh(entry)
                yield self.finding(
                    span(entry.by),
                    f"brings code that runs inside generate(), {why}",
                    severity=severity,
                )
        for file, document in documents(view):
            asked = document.get("custom_generate") if isinstance(document, dict) else None
            if asked:
                says = f"custom_generate asks for {str(asked)[:100]!r}"
                yield self.finding(Span(chain=(file.path,)), says, target=str(asked))
