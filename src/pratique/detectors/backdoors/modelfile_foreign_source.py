"""BKD044 modelfile-foreign-source."""

import re
from collections.abc import Iterator
from itertools import islice
from typing import ClassVar

from pratique.artifacts.views import Repository
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Span, Stage
from pratique.detectors.base import Detector
from pratique.detectors.told_documents import texts

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
_ORDERS = re.compile(
    r"(?i)\b(?:ignore|disregard|forget|override)\b[^.\n]{0,40}\b(?:previous|prior|above|earlier"
    r"|system|safety|all)\b[^.\n]{0,30}\b(?:instructions?|prompts?|rules?|guidelines|messages?)"
    r"|\b(?:send|post|upload|exfiltrate|forward|leak)\b[^.\n]{0,80}\bto https?://"
    r"|!\[[^\]\n]{0,80}\]\(https?://[^)\n]{0,200}[?{][^)\n]{0,200}\)"
)


class ModelfileForeignSource(Detector[Repository]):
    """An Ollama Modelfile takes its model from elsewhere, or gives it hostile orders.

    ## What it looks for
    In a Modelfile: `FROM` and `ADAPTER` with a web address or a path that climbs out of the
    folder or into the system; `SYSTEM`, `TEMPLATE` and `MESSAGE` that tell the model to ignore
    or hide instructions, to send data somewhere, or that put an image with a web address into
    every answer.

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
            for found in islice(_ORDERS.finditer(text), 20):
                line = text.count("\n", 0, found.start()) + 1
                yield self.finding(
                    Span(chain=at.chain, line=line), f"orders the model: {found[0][:120]!r}"
                )
