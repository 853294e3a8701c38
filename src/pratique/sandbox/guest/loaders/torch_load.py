"""`torch.load` without `weights_only`, as most code before 2025 and much after it calls it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from pratique.sandbox.guest.loaders import inputs

NAME = "torch"
PACKAGES = ("torch", "numpy")
_MOST_CHILDREN = 10_000


def prepare() -> None:
    """Import torch."""
    import torch  # noqa: F401


def load(path: str, root: str) -> Any:
    """Return what the file holds, its code having run."""
    del root
    import torch

    return torch.load(path, map_location="cpu", weights_only=False)


def infer(model: Any, seed: int) -> bool:
    """Call every module that the file holds; tensors alone cannot be run."""
    import torch

    ran = False
    for module in _modules(model, torch):
        module.eval()
        with torch.no_grad():
            ran |= forward(module, seed)
    return ran


def forward(module: Any, seed: int) -> bool:
    """Call a module on guessed inputs until one is taken; tell whether one was.

    Raises:
        Exception: what the last guess raised, when none was taken.

    """
    import torch

    last: Exception | None = None
    for shape, integers in itertools.islice(_guesses(module), inputs.MOST_TRIES):
        made = inputs.whole_numbers if integers else inputs.values
        try:
            module(torch.from_numpy(made(shape, seed)))
        except Exception as e:  # noqa: BLE001 - whatever a wrong guess raises: the next is tried
            last = e
        else:
            return True
    if last is not None:
        raise last
    return False


def reference(folder: str) -> str:
    """Make a small network and its weights in one checkpoint."""
    import torch
    from torch import nn

    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.LazyLinear(2))
    net(torch.zeros(1, 3, 8, 8))
    whole = {"model": net, "weights": net.state_dict(), "epoch": 1}
    torch.save(whole, f"{folder}/reference.pt")
    return "reference.pt"


def _modules(model: Any, torch: Any) -> list[Any]:
    if isinstance(model, torch.nn.Module):
        return [model]
    held = list(model.values()) if isinstance(model, dict) else []
    if isinstance(model, (list, tuple)):
        held = list(model)
    return [one for one in held[:_MOST_CHILDREN] if isinstance(one, torch.nn.Module)]


def _guesses(module: Any) -> Iterator[tuple[tuple[int, ...], bool]]:
    """Yield (shape, whether of integers) by the first layer that says what it takes."""
    for layer in module.modules():
        kind = type(layer).__name__
        if kind in ("Embedding", "EmbeddingBag"):
            yield (1, 8), True
        elif hasattr(layer, "in_features"):
            yield from ((shape, False) for shape in inputs.shapes(layer.in_features))
        elif hasattr(layer, "in_channels"):
            yield from ((shape, False) for shape in _images(layer.in_channels, kind))
        elif hasattr(layer, "input_size") and isinstance(layer.input_size, int):
            yield (1, 4, layer.input_size), False
        else:
            continue
        break
    yield from ((shape, False) for shape in inputs.shapes())
    yield (1, 8), True


def _images(channels: int, kind: str) -> list[tuple[int, ...]]:
    sides: dict[str, list[tuple[int, ...]]] = {"1": [(64,), (16000,)], "3": [(16, 16, 16)]}
    flat: list[tuple[int, ...]] = [(side, side) for side in (8, 28, 32, 64, 224)]
    return [(1, channels, *side) for side in sides.get(kind[-2:-1], flat)]
