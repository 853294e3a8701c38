"""`safetensors.safe_open`: every tensor of a file is read."""

from __future__ import annotations

from typing import Any

NAME = "safetensors"
PACKAGES = ("safetensors", "numpy", "torch")


def prepare() -> None:
    """Import safetensors, over torch where it is installed: numpy knows fewer number formats."""
    import safetensors.numpy  # noqa: F401

    try:
        import torch  # noqa: F401
    except ImportError:
        return


def load(path: str, root: str) -> Any:
    """Return the number of tensors, each of which was read."""
    del root
    import sys

    import safetensors

    count = 0
    with safetensors.safe_open(path, framework="pt" if "torch" in sys.modules else "np") as file:
        for name in file.keys():  # noqa: SIM118 - it is no mapping
            file.get_tensor(name)
            count += 1
    return count


def infer(model: Any, seed: int) -> bool:
    """Tensors cannot be run."""
    del model, seed
    return False


def reference(folder: str) -> str:
    """Make a file with one tensor."""
    import numpy as np
    import safetensors.numpy

    tensors = {"weight": np.arange(6, dtype="float32")}
    safetensors.numpy.save_file(tensors, f"{folder}/reference.safetensors")
    return "reference.safetensors"
