"""VUL090 diffusers-unnamed-pipeline."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.views import Repository
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Stage
from pratique.detectors.base import Detector
from pratique.detectors.code_graph import Graph
from pratique.detectors.configured_entries import Entry, entries, span
from pratique.detectors.quiet_code import Weigher
from pratique.detectors.vulnerabilities.telling import tell

_KEYS = frozenset({"_class_name", "component _class_name"})


class DiffusersUnnamedPipeline(Detector[Repository]):
    """A diffusers pipeline is loaded from a file that nobody is asked about.

    ## What it looks for
    A `model_index.json` whose `_class_name` is a class of the repository: `pipeline.py`, or a
    file that is literally named `None.py`, defines it, or `_class_name` names a module beside
    it.

    ## Why it matters
    Older versions of diffusers import such a file although no custom pipeline was asked for and
    remote code was not trusted. Covers CVE-2026-44513, CVE-2026-44827 and CVE-2026-45804.

    ## What to do
    Remove the file, or use a pipeline class of diffusers; load with diffusers 0.38.0 or later.

    ## What it cannot see
    Pipelines that the loader's caller names.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("VUL090"),
        slug="diffusers-unnamed-pipeline",
        stage=Stage.VULNERABILITIES,
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        refs=(
            "CWE-829",
            "CWE-94",
            "CWE-367",
            "ATLAS:AML.T0018.002",
            "ATLAS:AML.T0010",
            "OWASP-LLM:2025-LLM03",
        ),
        since="0.1",
    )
    reads: ClassVar[type[Repository]] = Repository

    def inspect(self, view: Repository) -> Iterator[Finding]:
        """Report the file, with the loaders that it hits; less where all its code only computes."""
        weigher = Weigher(Graph(view))
        for entry in entries(view):
            path = weigher.graph.first(entry)
            if not path or entry.key not in _KEYS:
                continue
            none = path.rpartition("/")[2] == "None.py"
            if not none and not _defines(weigher, path, entry):
                continue
            severity, why = weigher.weigh(entry)
            found = tell(
                type(self),
                view,
                span(entry.by),
                f"_class_name {entry.target[:80]!r} is loaded from {path}, {why}",
                unless_pinned=None if none else max(severity, Severity.MEDIUM),
            )
            yield found


def _defines(weigher: Weigher, path: str, entry: Entry) -> bool:
    """Tell a file that defines the class which is named; any other is not what is loaded."""
    if entry.key != "_class_name":
        return True
    classes = weigher.graph.fact(path).get("classes")
    return isinstance(classes, list) and entry.target in classes
