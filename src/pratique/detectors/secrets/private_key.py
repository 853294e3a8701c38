"""SEC002 private-key."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.readers.decoding import Places
from pratique.artifacts.views import TextView
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Span, Stage
from pratique.detectors.base import Detector
from pratique.patterns.secrets import private_keys


class PrivateKey(Detector[TextView]):
    """A file contains a private key.

    ## What it looks for
    PEM blocks of private keys whose body decodes to a key structure, in plain text or inside JSON
    strings. Keys under a passphrase are reported with less confidence.

    ## Why it matters
    Whoever downloads the model has the key: for logging in, for signing, for reading what was
    encrypted to it.

    ## What to do
    Tell the publisher to replace the key everywhere. If it is yours, replace it now.

    ## What it cannot see
    Keys in binary form, and keys inside other archives than those that are opened.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("SEC002"),
        slug="private-key",
        stage=Stage.SECRETS,
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        refs=("CWE-321", "CWE-312", "ATLAS:AML.T0055", "OWASP-LLM:2025-LLM02"),
        since="0.1",
        version=3,
    )
    reads: ClassVar[type[TextView]] = TextView

    def inspect(self, view: TextView) -> Iterator[Finding]:
        """Report each one by kind and place, never in full."""
        places = Places(view.text)
        for secret in private_keys(view.text):
            line = places.line(secret.start)
            start = view.base + places.byte(secret.start)
            yield self.finding(
                Span(start=start, end=start + secret.end - secret.start, line=line),
                f"line {line} holds a {secret.kind}",
                confidence=Confidence(secret.sure),
                shown=secret.shown,
            )
