"""Which tensors are weights that must vary: what the rules on values leave alone."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from pratique.artifacts.views import TensorSpan, TensorStats

MIN_ELEMENTS = 1_024
_NOT_NUMBERS = ("i", "u", "bool", "v", "f8_e8m0")
_MAY_BE_FLAT = (
    "mask",
    "bias",
    "lora_",
    "zero",
    "cache",
    "running_",
    "exp_avg",
    "scale",
    "buffer",
    "optimizer",
    "/adam",
    "/momentum",
    "/rmsprop",
)
"""Parts of names of tensors that are flat in sound models: adapters before training, norms,
masks, optimiser state, quantisation scales and zero points."""
_BEGINS_AT_ZERO = ("adaln", "controlnet", "final_layer", "proj_out", "token_type", "modulation")
"""Parts of names of layers that are zero by design before training: DiT, ControlNet, motion."""
_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Flat:
    """A flat matrix; `alike` is how many of its kind are all flat (1: it stands for itself).

    `designed` tells that it looks like a choice of the architecture, not like a wound.
    """

    stats: TensorStats
    alike: int = 1
    designed: bool = False


def is_float(span: TensorSpan) -> bool:
    """Tell whether a tensor holds real numbers, quantised ones too.

    Arrays without a name do not count: they are data, not weights.
    """
    return bool(span.name) and not (
        span.dtype.startswith(_NOT_NUMBERS) and not span.dtype.startswith("iq")
    )


def must_vary(stats: TensorStats) -> bool:
    """Tell whether a tensor is a weight matrix that no training leaves flat."""
    span = stats.span
    matrix = sum(dim > 1 for dim in span.shape) > 1
    name = span.name.lower()
    return (
        is_float(span)
        and matrix
        and stats.elements >= MIN_ELEMENTS
        and not any(part in name for part in _MAY_BE_FLAT)
    )


def is_mask(stats: TensorStats) -> bool:
    """Tell whether a tensor is an attention mask: zeros and infinities, nothing else."""
    flat = stats.nan == 0 and stats.minimum == stats.maximum == 0
    return "mask" in stats.span.name.lower() or flat


def flat_matrices(
    tensors: Iterable[TensorStats], is_flat: Callable[[TensorStats], bool]
) -> Iterator[Flat]:
    """Yield weight matrices that are flat, weighed against their siblings in other layers.

    Siblings bear the same name but for its numbers. Where all of them are flat, the architecture
    begins so, and one stands for all; where only some are, each of these is told.
    """
    flat: dict[str, list[TensorStats]] = {}
    sound: set[str] = set()
    for stats in tensors:
        if must_vary(stats):
            kind = _NUMBER.sub("*", stats.span.name)
            if is_flat(stats):
                flat.setdefault(kind, []).append(stats)
            else:
                sound.add(kind)
    whole = {kind for kind, found in flat.items() if len(found) > 1 and kind not in sound}
    for kind, found in flat.items():
        name = kind.lower()
        if kind in whole:
            yield Flat(found[0], len(found), designed=True)
        elif kind in sound:
            yield from map(Flat, found)
        else:
            begins = bool(whole) or any(part in name for part in _BEGINS_AT_ZERO)
            yield Flat(found[0], designed=begins)
