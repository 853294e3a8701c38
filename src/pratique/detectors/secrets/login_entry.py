"""SEC007 login-entry."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.readers.decoding import Places
from pratique.artifacts.views import TextView
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Span, Stage
from pratique.detectors.base import Detector
from pratique.patterns.credentials import entries


class LoginEntry(Detector[TextView]):
    """A file by which programs log in came along with the model.

    ## What it looks for
    Entries of `.netrc`, `.npmrc`, `.pypirc`, container registries, Kaggle and AWS credentials,
    shared access signatures of Azure, bot tokens of Telegram and PuTTY's private keys; as medium,
    values that look random after names such as `DB_PASSWORD` or `api_key`. Placeholders are left
    out.

    ## Why it matters
    A folder that was published whole takes its owner's logins along. Whoever has them can change
    what the publisher publishes next.

    ## What to do
    Tell the publisher to replace the login. If it is yours, replace it now; removing the file is
    not enough.

    ## What it cannot see
    Passwords that look like words, and names that tell nothing.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("SEC007"),
        slug="login-entry",
        stage=Stage.SECRETS,
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        refs=("CWE-256", "CWE-798", "ATLAS:AML.T0055", "OWASP-LLM:2025-LLM02"),
        since="0.1",
    )
    reads: ClassVar[type[TextView]] = TextView

    def inspect(self, view: TextView) -> Iterator[Finding]:
        """Report each one by kind and place, never in full."""
        places = Places(view.text)
        for secret in entries(view.text):
            line = places.line(secret.start)
            start = view.base + places.byte(secret.start)
            yield self.finding(
                Span(start=start, end=start + secret.end - secret.start, line=line),
                f"line {line} holds a {secret.kind}",
                severity=Severity.HIGH if secret.sure > 1 else Severity.MEDIUM,
                confidence=Confidence(secret.sure),
                shown=secret.shown,
            )
