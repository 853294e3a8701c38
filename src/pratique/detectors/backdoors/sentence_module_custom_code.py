"""BKD023 sentence-module-custom-code."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.views import Repository
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Stage
from pratique.detectors.base import Detector
from pratique.detectors.code_graph import Graph
from pratique.detectors.configured_entries import entries, span
from pratique.detectors.quiet_code import Weigher


class SentenceModuleCustomCode(Detector[Repository]):
    """A sentence-transformers model names a module class of its own.

    ## What it looks for
    Rows of `modules.json` whose `type` is not a class of sentence-transformers itself. Low where
    the class is in the repository, and its code was read whole and only computes.

    ## Why it matters
    The library imports the named class when the model is loaded: from the repository with
    `trust_remote_code=True`, or from any installed package without asking. A class of a harmful
    side effect is enough.

    ## What to do
    Review the class that is named. Replace it by one of sentence-transformers if there is one.

    ## What it cannot see
    What an installed package of that name would do.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("BKD023"),
        slug="sentence-module-custom-code",
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
        """Report each module that the library does not bring itself."""
        weigher = Weigher(Graph(view))
        for entry in entries(view):
            if entry.key != "type":
                continue
            severity, why = (None, "") if entry.foreign else weigher.weigh(entry)
            yield self.finding(
                span(entry.by),
                f"modules.json makes loaders import {entry.target[:120]!r}{why and ', '}{why}",
                severity=severity,
                target=entry.target,
            )
