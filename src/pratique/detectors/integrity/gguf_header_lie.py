"""INT040 gguf-header-lie."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.views import TensorHeader
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Span, Stage
from pratique.detectors.base import Detector


class GgufHeaderLie(Detector[TensorHeader]):
    """A GGUF header says things about the file that are not true.

    ## What it looks for
    Unknown versions, counts and lengths beyond the file, strings that are not UTF-8, values and
    tensors of unknown types, shapes that overflow or that a block type cannot hold, offsets off
    their alignment or past the end, names that loaders refuse.

    ## Why it matters
    GGUF is read by native code that trusted such numbers more than once: in llama.cpp, sizes that
    overflow led to buffers smaller than what was read into them (CVE-2026-27940, CVE-2026-33298),
    and a file whose dimensions lied made Ollama leak its memory (CVE-2026-7482).

    ## What to do
    Do not open the file with any runtime. Compare its digest with the publisher's; a cut download
    shows as tensors that end past the file.

    ## What it cannot see
    Numbers that are valid but wrong for the architecture, such as a context length that no memory
    can hold.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("INT040"),
        slug="gguf-header-lie",
        stage=Stage.INTEGRITY,
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        refs=(
            "CWE-1284",
            "CWE-20",
            "ATLAS:AML.T0018",
            "OWASP-LLM:2025-LLM03",
        ),
        since="0.1",
    )
    reads: ClassVar[type[TensorHeader]] = TensorHeader

    def inspect(self, view: TensorHeader) -> Iterator[Finding]:
        """Report each problem of this kind."""
        for problem in view.problems:
            if view.source == "gguf" and problem.kind == "lie":
                yield self.finding(
                    Span(start=problem.at, end=view.size, tensor=problem.tensor), problem.says
                )
