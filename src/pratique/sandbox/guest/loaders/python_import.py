"""A plain import of every Python module that comes with a model, native ones included."""

from __future__ import annotations

import ctypes
import importlib.machinery
import importlib.util
import os
import sys
from types import ModuleType
from typing import Any

from pratique.sandbox.guest.loaders import inputs

NAME = "python"
PACKAGES = ("", "numpy", "torch", "transformers")
PACKAGE = "model"
"""The name that the folder gets as a package, so that relative imports find their neighbours."""
_SUFFIXES = (".py", ".pyc", ".so", ".pyd")
_NOT_IMPORTED = ("setup.py",)
_MOST = 2_000


def prepare() -> None:
    """Nothing: what the modules name is imported before them by the detonator."""


class Imported:
    """The modules of a folder that could be imported, and why the others could not."""

    def __init__(self, root: str) -> None:
        self.root = root
        self.modules: list[ModuleType] = []
        self.left: list[tuple[str, str]] = []


def load(path: str, root: str) -> Imported:
    """Import every module below a folder, or the one file.

    Raises:
        ImportError: none could be imported.

    """
    found = Imported(root)
    for file in _files(path):
        name = os.path.relpath(file, root)
        try:
            found.modules.append(_import(file, root))
        except (Exception, SystemExit) as e:  # noqa: BLE001 - hostile code raises what it likes
            found.left.append((name, f"python: {type(e).__name__}: {e}"[:500]))
    if not found.modules:
        raise ImportError("; ".join(why for _, why in found.left)[:500] or "no module")
    return found


def forget() -> None:
    """Drop what was imported, so that another folder can stand under the same names."""
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]


def skipped(found: Imported) -> list[tuple[str, str]]:
    """Return the modules that could not be imported, and why."""
    return found.left


def infer(found: Imported, seed: int) -> bool:
    """Call the entry points that serving stacks call by name: an EndpointHandler, a `predict`."""
    ran = False
    for module in found.modules:
        handler = getattr(module, "EndpointHandler", None)
        if isinstance(handler, type):
            handler(found.root)({"inputs": inputs.texts(seed)[0]})
            ran = True
        predict = getattr(module, "predict", None)
        if callable(predict) and not isinstance(predict, type):
            predict(inputs.texts(seed)[0])
            ran = True
    return ran


def reference(folder: str) -> str:
    """Make a package of two modules."""
    os.makedirs(f"{folder}/reference", exist_ok=True)
    with open(f"{folder}/reference/sizes.py", "w", encoding="utf-8") as file:
        file.write("WIDTH = 4\n")
    with open(f"{folder}/reference/net.py", "w", encoding="utf-8") as file:
        file.write(
            "from .sizes import WIDTH\n\n\ndef predict(text):\n    return len(text) * WIDTH\n"
        )
    return "reference"


def _files(path: str) -> list[str]:
    if os.path.isfile(path):
        return [path]
    found = []
    for folder, names, files in os.walk(path):
        names[:] = sorted(name for name in names if name != "__pycache__")
        found += [os.path.join(folder, one) for one in sorted(files) if one.endswith(_SUFFIXES)]
    return [one for one in found if os.path.basename(one) not in _NOT_IMPORTED][:_MOST]


def _import(file: str, root: str) -> ModuleType:
    name = _dotted(file, root)
    if name in sys.modules:  # a neighbour has imported it
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, file, loader=_loader(name, file))
    if spec is None or spec.loader is None:
        raise ImportError(f"nothing imports {file!r}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    return module


def _loader(name: str, file: str) -> Any:
    if file.endswith(".pyc"):
        return importlib.machinery.SourcelessFileLoader(name, file)
    if file.endswith((".so", ".pyd")):
        ctypes.CDLL(file)  # its constructors run even where it is no Python module
        return importlib.machinery.ExtensionFileLoader(name, file)
    return importlib.machinery.SourceFileLoader(name, file)


def _dotted(file: str, root: str) -> str:
    """Return a module's name below the package that stands for the folder, and make its parents."""
    parts = os.path.relpath(file, root).split(os.sep)
    parts[-1] = parts[-1].partition(".")[0]
    if parts[-1] == "__init__":
        parts.pop()
    at, name = root, PACKAGE
    for part in ["", *parts[:-1]]:
        at = os.path.join(at, part) if part else at
        name = f"{name}.{part}" if part else name
        if name not in sys.modules:
            package = ModuleType(name)
            package.__path__ = [at]
            sys.modules[name] = package
    return ".".join([PACKAGE, *parts])
