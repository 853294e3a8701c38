"""BKD033 yaml-tag-names-callable."""

import re
from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.readers.yaml_text import YamlText
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Span, Stage
from pratique.detectors.base import Detector
from pratique.patterns.callables import Standing, standing

_TAG = re.compile(
    r"!?!(new|name|module|apply|applyref|call|instantiate|object|func|obj|import|class|type|fn"
    r"|function|factory|partial|python|py|method|callable):(.+)",
    re.IGNORECASE,
)
_RUNS = re.compile(
    r"!?!(?:eval|exec|py(?:thon)?(?:_eval)?|lambda|shell|cmd|command|sh|jinja|code)", re.IGNORECASE
)
_TAKES = re.compile(r"!?!\w{0,20}(?:include|file|read|load|path|secret)", re.IGNORECASE)
_PLACE = re.compile(
    r"^/(?:etc|proc|sys|root|dev|var/run)/|(?:\.\./){2,}(?:etc|proc|root|home)/|(?:^|/)\.(?:ssh|aws|kube|netrc)\b"
)
_BARE = re.compile(r"!([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+)")
"""A tag that is a dotted name itself."""
SEVERITIES = {
    Standing.UNKNOWN: Severity.LOW,
    Standing.ACTING: Severity.MEDIUM,
    Standing.DANGEROUS: Severity.CRITICAL,
}


class YamlTagNamesCallable(Detector[YamlText]):
    """A tag in a YAML file tells the loader which Python callable to run.

    ## What it looks for
    Tags of HyperPyYAML, which SpeechBrain's models are described with (`!new:`, `!name:`,
    `!module:`, `!apply:`, `!applyref:`), others of this form, tags that are a dotted name, and tags
    that say that they evaluate (`!eval`) or that take a file of the system. Callables that run
    commands or code are critical, those that open what they are given medium, those of packages
    that are not listed low; those of well-known machine learning libraries are silent.

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
        version=2,
    )
    reads: ClassVar[type[YamlText]] = YamlText

    def inspect(self, view: YamlText) -> Iterator[Finding]:
        """Report each callable once that is not of a known library."""
        told: set[str] = set()
        for node in view.tagged:
            if _RUNS.fullmatch(node.tag) and node.tag not in told:
                told.add(node.tag)
                says = f"line {node.line} makes a loader evaluate what follows {node.tag[:40]!r}"
                yield self.finding(Span(start=node.at, line=node.line), says)
            elif _TAKES.match(node.tag) and _PLACE.search(node.value):
                says = (
                    f"line {node.line} puts {node.value[:100]!r} of the machine into the settings"
                )
                yield self.finding(Span(start=node.at, line=node.line), says)
            match = _TAG.fullmatch(node.tag) or _BARE.fullmatch(node.tag)
            target = match[match.lastindex or 1].strip() if match else ""
            severity = SEVERITIES.get(standing(target)) if target else None
            if match is None or severity is None or node.tag in told:
                continue
            told.add(node.tag)
            verb = _VERBS.get(match[1].lower(), "call")
            yield self.finding(
                Span(start=node.at, line=node.line),
                f"line {node.line} makes a loader {verb} {target[:100]!r}",
                severity=severity,
                target=target,
            )


_VERBS = {"name": "take", "module": "import"}
