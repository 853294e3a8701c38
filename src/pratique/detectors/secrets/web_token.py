"""SEC004 web-token."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.readers.decoding import Places
from pratique.artifacts.views import TextView
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Span, Stage
from pratique.detectors.base import Detector
from pratique.patterns.secrets import web_tokens


class WebToken(Detector[TextView]):
    """A file contains a signed web token.

    ## What it looks for
    JSON web tokens whose header and payload decode to objects. The specimen of the standard's web
    site is left out.

    ## Why it matters
    Until it expires, the token is as good as the login it stands for.

    ## What to do
    Look when it expires, and have it revoked.

    ## What it cannot see
    Opaque session tokens, and whether the service still accepts this one.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("SEC004"),
        slug="web-token",
        stage=Stage.SECRETS,
        severity=Severity.MEDIUM,
        confidence=Confidence.MEDIUM,
        refs=("CWE-798", "CWE-312", "ATLAS:AML.T0055", "OWASP-LLM:2025-LLM02"),
        since="0.1",
    )
    reads: ClassVar[type[TextView]] = TextView

    def inspect(self, view: TextView) -> Iterator[Finding]:
        """Report each one by kind and place, never in full."""
        places = Places(view.text)
        for secret in web_tokens(view.text):
            line = places.line(secret.start)
            start = view.base + places.byte(secret.start)
            yield self.finding(
                Span(start=start, end=start + secret.end - secret.start, line=line),
                f"line {line} holds a {secret.kind}",
                confidence=Confidence(secret.sure),
                shown=secret.shown,
            )
