"""VUL071 tensorflow-boosted-trees."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.views import Repository
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Stage
from pratique.detectors.base import Detector
from pratique.detectors.vulnerabilities.telling import tell, told, words


class TensorflowBoostedTrees(Detector[Repository]):
    """A TensorFlow graph uses the operators for boosted trees.

    ## What it looks for
    Operators whose names begin with `BoostedTrees`, in a graph or in a function.

    ## Why it matters
    They do not check what they are given: a model can read and write memory beside its own.
    Covers CVE-2021-41208. Honest models of TensorFlow's estimators have them, too, so that it is
    low unless the package pins a version that is hit.

    ## What to do
    Run the model with a version that is mended, or ask for one made with another library.

    ## What it cannot see
    Whether the values that the operators are given are sound.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("VUL071"),
        slug="tensorflow-boosted-trees",
        stage=Stage.VULNERABILITIES,
        severity=Severity.HIGH,
        confidence=Confidence.MEDIUM,
        refs=("CWE-476", "CWE-824", "ATLAS:AML.T0010", "ATLAS:AML.T0029", "OWASP-LLM:2025-LLM03"),
        since="0.1",
    )
    reads: ClassVar[type[Repository]] = Repository

    def inspect(self, view: Repository) -> Iterator[Finding]:
        """Report the first such operator of each model, with the loaders that it hits."""
        for at, model in told(view, "tensorflow"):
            used = [op for op in words(model, "ops") if op.startswith("BoostedTrees")]
            if used:
                says = f"uses {used[0][:80]} and {len(used) - 1} more operators for boosted trees"
                yield tell(type(self), view, at, says, unless_pinned=Severity.LOW)
