"""VUL091 mlflow-environment-injection."""

import re
from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.views import Repository
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Stage
from pratique.detectors.base import Detector
from pratique.detectors.told_documents import strings, structured
from pratique.detectors.vulnerabilities.telling import tell

_SHELL = re.compile(r"[`\n]|\$[({]|&&|\|\||\|\s*(?:/\S*/)?(?:ba|z|da)?sh\b|>\s*/|&\s*$")
_MARKER = re.compile(
    r";\s*\(*\s*(?:python_|sys_|os_|platform_|implementation_|extra\b|[\"'])[^;]*$|#[^\n]*;"
)


class MlflowEnvironmentInjection(Detector[Repository]):
    """A dependency in an MLflow environment is a shell command.

    ## What it looks for
    Entries of `dependencies` and `build_dependencies` in `python_env.yaml`, `conda.yaml` and
    their like that hold command separators, substitutions or line breaks which no requirement
    has. Markers of PEP 508 are none of these.

    ## Why it matters
    Older versions of MLflow put the entries into a shell command when they build the
    environment of a served model. Covers CVE-2025-15379.

    ## What to do
    Reject the model; build its environment by hand from a list that you wrote. Use MLflow 3.8.1
    or later.

    ## What it cannot see
    Requirements that are well formed and name a hostile package.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("VUL091"),
        slug="mlflow-environment-injection",
        stage=Stage.VULNERABILITIES,
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        refs=(
            "CWE-78",
            "CWE-77",
            "ATLAS:AML.T0010",
            "OWASP-LLM:2025-LLM03",
        ),
        since="0.1",
    )
    reads: ClassVar[type[Repository]] = Repository

    def inspect(self, view: Repository) -> Iterator[Finding]:
        """Report each such entry."""
        for at, document in structured(view, "dependencies"):
            rows = document.get("dependencies") if isinstance(document, dict) else None
            builds = document.get("build_dependencies") if isinstance(document, dict) else None
            for _, row in strings([rows, builds]):
                if _SHELL.search(row) or (";" in row and not _MARKER.search(row)):
                    yield tell(type(self), view, at, f"the dependency {row[:120]!r} is a command")
