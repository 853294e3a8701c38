"""VUL059 manifest-digest-escape."""

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import ClassVar

from pratique.artifacts.views import Repository
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Stage
from pratique.detectors.base import Detector
from pratique.detectors.vulnerabilities.documents import documents
from pratique.detectors.vulnerabilities.telling import MOST, tell

_DIGEST = re.compile(r"sha256[:-][0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128}")


class ManifestDigestEscape(Detector[Repository]):
    """A manifest names a blob by something that is no digest.

    ## What it looks for
    JSON manifests of OCI images and of Ollama whose layers or configuration have a `digest` with
    a path in it, or that is not an algorithm with as many hexadecimal digits as it has.

    ## Why it matters
    Ollama made a path of the digest as it stood: blobs were read and written anywhere on the
    host. Covers CVE-2024-37032 and CVE-2026-7020.

    ## What to do
    Do not pull or serve the model from this registry.

    ## What it cannot see
    Whether a registry sends the same manifest again.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("VUL059"),
        slug="manifest-digest-escape",
        stage=Stage.VULNERABILITIES,
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        refs=("CWE-22", "CWE-20", "ATLAS:AML.T0010", "ATLAS:AML.T0018.002", "OWASP-LLM:2025-LLM03"),
        since="0.1",
    )
    reads: ClassVar[type[Repository]] = Repository

    def inspect(self, view: Repository) -> Iterator[Finding]:
        """Report each such digest, with the loaders that it hits."""
        for at, document in documents(view):
            if isinstance(document, dict) and "schemaVersion" in document:
                odd = (value for value in _digests(document) if not _DIGEST.fullmatch(value))
                for value in islice(dict.fromkeys(odd), MOST):
                    says = f"a layer's digest is {value[:120]!r}"
                    yield tell(type(self), view, at, says)


def _digests(document: Mapping[str, object]) -> Iterator[str]:
    layers = document.get("layers")
    parts = [*layers[:10_000]] if isinstance(layers, list) else []
    for part in [document.get("config"), *parts]:
        value = part.get("digest") if isinstance(part, dict) else None
        if isinstance(value, str):
            yield value
