"""VUL092 mlproject-shell-command."""

import re
from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.views import Repository
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Stage
from pratique.detectors.base import Detector
from pratique.detectors.told_documents import structured
from pratique.detectors.vulnerabilities.telling import tell

_GRAVE = re.compile(
    r"\b(?:curl|wget|nc|ncat|base64|eval|crontab|chmod|mkfifo|powershell|certutil)\b|/dev/tcp/"
    r"|\s-[ce]\s|^\s*(?:/\S*/)?(?:ba|z|da)?sh\b|\$\(|`|\brm\s+-"
)
_ODD = re.compile(f"{_GRAVE.pattern}|[;|&\n]\\s*\\S")


class MlprojectShellCommand(Detector[Repository]):
    """An MLflow project runs a shell command as its entry point.

    ## What it looks for
    `command` of `entry_points` in an MLproject file that starts a shell, passes a program as an
    argument (`-c`, `-e`), fetches something, or joins several commands. `python script.py` with
    parameters stays silent.

    ## Why it matters
    `mlflow run` executes the command with the rights of the caller. Covers CVE-2024-37061.

    ## What to do
    Read the command, and run it nowhere but in a sandbox.

    ## What it cannot see
    What the script that is named does; rules on Python read it.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("VUL092"),
        slug="mlproject-shell-command",
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
        """Report each command that is more than the start of a script."""
        for at, document in structured(view, "entry_points"):
            points = document.get("entry_points") if isinstance(document, dict) else None
            for point in list(points.values())[:100] if isinstance(points, dict) else []:
                command = point.get("command") if isinstance(point, dict) else None
                if isinstance(command, str) and _ODD.search(command):
                    grave = _GRAVE.search(command) is not None
                    yield tell(
                        type(self),
                        view,
                        at,
                        f"the entry point runs {command[:120]!r}",
                        unless_pinned=None if grave else Severity.MEDIUM,
                    )
