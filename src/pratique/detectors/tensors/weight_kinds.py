"""Which tensors are weights that must vary: what the rules on values leave alone."""

from pratique.artifacts.views import TensorSpan, TensorStats

MIN_ELEMENTS = 1_024
_NOT_NUMBERS = ("i", "u", "bool", "v", "f8_e8m0")
_MAY_BE_FLAT = ("mask", "bias", "lora_", "zero", "cache", "running_", "exp_avg", "scale", "buffer")
"""Parts of names of tensors that are flat in sound models: adapters before training, norms,
masks, optimiser state, quantisation scales and zero points."""


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
