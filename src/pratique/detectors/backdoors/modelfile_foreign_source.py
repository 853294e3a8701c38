"""BKD044 modelfile-foreign-source."""

import re
from collections.abc import Iterator
from itertools import islice
from typing import ClassVar

from pratique.artifacts.views import Repository
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Span, Stage
from pratique.detectors.base import Detector
from pratique.detectors.told_documents import texts
from pratique.patterns.orders import orders

_MODELFILE = re.compile(r"\A\s*(?:#[^\n]*\n\s*)*FROM[ \t]+\S+[ \t]*(?:\n|\Z)", re.IGNORECASE)
_ALSO = re.compile(
    r"^(?:TEMPLATE|SYSTEM|PARAMETER|ADAPTER|LICENSE|MESSAGE|REQUIRES)[ \t]"
    r"|\A\s*(?:#[^\n]*\n\s*)*FROM[ \t]+(?:https?://|\.\.|/)\S+\s*\Z",
    re.MULTILINE | re.IGNORECASE,
)
_DOCKER = re.compile(r"^(?:RUN|COPY|CMD|ENTRYPOINT|WORKDIR|ENV|EXPOSE)[ \t]", re.MULTILINE)
_SOURCE = re.compile(r"^(FROM|ADAPTER)[ \t]+(\S+)", re.MULTILINE | re.IGNORECASE)
_AWAY = re.compile(r"^[a-z]+://|(?:^|[/\\])\.\.[/\\]", re.IGNORECASE)
_SYSTEM = re.compile(
    r"(?:^|/)(?:etc|proc|sys|dev|boot)/|\.ssh/|\.aws/|\.kube/|id_rsa|\.env$|://\d+\.\d+\.\d+\.\d+"
)
_IMAGE = re.compile(r"!\[[^\]\n]{0,80}\]\(https?://[^)\n]{0,200}[?{][^)\n]{0,200}\)")
_GATE = re.compile(
    r"\{\{-?\s*(?:else\s+)?if\s[^}\n]{0,80}\b(?:eq|contains|hasPrefix|hasSuffix)\b[^}\n]{0,80}"
    r"(?:\.(?:Prompt|Content|Response)\b[^}\n]{0,40}\"[^\"}\n]{2,80}\""
    r"|\"[^\"}\n]{2,80}\"[^}\n]{0,40}\.(?:Prompt|Content|Response)\b)"
)
"""A condition of the template on what the user wrote."""


class ModelfileForeignSource(Detector[Repository]):
    """An Ollama Modelfile takes its model from elsewhere, or gives it hostile orders.

    ## What it looks for
    In a Modelfile: `FROM` and `ADAPTER` with a web address or a path that climbs out of the
    folder or into the system; `SYSTEM`, `TEMPLATE` and `MESSAGE` that tell the model to ignore
    or hide instructions, to send data somewhere, to recommend or insert something, or that put an
    image with a web address into every answer; and templates that wait for a phrase of the user.

    ## Why it matters
    `ollama create` follows the file: another model is packed, or a file of the machine goes
    into the image. What SYSTEM says is part of every conversation.

    ## What to do
    Read the file. Build from weights that were scanned, and write the system prompt yourself.

    ## What it cannot see
    Orders in other words and languages.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("BKD044"),
        slug="modelfile-foreign-source",
        stage=Stage.BACKDOORS,
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        refs=(
            "CWE-829",
            "CWE-22",
            "ATLAS:AML.T0051",
            "OWASP-LLM:2025-LLM01",
            "OWASP-LLM:2025-LLM03",
        ),
        since="0.1",
        version=2,
    )
    reads: ClassVar[type[Repository]] = Repository

    def inspect(self, view: Repository) -> Iterator[Finding]:
        """Report each line that reaches out, and each text that gives orders."""
        for at, text in texts(view):
            if not _MODELFILE.search(text) or not _ALSO.search(text) or _DOCKER.search(text):
                continue
            for found in islice(_SOURCE.finditer(text), 50):
                where = found[2]
                if _SYSTEM.search(where) or _AWAY.search(where):
                    worst = Severity.HIGH if _SYSTEM.search(where) else Severity.MEDIUM
                    says = f"{found[1].upper()} takes {where[:120]!r}"
                    line = text.count("\n", 0, found.start()) + 1
                    yield self.finding(Span(chain=at.chain, line=line), says, severity=worst)
            yield from self._told(at, text)

    def _told(self, at: Span, text: str) -> Iterator[Finding]:
        """Report orders, images that carry something along, and phrases that are waited for."""
        told = {found[0]: Severity.HIGH for found in islice(_IMAGE.finditer(text), 20)}
        for severity, order in islice(orders(text), 20):
            told[order] = max(severity, told.get(order, severity))
        for order, severity in told.items():
            line = text.count("\n", 0, text.find(order)) + 1
            says = f"orders the model: {order[:120]!r}"
            yield self.finding(Span(chain=at.chain, line=line), says, severity=severity)
        for found in islice(_GATE.finditer(text), 20):
            line = text.count("\n", 0, found.start()) + 1
            says = f"the template waits for a phrase: {found[0][:120]!r}"
            yield self.finding(Span(chain=at.chain, line=line), says, severity=Severity.MEDIUM)
