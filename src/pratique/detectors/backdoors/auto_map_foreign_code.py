"""BKD021 auto-map-foreign-code."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.views import Repository
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Span, Stage
from pratique.detectors.backdoors.configured_code import documents
from pratique.detectors.base import Detector
from pratique.detectors.configured_entries import auto_map


class AutoMapForeignCode(Detector[Repository]):
    """A model's configuration makes loaders run Python of another repository.

    ## What it looks for
    Entries of `auto_map` of the form `owner/repository--module.Class`, at any depth of any JSON
    configuration.

    ## Why it matters
    The code that runs is not part of what was scanned, is not covered by any digest of this model,
    and can be replaced at any time by whoever owns the other repository. Well-known embedding
    models share their code this way, so the finding asks for a review; where nested entries hit
    loaders that do not ask first, VUL028 says so.

    ## What to do
    Copy the code into the repository at a reviewed revision and correct `auto_map`, or choose
    another model.

    ## What it cannot see
    What the other repository contains.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("BKD021"),
        slug="auto-map-foreign-code",
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
        """Report each foreign repository that is named."""
        for file, document in documents(view):
            for target in dict.fromkeys(target for _, target in auto_map(document)):
                if "--" in target:
                    yield self.finding(
                        Span(chain=(file.path,)),
                        f"auto_map makes loaders fetch and run {target[:120]!r}",
                        target=target,
                    )
