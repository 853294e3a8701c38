"""INT100 tree-structure-lie."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.views import TreeProblems
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Span, Stage
from pratique.detectors.base import Detector


class TreeStructureLie(Detector[TreeProblems]):
    """A model of decision trees contradicts itself.

    ## What it looks for
    Trees of XGBoost and LightGBM whose arrays are shorter or longer than the number of nodes says,
    children that are no node of the tree, features that the model does not have, tree counts and
    sizes that do not add up, settings given twice.

    ## Why it matters
    Loaders allocate by one number and fill or follow by another one: what comes of it is reads and
    writes outside of the model's memory, when it is loaded or when it predicts.

    ## What to do
    Do not load the file. Ask the publisher for an intact copy and compare digests.

    ## What it cannot see
    Trees that are sound and wrong.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("INT100"),
        slug="tree-structure-lie",
        stage=Stage.INTEGRITY,
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        refs=("CWE-129", "CWE-1284", "CWE-787", "ATLAS:AML.T0018.002", "OWASP-LLM:2025-LLM03"),
        since="0.1",
    )
    reads: ClassVar[type[TreeProblems]] = TreeProblems

    def inspect(self, view: TreeProblems) -> Iterator[Finding]:
        """Report each contradiction."""
        for problem in view.problems:
            severity = Severity.MEDIUM if problem.kind == "duplicate" else None
            says = f"{view.source}: {problem.says}"
            yield self.finding(Span(start=problem.at), says, severity=severity)
