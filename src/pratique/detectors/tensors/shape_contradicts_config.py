"""TEN005 shape-contradicts-config."""

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
    layers,
)

SHOWN = 10


class ShapeContradictsConfig(Detector[Repository]):
    """A weight has a shape, or the model a number of layers, that its config.json rules out.

    ## What it looks for
    For the families llama, mistral, mixtral, qwen2 and qwen3, gemma, bert and its like, and gpt2:
    embeddings, attention, feed-forward and norm weights whose shape does not follow from the
    sizes in `config.json` beside them, and more or fewer layers than it says.

    ## Why it matters
    The config decides what is built and run. Layers that it does not mention travel unseen; layers
    that are missing, or of another size, are skipped or filled with random values with no more
    than a warning. It also shows when weights and config come from two models.

    ## What to do
    Compare both files with the publisher's revision. If the publisher's own files disagree, ask.

    ## What it cannot see
    Other families, quantised checkpoints, adapters and models of several parts, where sizes follow
    other laws: there it stays silent. An embedding may have up to 4,096 rows of padding.
    """

    rule: ClassVar[Rule] = Rule(
        id=RuleId("TEN005"),
        slug="shape-contradicts-config",
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
            yield from self._shapes(checkpoint)
            count = layers(checkpoint)
            if count and count[0] != count[1]:
                yield self.finding(
                    Span(chain=(checkpoint.path,)),
                    f"{checkpoint.path!r} says {count[0]} layers; the weights have {count[1]}",
                )

    def _shapes(self, checkpoint: Checkpoint) -> Iterator[Finding]:
        shown = 0
        for path, name, dtype, shape in checkpoint.tensors:
            want = expected(checkpoint.config, name)
            if want is None or not is_float(dtype) or _fits(shape, want):
                continue
            shown += 1
            if shown <= SHOWN:
                asked = [least for least, _ in want]
                yield self.finding(
                    Span(chain=(path,), tensor=name[:300]),
                    f"tensor {name[:80]!r} has shape {list(shape)[:8]}; "
                    f"{checkpoint.path!r} asks for {asked}",
                )


def _fits(shape: tuple[int, ...], want: tuple[tuple[int, int], ...]) -> bool:
    return len(shape) == len(want) and all(
        least <= dim <= most for dim, (least, most) in zip(shape, want, strict=True)
    )
