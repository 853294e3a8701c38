"""VUL093 mlmodel-markup."""

import re
from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.views import Repository
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Stage
from pratique.detectors.base import Detector
from pratique.detectors.told_documents import strings, structured
from pratique.detectors.vulnerabilities.telling import tell

_ACTIVE = re.compile(
    r"(?i)<\s*(?:script|iframe|object|embed|svg|meta|link|base)\b"
    r"|<[a-z][^>]{0,200}\son\w+\s*=|javascript:\s*\w"
)


class MlmodelMarkup(Detector[Repository]):
    """An MLflow model description carries active markup.

    ## What it looks for
    Texts in an `MLmodel` file that hold HTML elements which run script, event handlers, or
    `javascript:` addresses.

    ## Why it matters
    Older versions of MLflow show the description in their web interface without escaping it:
    script then runs as whoever looks. Covers CVE-2026-33865.

    ## What to do
    Remove the markup; use MLflow 3.11.0 or later.

    ## What it cannot see
    Markup in files that are only stored.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("VUL093"),
        slug="mlmodel-markup",
        stage=Stage.VULNERABILITIES,
        severity=Severity.MEDIUM,
        confidence=Confidence.HIGH,
        refs=(
            "CWE-79",
            "ATLAS:AML.T0010",
            "OWASP-LLM:2025-LLM03",
        ),
        since="0.1",
    )
    reads: ClassVar[type[Repository]] = Repository

    def inspect(self, view: Repository) -> Iterator[Finding]:
        """Report each text with markup that runs."""
        for at, document in structured(view, "flavors"):
            if not isinstance(document, dict) or "flavors" not in document:
                continue
            for key, text in strings(document):
                if _ACTIVE.search(text):
                    yield tell(type(self), view, at, f"{key[:60]!r} holds {text[:100]!r}")
