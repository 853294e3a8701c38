"""VUL064 sentencepiece-cut-symbol."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.views import Repository
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Stage
from pratique.detectors.base import Detector
from pratique.detectors.vulnerabilities.telling import rows, tell, told

USER_DEFINED = 4
"""The type of a piece that its user gave (sentencepiece_model.proto)."""


class SentencepieceCutSymbol(Detector[Repository]):
    """A tokenizer has a symbol that ends early for programs in C.

    ## What it looks for
    User-defined pieces of a SentencePiece model with a NUL in their text.

    ## Why it matters
    The matcher of such symbols measured them up to the first NUL, so that what it built and what
    it looked up did not agree, and memory behind the buffer was touched. Covers CVE-2026-1260.

    ## What to do
    Do not load the tokenizer: training makes no such piece.

    ## What it cannot see
    Compiled rules of normalisation that do not agree with themselves: later defects, without a
    CVE.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("VUL064"),
        slug="sentencepiece-cut-symbol",
        stage=Stage.VULNERABILITIES,
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        refs=(
            "CWE-787",
            "CWE-158",
            "ATLAS:AML.T0010",
            "ATLAS:AML.T0018.002",
            "OWASP-LLM:2025-LLM03",
        ),
        since="0.1",
    )
    reads: ClassVar[type[Repository]] = Repository

    def inspect(self, view: Repository) -> Iterator[Finding]:
        """Report each such piece, with the loaders that it hits."""
        for at, model in told(view, "sentencepiece"):
            for text, kind in rows(model, "with_nul", 2):
                if kind == USER_DEFINED:
                    says = f"the user-defined piece {str(text)[:80]!r} holds a NUL"
                    yield tell(type(self), view, at, says)
