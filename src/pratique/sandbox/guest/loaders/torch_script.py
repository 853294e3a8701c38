"""`torch.jit.load`: a TorchScript archive, whose code runs in torch's own interpreter."""

from __future__ import annotations

import warnings
from typing import Any

from pratique.sandbox.guest.loaders import inputs, torch_load

NAME = "torch-script"
PACKAGES = ("torch", "numpy")


def prepare() -> None:
    """Import torch."""
    torch_load.prepare()


def load(path: str, root: str) -> Any:
    """Return the scripted module."""
    del root
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that TorchScript is deprecated
        return torch.jit.load(path, map_location="cpu")


def infer(model: Any, seed: int) -> bool:
    """Call `forward` with as many guessed tensors as it takes.

    Raises:
        Exception: what the last guess raised, when none was taken.

    """
    import torch

    wanted = len(list(model.graph.inputs())) - 1
    if wanted == 1:
        with torch.no_grad():
            return torch_load.forward(model, seed)
    last: Exception | None = None
    for shape in list(inputs.shapes())[: inputs.MOST_TRIES]:
        given = [torch.from_numpy(inputs.values(shape, seed)) for _ in range(wanted)]
        try:
            model(*given)
        except Exception as e:  # noqa: BLE001 - whatever a wrong guess raises: the next is tried
            last = e
        else:
            return True
    if last is not None:
        raise last
    return False


def reference(folder: str) -> str:
    """Make a small scripted network."""
    import torch

    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.ReLU())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that TorchScript is deprecated
        torch.jit.script(net).save(f"{folder}/reference.pt")
    return "reference.pt"
