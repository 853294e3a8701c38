"""`pickle.load`, and the inference that an estimator with `predict` offers."""

from __future__ import annotations

import pickle
from typing import Any

from pratique.sandbox.guest.loaders import inputs

NAME = "pickle"
PACKAGES = ("", "numpy", "scikit-learn")
_MOST_WIDTH = 1_000_000
_METHODS = ("predict", "transform", "predict_proba", "__call__")


def prepare() -> None:
    """Nothing: `pickle` is a part of Python."""


def load(path: str, root: str) -> Any:
    """Return what the file holds, its code having run."""
    del root
    with open(path, "rb") as file:
        return pickle.load(file)


def infer(model: Any, seed: int) -> bool:
    """Call `predict` and its like with as many features as the estimator was fitted on.

    Raises:
        Exception: what the last guess raised, when none was taken.

    """
    if type(model).__module__.partition(".")[0] == "torch":
        from pratique.sandbox.guest.loaders import torch_load

        return torch_load.infer(model, seed)
    ran = False
    for held in model.values() if isinstance(model, dict) else [model]:
        ran |= predict(held, seed)
    return ran


def predict(model: Any, seed: int) -> bool:
    """Ask one estimator; tell whether it is one."""
    methods = [name for name in _METHODS[:3] if callable(getattr(model, name, None))]
    if not methods:
        return False
    last: Exception | None = None
    for given in _guesses(model, seed):
        try:
            for name in methods:
                getattr(model, name)(given)
        except Exception as e:  # noqa: BLE001 - whatever a wrong guess raises: the next is tried
            last = e
        else:
            return True
    if last is not None:
        raise last
    return False


def reference(folder: str) -> str:
    """Make a small dictionary of numbers and words."""
    whole = {"labels": ["cat", "dog"], "weights": [0.25, 0.5], "about": {"epoch": 3}}
    with open(f"{folder}/reference.pkl", "wb") as file:
        pickle.dump(whole, file)
    return "reference.pkl"


def _guesses(model: Any, seed: int) -> Any:
    width = int(getattr(model, "n_features_in_", 0) or 0)
    if 0 < width <= _MOST_WIDTH:
        yield inputs.values((2, width), seed)
    yield inputs.texts(seed)
    if not width:
        for shape in list(inputs.shapes())[: inputs.MOST_TRIES]:
            yield inputs.values(shape, seed)
