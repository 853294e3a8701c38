"""BKD020 auto-map-local-code."""

import re
from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.views import Repository
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Stage
from pratique.detectors.base import Detector
from pratique.detectors.code_graph import Graph
from pratique.detectors.configured_entries import entries, span
from pratique.detectors.quiet_code import Weigher

_ESCAPES = re.compile(r"\.\.|^/|://|\\|^~")


class AutoMapLocalCode(Detector[Repository]):
    """A model's configuration makes loaders run Python of the repository.

    ## What it looks for
    Entries of `auto_map`, at any depth of any JSON configuration, that name a class in a file of
    the same repository. The finding is low where that file and every module that it imports from
    the repository were read whole and make only calls that are known to compute; it is medium where
    the file is missing or anything in the code stays open, and high where the name leaves the
    repository.

    ## Why it matters
    With `trust_remote_code=True` loaders import that file: the model is a program with the rights
    of whoever loads it. Many honest models need this. What the code does is the subject of MAL120
    and of the rules on Python source; whether code of its own is wanted at all is for a policy to
    say, which can ask for a review of this rule at severity low.

    ## What to do
    Review the named files, pin the revision by digest, and prefer an architecture that the library
    brings itself. If the file is missing, ask where the code is to come from.

    ## What it cannot see
    Code that the named file imports from installed packages.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("BKD020"),
        slug="auto-map-local-code",
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
        """Report each local module once per configuration, with where it is named."""
        weigher = Weigher(Graph(view))
        seen: set[tuple[str, str]] = set()
        for entry in entries(view):
            module = entry.target.rpartition(".")[0]
            if entry.key != "auto_map" or entry.foreign or (entry.by, module) in seen:
                continue
            seen.add((entry.by, module))
            severity, why = weigher.weigh(entry)
            if _ESCAPES.search(entry.target):
                severity, why = Severity.HIGH, "which is outside of the repository"
            path = entry.paths[0] if entry.paths else entry.target
            yield self.finding(
                span(entry.by),
                f"auto_map makes loaders run {path}, {why}",
                severity=severity,
                target=entry.target,
            )
