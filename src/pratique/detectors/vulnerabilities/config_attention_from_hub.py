"""VUL020 config-attention-from-hub."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.views import Repository
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Stage
from pratique.detectors.base import Detector
from pratique.detectors.vulnerabilities.documents import documents, nodes
from pratique.detectors.vulnerabilities.telling import tell

_KEYS = ("_attn_implementation_internal", "_attn_implementation", "attn_implementation")


class ConfigAttentionFromHub(Detector[Repository]):
    """A configuration has the loader fetch its attention code from a hub repository.

    ## What it looks for
    `_attn_implementation_internal`, `_attn_implementation` or `attn_implementation` at any
    depth of a JSON configuration, with a value that contains a slash, as the names of
    repositories do.

    ## Why it matters
    Older versions of transformers fetch and run code from the repository that is named there,
    without `trust_remote_code` and without a word. Covers CVE-2026-4372 (PYSEC-2026-2289).

    ## What to do
    Remove the field, and load the model with transformers 5.3.0 or later.

    ## What it cannot see
    Implementations that are chosen where the model is loaded.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("VUL020"),
        slug="config-attention-from-hub",
        stage=Stage.VULNERABILITIES,
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        refs=(
            "CWE-829",
            "CWE-502",
            "ATLAS:AML.T0010",
            "ATLAS:AML.T0018.002",
            "OWASP-LLM:2025-LLM03",
        ),
        since="0.1",
    )
    reads: ClassVar[type[Repository]] = Repository

    def inspect(self, view: Repository) -> Iterator[Finding]:
        """Report each such entry, with the loaders that it hits."""
        for at, document in documents(view):
            for _, node in nodes(document):
                for key in _KEYS:
                    value = node.get(key)
                    if isinstance(value, str) and "/" in value:
                        yield tell(
                            type(self), view, at, f"{key} names the repository {value[:120]!r}"
                        )
