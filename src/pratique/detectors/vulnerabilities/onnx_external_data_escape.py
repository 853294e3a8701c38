"""VUL050 onnx-external-data-escape."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.views import Repository
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Stage
from pratique.detectors.base import Detector
from pratique.detectors.vulnerabilities.telling import rows, tell, told
from pratique.patterns.paths import disguised_way_out, way_out


class OnnxExternalDataEscape(Detector[Repository]):
    """An ONNX model keeps a tensor in a file outside of its own folder.

    ## What it looks for
    Tensors whose external data lies at an absolute path, on a drive, or at a path that climbs out
    of the folder, written with either slash or with characters that look like one. Every place is
    weighed where a tensor names several.

    ## Why it matters
    Loaders read the named file into the tensor, so that a model shows any file of the host in its
    outputs, and saving the model again writes there. Covers CVE-2022-25882, CVE-2024-27318 and
    CVE-2025-51480.

    ## What to do
    Do not load the model. An honest one keeps its data beside itself.

    ## What it cannot see
    Links on the disk of whoever loads the model; onnx-external-data-link sees those in an
    archive.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("VUL050"),
        slug="onnx-external-data-escape",
        stage=Stage.VULNERABILITIES,
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        refs=("CWE-22", "CWE-73", "ATLAS:AML.T0010", "ATLAS:AML.T0018.002", "OWASP-LLM:2025-LLM03"),
        since="0.1",
    )
    reads: ClassVar[type[Repository]] = Repository

    def inspect(self, view: Repository) -> Iterator[Finding]:
        """Report each such place, with the loaders that it hits."""
        for at, model in told(view, "onnx"):
            for tensor, location, *_ in rows(model, "external_data", 5):
                place = str(location)
                way = way_out(place) or disguised_way_out(place)
                if way:
                    says = f"tensor {str(tensor)[:80]!r} lies at {place[:120]!r}, which {way}"
                    yield tell(type(self), view, at, says)
