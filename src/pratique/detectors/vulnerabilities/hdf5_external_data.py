"""VUL030 hdf5-external-data."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.views import Repository
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Stage
from pratique.detectors.base import Detector
from pratique.detectors.vulnerabilities.telling import rows, tell, told


class Hdf5ExternalData(Detector[Repository]):
    """A file of weights makes Keras read other files.

    ## What it looks for
    HDF5 datasets whose elements lie in external files, virtual datasets, and external links.

    ## Why it matters
    Keras follows them while it loads weights, in safe mode too, so that files of the host become
    tensors. Covers CVE-2026-1669.

    ## What to do
    Do not load the model; load with Keras 3.12.1 or 3.13.2 and later.

    ## What it cannot see
    What lies at the path. hdf5-reads-other-file weighs where it leads.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("VUL030"),
        slug="hdf5-external-data",
        stage=Stage.VULNERABILITIES,
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        refs=(
            "CWE-73",
            "CWE-200",
            "ATLAS:AML.T0010",
            "ATLAS:AML.T0018.002",
            "OWASP-LLM:2025-LLM03",
        ),
        since="0.1",
    )
    reads: ClassVar[type[Repository]] = Repository

    def inspect(self, view: Repository) -> Iterator[Finding]:
        """Report each file once; less where nothing says that Keras would open it."""
        for at, data in told(view, "hdf5"):
            named = [str(file) for _, kind, file, _ in rows(data, "links", 4) if kind == "external"]
            named += [str(file) for _, _, file in rows(data, "external", 3)]
            if named:
                says = f"reads {named[0][:120]!r}" + (
                    f" and {len(named) - 1} more files" if len(named) > 1 else ""
                )
                least = None if data.get("keras") is True else Severity.LOW
                yield tell(type(self), view, at, says, unless_pinned=least)
