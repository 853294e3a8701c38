"""VUL102 lightgbm-array-size-lie."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.views import Repository
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Stage
from pratique.detectors.base import Detector
from pratique.detectors.vulnerabilities.telling import rows, tell, told


class LightgbmArraySizeLie(Detector[Repository]):
    """A LightGBM model's arrays do not fit its own counts.

    ## What it looks for
    Text models whose trees have more or fewer entries than `num_leaves` and `num_cat` say, children
    outside of the tree, and `tree_sizes` that differ from the trees.

    ## Why it matters
    LightGBM allocates by the counts and reads by the arrays: a model that contradicts itself
    overwrites memory. Covers CVE-2024-43598, whose record names no field: this is the condition
    that model text can meet.

    ## What to do
    Do not load the file with the versions named. Ask the publisher for an intact copy.

    ## What it cannot see
    Whether a version that is not named checks the sizes.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("VUL102"),
        slug="lightgbm-array-size-lie",
        stage=Stage.VULNERABILITIES,
        severity=Severity.HIGH,
        confidence=Confidence.MEDIUM,
        refs=(
            "CWE-787",
            "CWE-1284",
            "ATLAS:AML.T0010",
            "ATLAS:AML.T0018.002",
            "OWASP-LLM:2025-LLM03",
        ),
        since="0.1",
    )
    reads: ClassVar[type[Repository]] = Repository

    def inspect(self, view: Repository) -> Iterator[Finding]:
        """Report the first contradiction of each model, with the loaders that it hits."""
        for at, model in told(view, "lightgbm"):
            for sort, says, _ in rows(model, "flaws", 3):
                if sort in {"length", "index"}:
                    yield tell(type(self), view, at, str(says))
                    break
