"""INT151 openvino-weights-lie."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.openvino import OpenvinoModel
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Span, Stage
from pratique.detectors.base import Detector

MAX_TOLD = 10


class OpenvinoWeightsLie(Detector[OpenvinoModel]):
    """An OpenVINO model says of its weights what cannot be.

    ## What it looks for
    Constants whose size does not fit their type and shape, whose offset is no number, and which lie
    partly over one another.

    ## Why it matters
    Loaders that trust the numbers read past the end of a buffer. Weights that lie over one another
    are a way to show one tensor to a scanner and another to the network.

    ## What to do
    Ask the publisher for a model as the exporter wrote it.

    ## What it cannot see
    Whether the weights are those that the publisher trained. Constants that end behind the file of
    weights are told by the rule file-malformed of that file.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("INT151"),
        slug="openvino-weights-lie",
        stage=Stage.INTEGRITY,
        severity=Severity.MEDIUM,
        confidence=Confidence.HIGH,
        refs=("CWE-125", "CWE-130", "ATLAS:AML.T0018.002", "OWASP-LLM:2025-LLM03"),
        since="0.1",
    )
    reads: ClassVar[type[OpenvinoModel]] = OpenvinoModel

    def inspect(self, view: OpenvinoModel) -> Iterator[Finding]:
        """Report the first such places."""
        problems = [p for p in view.problems if p.kind in {"place", "size", "overlap"}]
        for problem in problems[:MAX_TOLD]:
            yield self.finding(Span(start=problem.at), f"the constant {problem.says}")
