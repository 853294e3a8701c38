"""BKD030 config-evaluates-expression."""

import re
from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.views import Repository
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Stage
from pratique.detectors.backdoors.configured_code import rows
from pratique.detectors.base import Detector

_RUNS = re.compile(
    r"\b(?:os|posix)\s*\.\s*(?:system|popen|exec\w+|spawn\w+|fork|posix_spawn|remove|unlink|kill)\b"
    r"|\bsubprocess\b|\bimportlib\b|\brunpy\b|\bpty\s*\.|\bsocket\s*\.|\bctypes\b"
    r"|__import__\s*\(|__(?:subclasses|globals|builtins|mro|bases|code|getattribute)__"
    r"|(?<!\.)\b(?:eval|exec|compile)\s*\(|\bbuiltins\b|\bshutil\s*\.\s*(?:rmtree|move)\b"
    r"|\burllib\b|\brequests\s*\.\s*\w|\bpickle\s*\.\s*loads?\b|\bmarshal\s*\.\s*loads?\b"
    r"|\bbase64\s*\.\s*\w*decode\b"
)
_RESOLVER_ONLY = re.compile(r"\$\{\s*(?:eval|exec|python|py)\s*:", re.IGNORECASE)


class ConfigEvaluatesExpression(Detector[Repository]):
    """A configuration holds an expression that runs commands when it is resolved.

    ## What it looks for
    Texts that libraries evaluate as Python: `$...` in MONAI bundles, and the resolvers of OmegaConf
    that evaluate what they are given (`${eval:...}`), in YAML and JSON at any depth. They are
    reported where they start programs, import what is not machine learning, evaluate further texts,
    open connections, or reach for the insides of Python objects.

    ## Why it matters
    `ConfigParser` of MONAI runs every such text with `eval` while it reads the bundle, and many
    repositories register `eval` as a resolver. Nothing else has to be loaded.

    ## What to do
    Do not read the configuration with the library that it is for. Ask what the expression does.

    ## What it cannot see
    Expressions put together from several entries, and resolvers with names of their own.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("BKD030"),
        slug="config-evaluates-expression",
        stage=Stage.BACKDOORS,
        severity=Severity.CRITICAL,
        confidence=Confidence.HIGH,
        refs=(
            "CWE-95",
            "ATLAS:AML.T0010",
            "ATLAS:AML.T0018.002",
            "OWASP-LLM:2025-LLM03",
        ),
        since="0.1",
    )
    reads: ClassVar[type[Repository]] = Repository

    def inspect(self, view: Repository) -> Iterator[Finding]:
        """Report each expression that acts."""
        for file in view.files:
            for _, value, at in rows(file):
                if not value.startswith("$") and _RESOLVER_ONLY.search(value) is None:
                    continue
                acts = _RUNS.search(value)
                if acts:
                    yield self.finding(
                        at,
                        f"evaluates {acts[0][:40]!r} in {value[:100]!r}",
                        expression=value,
                    )
