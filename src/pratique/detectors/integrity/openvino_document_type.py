"""INT150 openvino-document-type."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.openvino import OpenvinoModel
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Span, Stage
from pratique.detectors.base import Detector


class OpenvinoDocumentType(Detector[OpenvinoModel]):
    """An OpenVINO model declares a document type, and with it entities.

    ## What it looks for
    `<!DOCTYPE` in the XML of a model, whatever it declares.

    ## Why it matters
    The format has no document type. A declaration makes XML parsers read files of the host or
    addresses of the network (XXE), or write one text out a billion times, in every tool that looks
    at the model with an ordinary parser.

    ## What to do
    Do not open the file with anything. No exporter writes such a declaration.

    ## What it cannot see
    What the entities would have said: nothing of them is followed.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("INT150"),
        slug="openvino-document-type",
        stage=Stage.INTEGRITY,
        severity=Severity.CRITICAL,
        confidence=Confidence.HIGH,
        refs=("CWE-611", "CWE-776", "ATLAS:AML.T0018.002", "OWASP-LLM:2025-LLM03"),
        since="0.1",
    )
    reads: ClassVar[type[OpenvinoModel]] = OpenvinoModel

    def inspect(self, view: OpenvinoModel) -> Iterator[Finding]:
        """Report the declaration."""
        for problem in view.problems:
            if problem.kind == "doctype":
                yield self.finding(Span(start=problem.at), f"the model {problem.says}")
