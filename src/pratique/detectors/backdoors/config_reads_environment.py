"""BKD031 config-reads-environment."""

import re
from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.views import Repository
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Stage
from pratique.detectors.backdoors.configured_code import rows
from pratique.detectors.base import Detector

_ENV = re.compile(r"\$\{\s{0,9}(?:oc\.)?(?:dict_)?env\s{0,9}:\s{0,9}([^,}\s]{1,80})")
_SECRET = re.compile(r"SECRET|PASSW|TOKEN|CREDENTIAL|PRIVATE|API_?KEY|ACCESS_KEY", re.IGNORECASE)


class ConfigReadsEnvironment(Detector[Repository]):
    """A configuration reads variables of the environment it is loaded in.

    ## What it looks for
    `${oc.env:NAME}` and `${env:NAME}` of OmegaConf in YAML and JSON. Names of secrets are said so.

    ## Why it matters
    What the variable holds becomes a part of the configuration: a path, a host, an argument of
    what is called. Training configurations do this every day; a model that is only loaded has
    little reason to.

    ## What to do
    Look where the value goes. Load models in an environment without secrets.

    ## What it cannot see
    Resolvers with names of their own.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("BKD031"),
        slug="config-reads-environment",
        stage=Stage.BACKDOORS,
        severity=Severity.LOW,
        confidence=Confidence.HIGH,
        refs=("CWE-526", "ATLAS:AML.T0055", "OWASP-LLM:2025-LLM02"),
        since="0.1",
    )
    reads: ClassVar[type[Repository]] = Repository

    def inspect(self, view: Repository) -> Iterator[Finding]:
        """Report each variable once a file."""
        for file in view.files:
            told: set[tuple[tuple[str, ...], str]] = set()
            for _, value, at in rows(file):
                for name in _ENV.findall(value):
                    if (at.chain, name) not in told:
                        told.add((at.chain, name))
                        secret = ", which sounds like a secret" if _SECRET.search(name) else ""
                        yield self.finding(at, f"reads {name!r} of the environment{secret}")
