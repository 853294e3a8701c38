"""TEN006 dtype-contradicts-config."""

import math
from collections import Counter
from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.views import Repository
from pratique.core.finding import Confidence, Finding, Rule, RuleId, Severity, Span, Stage
from pratique.detectors.base import Detector
from pratique.detectors.tensors.architectures import (
    Checkpoint,
    checkpoints,
    expected,
    is_float,
)

WORDS = {"float64": "f64", "float32": "f32", "float16": "f16", "bfloat16": "bf16"}
MOST = 0.9
"""The share of elements that must be of another type before it is no mixture."""
SHOWN = 10


class DtypeContradictsConfig(Detector[Repository]):
    """Weights are of another type than their config.json says.

    ## What it looks for
    For the families whose layouts are settled (see shape-contradicts-config): weights that are
    integers although the config speaks of no quantisation, and checkpoints of which nine elements
    in ten are of another floating-point type than the config's `torch_dtype`.

    ## Why it matters
    Integers where real numbers belong are loaded as nonsense, or were never weights. Another
    precision alone is mostly an edited config, but it also shows weights that were swapped, and a
    wider type has spare low bits to hide data in.

    ## What to do
    Compare both files with the publisher's revision; correct the config if the weights are right.

    ## What it cannot see
    Quantised checkpoints, adapters and other families: there it stays silent.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("TEN006"),
        slug="dtype-contradicts-config",
        stage=Stage.TENSORS,
        severity=Severity.MEDIUM,
        confidence=Confidence.HIGH,
        refs=("CWE-345", "ATLAS:AML.T0018", "OWASP-LLM:2025-LLM03"),
        since="0.1",
    )
    reads: ClassVar[type[Repository]] = Repository

    def inspect(self, view: Repository) -> Iterator[Finding]:
        """Compare each checkpoint with its config."""
        for checkpoint in checkpoints(view):
            yield from self._integers(checkpoint)
            yield from self._precision(checkpoint)

    def _integers(self, checkpoint: Checkpoint) -> Iterator[Finding]:
        odd = [
            (path, name, dtype)
            for path, name, dtype, _ in checkpoint.tensors
            if expected(checkpoint.config, name)
            and (dtype == "bool" or dtype.startswith(("i", "u")))
        ]
        for path, name, dtype in odd[:SHOWN]:
            yield self.finding(
                Span(chain=(path,), tensor=name[:300]),
                f"tensor {name[:80]!r} holds {dtype}, and {checkpoint.path!r} speaks of no "
                "quantisation",
            )

    def _precision(self, checkpoint: Checkpoint) -> Iterator[Finding]:
        config = checkpoint.config
        told = config.get("torch_dtype") or config.get("dtype")
        want = WORDS.get(str(told).removeprefix("torch."))
        counts: Counter[str] = Counter()
        for _, _, dtype, shape in checkpoint.tensors:
            if is_float(dtype):
                counts[dtype] += math.prod(shape)
        if not want or not counts:
            return
        # Not `most_common(1)`: it imports a module, and a locked worker cannot.
        most = max(counts, key=counts.__getitem__)
        elements = counts[most]
        if most != want and elements > MOST * counts.total():
            yield self.finding(
                Span(chain=(checkpoint.path,)),
                f"{checkpoint.path!r} says {told}; the weights are {most}",
                severity=Severity.LOW,
            )
