"""INT122 publisher-signature-invalid."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.views import Repository
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Span, Stage
from pratique.detectors.base import Detector


class PublisherSignatureInvalid(Detector[Repository]):
    """The publisher's signature does not hold.

    ## What it looks for
    The outcome of verifying the signature that the caller asked for with --signed-by, over the
    files that were scanned.

    ## Why it matters
    Either the model is not from that publisher, or it was changed after it was signed. Both are
    what a signature exists to show.

    ## What to do
    Do not use the model. Fetch it again from the publisher, check the key or identity that you
    trust, and report the copy.

    ## What it cannot see
    Whether the publisher's key was stolen, and models that nobody asked to have a signature.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("INT122"),
        slug="publisher-signature-invalid",
        stage=Stage.INTEGRITY,
        severity=Severity.CRITICAL,
        confidence=Confidence.HIGH,
        refs=("CWE-347", "CWE-345", "ATLAS:AML.T0010", "OWASP-LLM:2025-LLM03"),
        since="0.1",
    )
    reads: ClassVar[type[Repository]] = Repository

    def inspect(self, view: Repository) -> Iterator[Finding]:
        """Report a signature that was not verified, with the reason."""
        for kind, data in view.said:
            if kind != "publisher-signature" or not isinstance(data, dict):
                continue
            if data.get("verified") is not True:
                by, why = (
                    str(data.get("by", "the publisher")),
                    str(data.get("why", "no reason given")),
                )
                yield self.finding(
                    Span(),
                    f"the signature of {by[:100]} does not hold: {why[:200]}",
                    by=by,
                    why=why,
                )
