"""VUL062 torch-storage-size-lie."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.views import Repository
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Stage
from pratique.detectors.base import Detector
from pratique.detectors.vulnerabilities.telling import rows, tell, told


class TorchStorageSizeLie(Detector[Repository]):
    """A torch checkpoint says another size of a storage than its file has.

    ## What it looks for
    Entries of a PyTorch zip that are shorter or longer than the number of elements in the pickle
    makes them.

    ## Why it matters
    The restricted unpickler of torch took the number for true and tensors reached behind the
    bytes that were read. Covers CVE-2026-24747.

    ## What to do
    Do not load the file. Compare its digest with that of the publisher.

    ## What it cannot see
    Storages whose element type is not known here.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("VUL062"),
        slug="torch-storage-size-lie",
        stage=Stage.VULNERABILITIES,
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        refs=(
            "CWE-787",
            "CWE-130",
            "ATLAS:AML.T0010",
            "ATLAS:AML.T0018.002",
            "OWASP-LLM:2025-LLM03",
        ),
        since="0.1",
    )
    reads: ClassVar[type[Repository]] = Repository

    def inspect(self, view: Repository) -> Iterator[Finding]:
        """Report each such storage, with the loaders that it hits."""
        for at, archive in told(view, "archive"):
            for name, said, there in rows(archive, "missized", 3):
                says = (
                    f"storage {str(name)[:80]!r} is of {said} bytes by the pickle, and has {there}"
                )
                yield tell(type(self), view, at, says)
