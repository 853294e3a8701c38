"""BKD073 mlmodel-path-escapes."""

import re
from collections.abc import Iterator
from itertools import islice
from typing import ClassVar

from pratique.artifacts.views import Repository
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Span, Stage
from pratique.detectors.base import Detector
from pratique.detectors.told_documents import texts

_ENTRY = re.compile(
    r"^[ \t]*(?P<key>model_path|pickled_model|python_model|data|path|model_file|code|weights"
    r"|saved_model_dir|model_code_path|model_config|cloudpickle_path)[ \t]*:[ \t]*[\"']?"
    r"(?P<value>[^\s\"'#][^\n\"'#]{0,500})",
    re.MULTILINE,
)
_OUT = re.compile(r"[/\\~]|[A-Za-z]:[/\\]|(?:.*[/\\])?\.\.(?:[/\\]|\Z)|[a-z][a-z0-9+.-]{1,20}://")


class MlmodelPathEscapes(Detector[Repository]):
    """An MLflow model names a file outside of itself.

    ## What it looks for
    Entries of an `MLmodel` file that name the model's own files (`model_path`, `pickled_model`,
    `python_model`, `data`, `code` and their like) with an absolute path, a path that climbs out, or
    an address.

    ## Why it matters
    MLflow joins the path to the model's folder and loads what lies there, as a pickle in most
    flavours: a file that was never scanned, or one that somebody else may write
    (CVE-2023-6976 and its kin).

    ## What to do
    Do not load the model. Ask for one whose files are all in its folder.

    ## What it cannot see
    Where a name of a registered model leads.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("BKD073"),
        slug="mlmodel-path-escapes",
        stage=Stage.BACKDOORS,
        severity=Severity.MEDIUM,
        confidence=Confidence.HIGH,
        refs=("CWE-22", "CWE-829", "ATLAS:AML.T0010", "OWASP-LLM:2025-LLM03"),
        since="0.1",
    )
    reads: ClassVar[type[Repository]] = Repository

    def inspect(self, view: Repository) -> Iterator[Finding]:
        """Report each such entry."""
        for at, text in texts(view):
            named = at.chain[-1].rpartition("/")[2] == "MLmodel"
            if not named and not ("loader_module:" in text and "flavors:" in text):
                continue
            for found in islice(_ENTRY.finditer(text), 200):
                value = found["value"].strip()
                if _OUT.match(value):
                    line = text.count("\n", 0, found.start("value")) + 1
                    says = f"{found['key']} leads out of the model: {value[:200]!r}"
                    yield self.finding(Span(chain=at.chain, line=line), says)
