"""BKD023 sentence-module-custom-code."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.views import Repository
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Span, Stage
from pratique.detectors.backdoors.configured_code import documents
from pratique.detectors.base import Detector


class SentenceModuleCustomCode(Detector[Repository]):
    """A sentence-transformers model names a module class of its own.

    ## What it looks for
    Rows of `modules.json` whose `type` is not a class of sentence-transformers itself.

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
        for file, document in documents(view):
            if not isinstance(document, list):
                continue
            for row in document[:100]:
                kind = str(row.get("type", "")) if isinstance(row, dict) else ""
                if kind and not kind.startswith("sentence_transformers."):
                    yield self.finding(
                        Span(chain=(file.path,)),
                        f"modules.json makes loaders import {kind[:120]!r}",
                        target=kind,
                    )
