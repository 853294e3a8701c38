"""BKD020 auto-map-local-code."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.views import Repository
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Span, Stage
from pratique.detectors.backdoors.configured_code import auto_map, documents, posix
from pratique.detectors.base import Detector


class AutoMapLocalCode(Detector[Repository]):
    """A model's configuration makes loaders run Python of the repository.

    ## What it looks for
    Entries of `auto_map` in any configuration that name a class in a file of the same repository.

    ## Why it matters
    With `trust_remote_code=True` loaders import that file: the model is a program with the rights
    of whoever loads it. Many honest models need this, so the finding asks for a review of the code,
    not for a rejection; what the code does is the subject of the rules on Python source.

    ## What to do
    Review the named files, pin the revision by digest, and prefer an architecture that the library
    brings itself. If the file is missing, the loader will fetch it from elsewhere: reject.

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
        """Report each local module once, with where it is named."""
        for file, document in documents(view):
            folder = file.path.rpartition("/")[0]
            seen: set[str] = set()
            for target in auto_map(document):
                module = target.rpartition(".")[0]
                if "--" in target or module in seen:
                    continue
                seen.add(module)
                path = posix(folder, module)
                there = view.named(path) is not None
                says = f"auto_map makes loaders run {path}" + (
                    "" if there else ", which is missing"
                )
                yield self.finding(
                    Span(chain=(file.path,)),
                    says,
                    severity=None if there else Severity.HIGH,
                    target=target,
                )
