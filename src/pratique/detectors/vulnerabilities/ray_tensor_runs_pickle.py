"""VUL101 ray-tensor-runs-pickle."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.views import Repository
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Stage
from pratique.detectors.base import Detector
from pratique.detectors.vulnerabilities.telling import rows, tell, told

PREFIX = "ray.data.arrow_"
HARMLESS = frozenset({"json", "nothing"})


class RayTensorRunsPickle(Detector[Repository]):
    """An Arrow or Parquet schema has a tensor type of Ray whose metadata is no JSON.

    ## What it looks for
    Fields whose extension type is `ray.data.arrow_tensor`, `ray.data.arrow_tensor_v2`,
    `ray.data.arrow_variable_shaped_tensor` or another of Ray's, with metadata that is a pickle or
    other bytes.

    ## Why it matters
    Ray handed these bytes to cloudpickle when a schema was read, before any row. Covers
    CVE-2026-41486. The hit version wrote such pickles itself, of a shape: where no version that is
    hit is named, it is medium. What the pickle does is judged by itself.

    ## What to do
    Load with Ray 2.55.0 or newer, or write the table again as plain lists.

    ## What it cannot see
    Which version of Ray will read the file, where the package does not say.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("VUL101"),
        slug="ray-tensor-runs-pickle",
        stage=Stage.VULNERABILITIES,
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        refs=(
            "CWE-502",
            "ATLAS:AML.T0010",
            "ATLAS:AML.T0011.000",
            "OWASP-LLM:2025-LLM03",
        ),
        since="0.1",
    )
    reads: ClassVar[type[Repository]] = Repository

    def inspect(self, view: Repository) -> Iterator[Finding]:
        """Report each table with such a type once, with the loaders that it hits."""
        for at, schema in told(view, "arrow"):
            for kind, field, looks in rows(schema, "extensions", 3):
                if str(kind).startswith(PREFIX) and looks not in HARMLESS:
                    says = f"field {str(field)[:80]!r} is of type {kind} and carries {looks}"
                    yield tell(type(self), view, at, says, unless_pinned=Severity.MEDIUM)
                    break
