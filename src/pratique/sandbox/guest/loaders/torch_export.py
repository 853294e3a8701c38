"""`torch.export.load`: a graph of operators with its example inputs."""

from __future__ import annotations

from typing import Any

from pratique.sandbox.guest.loaders import torch_load

NAME = "torch-export"
PACKAGES = ("torch", "numpy")


def prepare() -> None:
    """Import torch and its exporter."""
    torch_load.prepare()
    import torch.export  # noqa: F401


def load(path: str, root: str) -> Any:
    """Return the exported program."""
    del root
    import torch

    return torch.export.load(path)


def infer(model: Any, seed: int) -> bool:
    """Call it with the inputs that it brings, shifted by the seed."""
    import torch

    given = model.example_inputs
    if not given:
        return torch_load.forward(model.module(), seed)
    args, kwargs = given
    moved = [a + seed if isinstance(a, torch.Tensor) and a.is_floating_point() else a for a in args]
    with torch.no_grad():
        model.module()(*moved, **kwargs)
    return True


def reference(folder: str) -> str:
    """Make a small exported network."""
    import torch

    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.ReLU())
    torch.export.save(torch.export.export(net, (torch.zeros(1, 4),)), f"{folder}/reference.pt2")
    return "reference.pt2"
