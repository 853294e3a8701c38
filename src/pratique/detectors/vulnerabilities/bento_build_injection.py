"""VUL094 bento-build-injection."""

import re
from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.views import Repository
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Stage
from pratique.detectors.base import Detector
from pratique.detectors.told_documents import strings, structured
from pratique.detectors.vulnerabilities.telling import tell

_BENTO = frozenset(
    ["service", "bentoml_version", "system_packages", "entry_service", "base_image", "distro"]
)
_PACKAGE = re.compile(r"[A-Za-z0-9][\w.+:=~*@-]*")
_WORD = re.compile(r"(?:[\w./:@+$-]|\{\w*\})*")
_WORDS = frozenset({"base_image", "distro", "python_version", "cuda_version", "platform"})


class BentoBuildInjection(Detector[Repository]):
    """A BentoML build file writes instructions of its own into a Dockerfile.

    ## What it looks for
    In the `docker` part of `bentofile.yaml` or `bento.yaml`: system packages that are no
    package names, and a base image, distribution or Python version with line breaks, spaces or
    characters of a shell.

    ## Why it matters
    Older versions of BentoML paste these values into a Dockerfile, and containerising the model
    runs them. Covers CVE-2026-33744 and CVE-2026-44345.

    ## What to do
    Reject the file; use BentoML 1.4.39 or later.

    ## What it cannot see
    Scripts that the file names as setup scripts; other rules read them.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("VUL094"),
        slug="bento-build-injection",
        stage=Stage.VULNERABILITIES,
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        refs=(
            "CWE-78",
            "CWE-94",
            "ATLAS:AML.T0010",
            "OWASP-LLM:2025-LLM03",
        ),
        since="0.1",
    )
    reads: ClassVar[type[Repository]] = Repository

    def inspect(self, view: Repository) -> Iterator[Finding]:
        """Report each value that is more than a name."""
        for at, document in structured(view, "docker"):
            docker = document.get("docker") if isinstance(document, dict) else None
            if not isinstance(docker, dict) or _BENTO.isdisjoint((*document, *docker)):  # type: ignore[misc]
                continue
            for key, text in strings(docker):
                if key == "system_packages" and not _PACKAGE.fullmatch(text):
                    only = frozenset({"CVE-2026-33744"})
                elif key in _WORDS and not _WORD.fullmatch(text):
                    only = frozenset({"CVE-2026-44345"})
                else:
                    continue
                yield tell(type(self), view, at, f"{key} is {text[:120]!r}", only=only)
