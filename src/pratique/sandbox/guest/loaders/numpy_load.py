"""`numpy.load` with `allow_pickle`, which object arrays need."""

from __future__ import annotations

from typing import Any

NAME = "numpy"
PACKAGES = ("numpy",)


def prepare() -> None:
    """Import numpy."""
    import numpy as np  # noqa: F401


def load(path: str, root: str) -> Any:
    """Return all arrays of the file, its pickles having run."""
    del root
    import numpy as np

    found = np.load(path, allow_pickle=True)
    return {name: found[name] for name in found.files} if hasattr(found, "files") else found


def infer(model: Any, seed: int) -> bool:
    """Arrays cannot be run; an object in one that has `predict` can."""
    from pratique.sandbox.guest.loaders import pickle_load

    ran = False
    for array in model.values() if isinstance(model, dict) else [model]:
        if getattr(getattr(array, "dtype", None), "kind", "") == "O":
            for one in array.ravel()[:100]:
                ran |= pickle_load.predict(one, seed)
    return ran


def reference(folder: str) -> str:
    """Make an archive with numbers and an object array."""
    import numpy as np

    words = np.array(["cat", {"dog": 1}], dtype=object)
    np.savez(f"{folder}/reference.npz", numbers=np.arange(6.0), words=words)
    return "reference.npz"
