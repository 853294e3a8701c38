"""What loads models inside the sandbox, each as its users do; nobody outside imports these.

A loader is a module with
  NAME                       what plans, receipts and baselines call it
  PACKAGES                   the distributions that make its version; the first one must be there,
                             and is empty for what Python itself brings
  prepare() -> None          import what it stands on
  load(path, root) -> object    give the file or folder to the real loader, code and all
  infer(model, seed) -> bool    run it on inputs of its own guessing; False where nothing can be run
  reference(folder) -> str      make a small honest model in a folder; return its path within
and, where a target has several files, `skipped(model)` with (path, why) pairs of those left out;
where loading leaves more than a model in memory, `forget()`, which drops that.
"""

from __future__ import annotations

import importlib
import platform
from importlib import metadata
from types import ModuleType

LOADERS = {
    "torch": "torch_load",
    "torch-script": "torch_script",
    "torch-export": "torch_export",
    "joblib": "joblib_load",
    "pickle": "pickle_load",
    "numpy": "numpy_load",
    "keras": "keras_load",
    "tensorflow": "tensorflow_load",
    "onnxruntime": "onnx_session",
    "transformers": "hub_folder",
    "llama.cpp": "llama_gguf",
    "sentencepiece": "sentence_pieces",
    "safetensors": "safetensors_load",
    "python": "python_import",
}
"""The name of every loader, and the module here that holds it."""


def find(name: str) -> ModuleType:
    """Return a loader's module, which imports nothing heavy by itself.

    Raises:
        KeyError: there is no such loader.

    """
    return importlib.import_module(f"{__name__}.{LOADERS[name]}")


def version(loader: ModuleType) -> str:
    """Return the versions that a loader's behaviour depends on; empty when it is not installed."""
    told = []
    for at, package in enumerate(loader.PACKAGES):
        if not package:
            continue
        try:
            told.append(f"{package} {metadata.version(package)}")
        except metadata.PackageNotFoundError:
            if at == 0:
                return ""
    series = ".".join(platform.python_version_tuple()[:2])
    return ", ".join([*told, f"python {series}"])
