"""VUL029 config-activation-by-path."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.views import Repository
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Stage
from pratique.detectors.base import Detector
from pratique.detectors.vulnerabilities.documents import documents, nodes
from pratique.detectors.vulnerabilities.telling import tell

_TORCH = "torch.nn.modules."


class ConfigActivationByPath(Detector[Repository]):
    """A configuration names any importable object as an activation function.

    ## What it looks for
    `sbert_ce_default_activation_function`, or `activation_fn` under `sentence_transformers`,
    with a dotted name that does not begin with `torch.nn.modules.`.

    ## Why it matters
    vLLM imports the object and calls it. What kept other names out was an assertion, and
    assertions are gone under `python -O`. Covers CVE-2026-41523 (PYSEC-2026-2300).

    ## What to do
    Correct the name, and serve the model with vLLM 0.22.0 or later.

    ## What it cannot see
    Activation functions that are chosen by a plain name.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("VUL029"),
        slug="config-activation-by-path",
        stage=Stage.VULNERABILITIES,
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        refs=(
            "CWE-470",
            "CWE-617",
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
                told = node.get("sentence_transformers")
                nested = told.get("activation_fn") if isinstance(told, dict) else None
                for value in (node.get("sbert_ce_default_activation_function"), nested):
                    if isinstance(value, str) and "." in value and not value.startswith(_TORCH):
                        yield tell(
                            type(self), view, at, f"the activation function is {value[:120]!r}"
                        )
