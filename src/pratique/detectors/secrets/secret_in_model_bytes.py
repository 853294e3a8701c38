"""SEC006 secret-in-model-bytes."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.views import ByteText
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Span, Stage
from pratique.detectors.base import Detector
from pratique.patterns.secrets import addresses, private_keys, tokens, web_tokens

FINDERS = (tokens, private_keys, web_tokens, addresses)


class SecretInModelBytes(Detector[ByteText]):
    """A model's own bytes contain a token, a private key or an address with its password.

    ## What it looks for
    What SEC001 to SEC004 look for in texts, in files that are no text: strings in pickles, metadata
    of GGUF, safetensors and ONNX, attributes of HDF5, constants of compiled Python, bytes that no
    format accounts for.

    ## Why it matters
    A training job writes its settings, addresses and environment into the checkpoint. Whoever
    downloads the model has them, though no editor shows them.

    ## What to do
    Revoke the credential first. Then write the model anew without it, as safetensors for example,
    and look at what else the job's settings hold.

    ## What it cannot see
    Credentials between the numbers of a tensor, compressed or encrypted ones, and texts of two
    bytes a character.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("SEC006"),
        slug="secret-in-model-bytes",
        stage=Stage.SECRETS,
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        refs=("CWE-798", "CWE-312", "ATLAS:AML.T0055", "OWASP-LLM:2025-LLM02"),
        since="0.1",
    )
    reads: ClassVar[type[ByteText]] = ByteText

    def inspect(self, view: ByteText) -> Iterator[Finding]:
        """Report each one by kind and place, never in full."""
        seen: set[tuple[str, str]] = set()
        for base, text in view.runs:
            for secret in (one for find in FINDERS for one in find(text)):
                if (secret.kind, secret.shown) not in seen:
                    seen.add((secret.kind, secret.shown))
                    start = base + secret.start
                    yield self.finding(
                        Span(start=start, end=start + secret.end - secret.start),
                        f"bytes from {start} hold a {secret.kind}",
                        severity=Severity.HIGH if secret.sure else Severity.MEDIUM,
                        confidence=Confidence(secret.sure),
                        shown=secret.shown,
                    )
