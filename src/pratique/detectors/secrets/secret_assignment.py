"""SEC005 secret-assignment."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.readers.decoding import Places
from pratique.artifacts.views import TextView
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Span, Stage
from pratique.detectors.base import Detector
from pratique.patterns.credentials import entries
from pratique.patterns.named_keys import named_keys
from pratique.patterns.secrets import assignments


class SecretAssignment(Detector[TextView]):
    """A value that looks random is assigned to a name that says secret.

    ## What it looks for
    Quoted values of at least twenty characters and high entropy, assigned to names such as
    `password`, `api_key` or `auth_token`. Where the name says whose key it is
    (`TOGETHER_API_KEY`), also without quotes, and medium.

    ## Why it matters
    It may be a working credential of a service that has no recognisable token format.

    ## What to do
    Ask the publisher what it is; have it revoked if it is real.

    ## What it cannot see
    Short passwords, and secrets under innocent names.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("SEC005"),
        slug="secret-assignment",
        stage=Stage.SECRETS,
        severity=Severity.LOW,
        confidence=Confidence.LOW,
        refs=("CWE-798", "CWE-312", "ATLAS:AML.T0055", "OWASP-LLM:2025-LLM02"),
        since="0.1",
        version=2,
    )
    reads: ClassVar[type[TextView]] = TextView

    def inspect(self, view: TextView) -> Iterator[Finding]:
        """Report each one by kind and place, never in full."""
        places = Places(view.text)
        named = {one.start: one for one in named_keys(view.text)}
        for other in entries(view.text) if named else ():  # login-entry tells them
            named.pop(other.start, None)
        rest = [one for one in assignments(view.text) if one.start not in named]
        for secret in (*named.values(), *rest):
            line = places.line(secret.start)
            start = view.base + places.byte(secret.start)
            yield self.finding(
                Span(start=start, end=start + secret.end - secret.start, line=line),
                f"line {line} holds a {secret.kind}",
                severity=Severity.MEDIUM if secret.sure else Severity.LOW,
                confidence=Confidence(secret.sure),
                shown=secret.shown,
            )
