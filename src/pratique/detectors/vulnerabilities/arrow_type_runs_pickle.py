"""VUL100 arrow-type-runs-pickle."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.views import Repository
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Stage
from pratique.detectors.base import Detector
from pratique.detectors.vulnerabilities.telling import rows, tell, told

TYPE = "arrow.py_extension_type"


class ArrowTypeRunsPickle(Detector[Repository]):
    """An Arrow or Parquet schema has a type that old loaders unpickle.

    ## What it looks for
    Fields of Arrow, Feather and Parquet files whose extension type is `arrow.py_extension_type`,
    in the Arrow schema inside of Parquet metadata as well.

    ## Why it matters
    PyArrow unpickled the type's metadata when it read the schema, before any row: a table was a
    program. Covers CVE-2023-47248. Old versions of some libraries wrote such types honestly: where
    no version that is hit is named, it is medium. What the pickle does is judged by itself.

    ## What to do
    Load with PyArrow 14.0.1 or newer, or write the table again without the type.

    ## What it cannot see
    Which version of PyArrow will read the file, where the package does not say.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("VUL100"),
        slug="arrow-type-runs-pickle",
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
            for kind, field, _ in rows(schema, "extensions", 3):
                if kind == TYPE:
                    says = f"field {str(field)[:80]!r} is of type {TYPE}, which is unpickled"
                    yield tell(type(self), view, at, says, unless_pinned=Severity.MEDIUM)
                    break
