"""VUL026 keras-vocabulary-from-path."""

from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar

from pratique.artifacts.views import Repository
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Stage
from pratique.detectors.base import Detector
from pratique.detectors.vulnerabilities.documents import keras_nodes
from pratique.detectors.vulnerabilities.loaders import hit
from pratique.patterns.paths import disguised_way_out, way_out

_LOOKUPS = frozenset({"StringLookup", "IntegerLookup", "TextVectorization"})


class KerasVocabularyFromPath(Detector[Repository]):
    """A Keras model reads its vocabulary from a path or an address of its own.

    ## What it looks for
    A `StringLookup`, `IntegerLookup` or `TextVectorization` layer whose `vocabulary` is a text
    instead of a list. The plain name of a file, as training scripts leave it, is medium.

    ## Why it matters
    While the model is loaded Keras reads that file or asks that address, and what it reads
    becomes part of the model: files of the host leak with it. Covers CVE-2025-12058
    (PYSEC-2026-1487).

    ## What to do
    Ask for a model that carries its vocabulary; load with Keras 3.12.0 or later.

    ## What it cannot see
    Vocabularies that the model carries as assets: those are its own.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("VUL026"),
        slug="keras-vocabulary-from-path",
        stage=Stage.VULNERABILITIES,
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        refs=(
            "CWE-73",
            "CWE-918",
            "ATLAS:AML.T0010",
            "ATLAS:AML.T0018.002",
            "OWASP-LLM:2025-LLM03",
        ),
        since="0.1",
    )
    reads: ClassVar[type[Repository]] = Repository

    def inspect(self, view: Repository) -> Iterator[Finding]:
        """Report each such entry, with the loaders that it hits."""
        for at, node in keras_nodes(view):
            named, config = node.get("class_name"), node.get("config")
            if not isinstance(named, str) or named.rpartition(">")[2] not in _LOOKUPS:
                continue
            told = config.get("vocabulary") if isinstance(config, dict) else None
            if isinstance(told, str) and told:
                says = f"{named} reads its vocabulary from {told[:120]!r}"
                found = hit(type(self), view, at, says)
                most = Severity.CRITICAL if _leads_out(told) else Severity.MEDIUM
                yield replace(found, severity=min(found.severity, most))


def _leads_out(told: str) -> bool:
    """Tell a place on the host or elsewhere from a name of a file beside the model."""
    hidden = any(part.startswith(".") for part in told.split("/"))
    leaves = way_out(told) or disguised_way_out(told)
    return bool(leaves) or hidden or ":" in told or told.startswith(("~", "$", "%"))
