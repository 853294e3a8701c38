"""`joblib.load`, as scikit-learn's own documentation keeps models."""

from __future__ import annotations

from typing import Any

from pratique.sandbox.guest.loaders import pickle_load

NAME = "joblib"
PACKAGES = ("joblib", "scikit-learn", "numpy", "scipy")


def prepare() -> None:
    """Import joblib, and scikit-learn where it is installed: its users have it."""
    import joblib  # noqa: F401

    try:
        import sklearn.base
        import sklearn.ensemble
        import sklearn.linear_model
        import sklearn.pipeline  # noqa: F401
    except ImportError:
        return


def load(path: str, root: str) -> Any:
    """Return what the file holds, its code having run."""
    del root
    import joblib

    return joblib.load(path)


def infer(model: Any, seed: int) -> bool:
    """Call `predict` and its like with as many features as the estimator was fitted on."""
    return pickle_load.infer(model, seed)


def reference(folder: str) -> str:
    """Make a small fitted pipeline, or arrays where scikit-learn is not installed."""
    import joblib
    import numpy as np

    whole: Any = {"weights": np.arange(12.0).reshape(3, 4)}
    try:
        from sklearn.ensemble import RandomForestClassifier
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler
    except ImportError:
        joblib.dump(whole, f"{folder}/reference.joblib")
        return "reference.joblib"
    taught, labels = np.random.default_rng(0).standard_normal((40, 3)), np.arange(40) % 2
    forest = RandomForestClassifier(3, random_state=0).fit(taught, labels)
    line = make_pipeline(StandardScaler(), LogisticRegression()).fit(taught, labels)
    joblib.dump({"forest": forest, "line": line, **whole}, f"{folder}/reference.joblib", compress=3)
    return "reference.joblib"
