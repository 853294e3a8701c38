"""VUL080 skops-fools-audit."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.views import Repository
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Stage
from pratique.detectors.base import Detector
from pratique.detectors.vulnerabilities.telling import tell, told
from pratique.patterns.callables import Standing, standing
from pratique.patterns.skops import Node, hidden, named, nodes_of

_CVES = {"operator": "CVE-2025-54412", "method": "CVE-2025-54413", "owner": "CVE-2025-54413"}
_TRUSTED = "CVE-2024-37065"


class SkopsFoolsAudit(Detector[Repository]):
    """A skops file is made to run code in versions of skops whose audit it passes.

    ## What it looks for
    Nodes that call another function than they show, methods by dotted paths, and names of
    functions that run commands or code, in the schema of a skops file.

    ## Why it matters
    This rule says which versions of skops run it: those that could be told to trust everything
    (CVE-2024-37065), those that called `operator` functions under other names (CVE-2025-54412), and
    those that followed dots in the name of a method (CVE-2025-54413).

    ## What to do
    Do not load the file. A version that is mended refuses it; that makes it no better.

    ## What it cannot see
    Which names the user of skops adds to `trusted`.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("VUL080"),
        slug="skops-fools-audit",
        stage=Stage.VULNERABILITIES,
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        refs=(
            "CWE-351",
            "CWE-502",
            "ATLAS:AML.T0010",
            "ATLAS:AML.T0018.002",
            "OWASP-LLM:2025-LLM03",
        ),
        since="0.1",
    )
    reads: ClassVar[type[Repository]] = Repository

    def inspect(self, view: Repository) -> Iterator[Finding]:
        """Report each condition of each schema once, with the versions that it hits."""
        for at, data in told(view, "skops"):
            said: dict[str, str] = {}
            for node in nodes_of(data):
                for cve, says in _conditions(node):
                    said.setdefault(cve, says)
            for cve, says in said.items():
                yield tell(type(self), view, at, says, only=frozenset({cve}))


def _conditions(node: Node) -> Iterator[tuple[str, str]]:
    for found in hidden(node):
        if found.kind in _CVES:
            yield _CVES[found.kind], f"a node {found.says}"
    for module, name in named(node):
        acts = standing(f"{module}.{name}") is Standing.DANGEROUS
        if acts and node.loader not in {"OperatorFuncNode", "MethodNode"}:
            yield _TRUSTED, f"a node takes {module[:60]}.{name[:60]}"
