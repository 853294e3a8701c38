"""BKD045 triton-config-reaches-out."""

import re
from collections.abc import Iterator
from itertools import islice
from typing import ClassVar

from pratique.artifacts.views import Repository
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Span, Stage
from pratique.detectors.base import Detector
from pratique.detectors.told_documents import texts

_TRITON = re.compile(r'^\s*(?:platform|backend)\s*:\s*"', re.MULTILINE)
_QUOTED = re.compile(r'(\w+)\s*:\s*"((?:[^"\\\n]|\\.){0,1000})"')
_FILES = frozenset(
    [
        "name",
        "string_value",
        "default_model_filename",
        "filename",
        "input_data_file",
        "library",
        "model_name",
        "key",
        "value",
        "cc_model_filenames",
        "backend",
    ]
)
_AWAY = re.compile(r"(?:^|[/\\])\.\.(?:[/\\]|$)|^/(?!opt/tritonserver|models?/|mnt/models)")
_SIZE = re.compile(
    r"\b(dims|max_batch_size|count|max_queue_size)\s*:\s*(\[[^\]]{0,2000}\]|\d{1,30})"
)
_MOST = 1 << 31


class TritonConfigReachesOut(Detector[Repository]):
    """A Triton model configuration reaches out of its folder or asks for the impossible.

    ## What it looks for
    In a `config.pbtxt`: file names, environments and libraries with a path that climbs or is
    absolute, command lines in warm-up or parameters, and dimensions or batch sizes that no
    machine holds.

    ## Why it matters
    The server opens what is named with its own rights when it loads the model, and allocates
    what the sizes ask for.

    ## What to do
    Correct the configuration. Python models are judged by the rules on their code.

    ## What it cannot see
    Values that a backend of one's own gives a meaning.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("BKD045"),
        slug="triton-config-reaches-out",
        stage=Stage.BACKDOORS,
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        refs=(
            "CWE-22",
            "CWE-400",
            "CWE-789",
            "ATLAS:AML.T0010",
            "OWASP-LLM:2025-LLM03",
        ),
        since="0.1",
    )
    reads: ClassVar[type[Repository]] = Repository

    def inspect(self, view: Repository) -> Iterator[Finding]:
        """Report each path that leaves and each size that cannot be meant."""
        for at, text in texts(view):
            if not _TRITON.search(text):
                continue
            for found in islice(_QUOTED.finditer(text), 1000):
                key, value = found[1], found[2]
                if _AWAY.search(value) and key in _FILES:
                    grave = ".." in value or key != "string_value"
                    yield self._found(at, text, found, Severity.HIGH if grave else Severity.MEDIUM)
            for found in islice(_SIZE.finditer(text), 100):
                if any(int(n) > _MOST for n in re.findall(r"\d{1,30}", found[2])):
                    yield self._found(at, text, found, Severity.MEDIUM)

    def _found(self, at: Span, text: str, match: re.Match[str], severity: Severity) -> Finding:
        line = text.count("\n", 0, match.start()) + 1
        return self.finding(
            Span(chain=at.chain, line=line), f"asks for {match[0][:120]!r}", severity=severity
        )
