"""VUL097 fairseq-evaluated-text."""

import re
from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.views import Repository
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Stage
from pratique.detectors.base import Detector
from pratique.detectors.told_documents import strings, structured
from pratique.detectors.vulnerabilities.telling import tell

_EVALUATED = ("conv_feature_layers",)
_NUMBERS = re.compile(r"[\d\s,()\[\]+*.-]*")


class FairseqEvaluatedText(Detector[Repository]):
    """A speech model configuration holds code where converters evaluate a text.

    ## What it looks for
    `conv_feature_layers` and its like as a text that is more than numbers, brackets, plus and
    times.

    ## Why it matters
    The scripts that convert fairseq checkpoints (SEW, SEW-D, HuBERT) give this text to `eval`.
    Covers CVE-2025-14926, CVE-2025-14927 and CVE-2025-14928.

    ## What to do
    Do not convert the checkpoint; use transformers above 4.57.0.

    ## What it cannot see
    Configurations that are pickled inside of a checkpoint; rules on pickles read what those
    import.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("VUL097"),
        slug="fairseq-evaluated-text",
        stage=Stage.VULNERABILITIES,
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        refs=(
            "CWE-95",
            "CWE-94",
            "ATLAS:AML.T0010",
            "OWASP-LLM:2025-LLM03",
        ),
        since="0.1",
    )
    reads: ClassVar[type[Repository]] = Repository

    def inspect(self, view: Repository) -> Iterator[Finding]:
        """Report each text that is no list of numbers."""
        for at, document in structured(view, "conv_feature_layers"):
            for key, text in strings(document):
                if key.endswith(_EVALUATED) and not _NUMBERS.fullmatch(text) and text != "default":
                    yield tell(type(self), view, at, f"{key[:60]} is {text[:120]!r}")
