"""VUL031 hdf5-shape-bomb."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.views import Repository
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Stage
from pratique.core.limits import GiB, MiB
from pratique.detectors.base import Detector
from pratique.detectors.vulnerabilities.telling import rows, tell, told

LEAST = 64 * MiB
TIMES = 1_100
"""Deflate packs zeros a thousand and thirty times: less is stored for no tensor."""
LARGE, LARGE_TIMES = 4 * GiB, 100


class Hdf5ShapeBomb(Detector[Repository]):
    """An HDF5 dataset says that it is far larger than what is stored for it.

    ## What it looks for
    Datasets of 64 MiB and more by their shape for which less than a 1100th is stored, and of 4 GiB
    and more with less than a hundredth.

    ## Why it matters
    Loaders allocate what the shape says before they read: a file of two kilobytes takes all memory
    of the host. Covers CVE-2026-0897.

    ## What to do
    Do not load the file. Weights are stored in full.

    ## What it cannot see
    Large tensors that are stored in full, or that hold one value over and over and are packed.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("VUL031"),
        slug="hdf5-shape-bomb",
        stage=Stage.VULNERABILITIES,
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        refs=(
            "CWE-770",
            "CWE-409",
            "ATLAS:AML.T0010",
            "ATLAS:AML.T0018.002",
            "OWASP-LLM:2025-LLM03",
        ),
        since="0.1",
    )
    reads: ClassVar[type[Repository]] = Repository

    def inspect(self, view: Repository) -> Iterator[Finding]:
        """Report the datasets that say so."""
        for at, data in told(view, "hdf5"):
            for path, shape, declared, stored in rows(data, "sparse", 4):
                if isinstance(declared, int) and isinstance(stored, int):
                    bomb = declared >= LEAST and declared > TIMES * stored
                    if bomb or (declared >= LARGE and declared > LARGE_TIMES * stored):
                        says = (
                            f"dataset {str(path)[:80]!r} of shape {str(shape)[:80]} takes "
                            f"{declared} bytes; {stored} are stored"
                        )
                        yield tell(type(self), view, at, says)
