"""BKD033 yaml-tag-names-callable."""

import re
from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.readers.yaml_text import YamlText
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Span, Stage
from pratique.detectors.base import Detector
from pratique.patterns.callables import Standing, standing

_TAG = re.compile(r"!?!(new|name|module|apply|applyref|call|instantiate|object|func|obj):(.+)")
SEVERITIES = {
    Standing.UNKNOWN: Severity.LOW,
    Standing.ACTING: Severity.MEDIUM,
    Standing.DANGEROUS: Severity.CRITICAL,
}


class YamlTagNamesCallable(Detector[YamlText]):
    """A tag in a YAML file tells the loader which Python callable to run.

    ## What it looks for
    Tags of HyperPyYAML, which SpeechBrain's models are described with (`!new:`, `!name:`,
    `!module:`, `!apply:`, `!applyref:`), and others of this form. Callables that run commands or
    code are critical, those that open what they are given medium, those of packages that are not
    listed low; those of well-known machine learning libraries are silent.

    ## Why it matters
    The loader imports what the tag names and, for most tags, calls it while it reads the file.

    ## What to do
    Look at the named callable. Reject the model if it runs commands.

    ## What it cannot see
    Files that the YAML includes from elsewhere, and what the code of an unlisted package does.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("BKD033"),
        slug="yaml-tag-names-callable",
        stage=Stage.BACKDOORS,
        severity=Severity.MEDIUM,
        confidence=Confidence.HIGH,
        refs=(
            "CWE-470",
            "CWE-502",
            "ATLAS:AML.T0010",
            "ATLAS:AML.T0011.000",
            "OWASP-LLM:2025-LLM03",
        ),
        since="0.1",
    )
    reads: ClassVar[type[YamlText]] = YamlText

    def inspect(self, view: YamlText) -> Iterator[Finding]:
        """Report each callable once that is not of a known library."""
        told: set[str] = set()
        for node in view.tagged:
            match = _TAG.fullmatch(node.tag)
            target = match[2].strip() if match else ""
            severity = SEVERITIES.get(standing(target)) if target else None
            if match is None or severity is None or node.tag in told:
                continue
            told.add(node.tag)
            yield self.finding(
                Span(start=node.at, line=node.line),
                f"line {node.line} makes a loader {_VERBS.get(match[1], 'call')} {target[:100]!r}",
                severity=severity,
                target=target,
            )


_VERBS = {"name": "take", "module": "import"}
