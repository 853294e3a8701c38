"""SEC003 address-with-password."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.readers.decoding import Places
from pratique.artifacts.views import TextView
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Span, Stage
from pratique.detectors.base import Detector
from pratique.patterns.secrets import addresses


class AddressWithPassword(Detector[TextView]):
    """An address in a file carries a password.

    ## What it looks for
    Addresses of the form `scheme://user:password@host` with a password that is no placeholder and a
    host that is no example. A host without a domain is of severity low: nobody else reaches it.

    ## Why it matters
    Databases, brokers and registries can be entered with what stands in the file.

    ## What to do
    Tell the publisher to change the password. If it is yours, change it now.

    ## What it cannot see
    Passwords that look like placeholders, and addresses put together at run time.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("SEC003"),
        slug="address-with-password",
        stage=Stage.SECRETS,
        severity=Severity.HIGH,
        confidence=Confidence.MEDIUM,
        refs=("CWE-798", "CWE-312", "ATLAS:AML.T0055", "OWASP-LLM:2025-LLM02"),
        since="0.1",
    )
    reads: ClassVar[type[TextView]] = TextView

    def inspect(self, view: TextView) -> Iterator[Finding]:
        """Report each one by kind and place, never in full."""
        places = Places(view.text)
        for secret in addresses(view.text):
            line = places.line(secret.start)
            start = view.base + places.byte(secret.start)
            yield self.finding(
                Span(start=start, end=start + secret.end - secret.start, line=line),
                f"line {line} holds a {secret.kind}",
                severity=None if secret.sure else Severity.LOW,
                confidence=Confidence(secret.sure),
                shown=secret.shown,
            )
