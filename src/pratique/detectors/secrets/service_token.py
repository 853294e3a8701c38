"""SEC001 service-token."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.readers.decoding import Places
from pratique.artifacts.views import TextView
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Span, Stage
from pratique.detectors.base import Detector
from pratique.patterns.secrets import tokens


class ServiceToken(Detector[TextView]):
    """A file contains an access token of a service.

    ## What it looks for
    Tokens with a known prefix and length: AWS, GitHub, GitLab, Hugging Face, OpenAI, Anthropic,
    Google, Slack, Stripe, SendGrid, npm, PyPI and others. Checksums are verified where the format
    has one; words that documentation uses as placeholders are left out.

    ## Why it matters
    A token in a published model is known to everybody who downloads it. It also tells that the
    publisher's own account may have been used by others to change the model.

    ## What to do
    Tell the publisher to revoke the token. If it is yours, revoke it now; removing the file is not
    enough.

    ## What it cannot see
    Tokens without a recognisable shape, encrypted ones, and tokens cut into pieces.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("SEC001"),
        slug="service-token",
        stage=Stage.SECRETS,
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        refs=("CWE-798", "CWE-312", "ATLAS:AML.T0055", "OWASP-LLM:2025-LLM02"),
        since="0.1",
        version=3,
    )
    reads: ClassVar[type[TextView]] = TextView

    def inspect(self, view: TextView) -> Iterator[Finding]:
        """Report each one by kind and place, never in full."""
        places = Places(view.text)
        for secret in tokens(view.text):
            line = places.line(secret.start)
            start = view.base + places.byte(secret.start)
            yield self.finding(
                Span(start=start, end=start + secret.end - secret.start, line=line),
                f"line {line} holds a {secret.kind}",
                confidence=Confidence(secret.sure),
                shown=secret.shown,
            )
