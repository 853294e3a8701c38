"""The program inside: import a loader, then load a model with it, run it, idle, and end for real.

It is asked three things, each with the `token` of the run that every frame must bear.
  {"do": "versions"}                         -> {"versions": {loader: version or ""}}
  {"do": "prepare", "loader", "reference"}   -> the loader is imported, before any hostile byte is
                                                read; {"version", "places"}; the phase `load` begins
  {"do": "run", "model", "target", "inputs", "idle_s"}
        -> {"loaded": true}, {"part": [path, why]}, {"inferred": true} or {"raised": "..."}, or
           {"failed": "..."}; last of all {"exit": true}
After that the caller lets this interpreter end by itself, so that exit handlers, threads that are
no daemons and native destructors run: they belong to the phase `exit`.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import shutil
import site
import sys
import sysconfig
import tempfile
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from pratique.sandbox.guest import loaders

Send = Callable[[Mapping[str, Any]], None]

WARMED = {
    "numpy": "numpy",
    "scipy": "joblib",
    "sklearn": "joblib",
    "joblib": "joblib",
    "torch": "torch",
    "transformers": "transformers",
    "keras": "keras",
    "onnxruntime": "onnxruntime",
    "sentencepiece": "sentencepiece",
    "safetensors": "safetensors",
}
"""Libraries, and the loader that warms each before a model that names it is opened.

Warm is a loader that has run a model of its own: libraries import parts of themselves, look at the
processor and start threads at their first use, and none of that is a model's doing.
"""
ALSO_IMPORTED = ("pandas", "tokenizers", "xgboost", "lightgbm", "catboost", "PIL", "requests")
_LOOKED_AT = 4 << 20
_MOST_FILES = 2_000
_NAMING = (".py", ".pkl", ".joblib", ".pt", ".bin", ".json")
_MOST_SAYS = 500


def serve(request: Mapping[str, Any], send: Send) -> None:
    """Answer one request."""
    if request["do"] == "versions":
        send({"versions": {name: _version(name) for name in loaders.LOADERS}})
        return
    loader = loaders.find(request["loader"])
    told = _Teller(send, request["token"])
    if request["do"] == "prepare":
        _prepare(loader, request, told)
    else:
        _run(loader, request, told)


class _Teller:
    """Sends frames with the token of the run."""

    def __init__(self, send: Send, token: str) -> None:
        self._send, self._token = send, token

    def __call__(self, **frame: Any) -> None:  # noqa: ANN401 - whatever JSON holds
        self._send({"token": self._token, **frame})

    def failed(self, error: BaseException) -> None:
        """Tell what a loader raised, in bounded words."""
        self(failed=_said(error), memory=isinstance(error, MemoryError))


def _prepare(loader: ModuleType, request: Mapping[str, Any], tell: _Teller) -> None:
    tell(phase="import")
    tell(version=loaders.version(loader), places=_places())
    try:
        _warm(loader)
    except Exception as e:  # noqa: BLE001 - whatever a broken installation raises is the answer
        tell.failed(e)
        return
    if request.get("reference"):
        _made.append(_reference(loader))
    else:
        _preload(_path(request), but=loader.NAME)
    gc.collect()
    tell(phase="load")


def _run(loader: ModuleType, request: Mapping[str, Any], tell: _Teller) -> None:
    reference = bool(request.get("reference"))
    path = f"{_folder()}/{_made[-1]}" if reference else _path(request)
    root = _folder() if reference else str(request["model"])
    _settle(root)
    try:
        _load_and_infer(loader, path, root, int(request["inputs"]), tell)
    except BaseException as e:  # noqa: BLE001 - hostile code raises what it likes
        tell.failed(e)
    gc.collect()
    tell(phase="idle")
    _idle(float(request["idle_s"]))
    gc.collect()
    tell(phase="exit")
    tell(exit=True)


def _load_and_infer(loader: ModuleType, path: str, root: str, seed: int, tell: _Teller) -> None:
    """Load and run; that no guessed input fits is no failure of the loading, and told apart."""
    model = loader.load(path, root)
    tell(loaded=True)
    for part in getattr(loader, "skipped", lambda _: ())(model):
        tell(part=list(part))
    tell(phase="infer")
    try:
        if loader.infer(model, seed):
            tell(inferred=True)
    except Exception as e:
        if isinstance(e, MemoryError):
            raise
        tell(raised=_said(e))


_made: list[str] = []
"""The reference model's path in its folder, once it was made."""


def _folder() -> str:
    return f"{tempfile.gettempdir()}/reference"


def _warm(loader: ModuleType) -> None:
    """Have a loader load and run its own honest model, and leave no trace of that."""
    loader.prepare()
    path = _reference(loader)
    loader.infer(loader.load(f"{_folder()}/{path}", _folder()), 0)
    getattr(loader, "forget", lambda: None)()
    shutil.rmtree(_folder())


def _reference(loader: ModuleType) -> str:
    """Make a loader's own honest model; return its path in the folder of such."""
    Path(_folder()).mkdir(parents=True, exist_ok=True)
    return str(loader.reference(_folder()))


def _path(request: Mapping[str, Any]) -> str:
    model, target = str(request["model"]), str(request["target"])
    return f"{model}/{target}" if target else model


def _settle(root: str) -> None:
    """Stand where users stand who run a model: in its folder, whose modules can be imported."""
    os.chdir(root)
    sys.path.insert(0, root)


def _idle(seconds: float) -> None:
    """Wait without a call that the recorder would take for the model's sleeping."""
    lock = threading.Lock()
    lock.acquire()
    lock.acquire(timeout=seconds)


def _preload(path: str, but: str) -> None:
    """Warm the libraries whose names occur in a model. Its bytes are searched, not interpreted."""
    seen: set[str] = set()
    for file in _files(Path(path)):
        with file.open("rb") as opened:
            sample = opened.read(_LOOKED_AT)
        seen.update(name for name in (*WARMED, *ALSO_IMPORTED) if name.encode() in sample)
    for name in dict.fromkeys(WARMED[name] for name in WARMED if name in seen):
        loader = loaders.find(name)
        if name != but and loaders.version(loader):
            with contextlib.suppress(Exception):  # then its start counts as the model's
                _warm(loader)
    for name in ALSO_IMPORTED:
        if name in seen:
            with contextlib.suppress(ImportError):  # the model will say so, if it needs it
                importlib.import_module(name)


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    found = [one for one in path.rglob("*") if one.suffix in _NAMING]
    return [one for one in found[:_MOST_FILES] if one.is_file()]


def _version(name: str) -> str:
    return loaders.version(loaders.find(name))


def _places() -> dict[str, Any]:
    """Tell where the interpreter, home and temporary files lie, for paths to be compared."""
    roots = {sys.prefix, sys.base_prefix, sys.exec_prefix, str(Path(os.__file__).parent)}
    roots.update(sysconfig.get_paths().values())
    roots.update(site.getsitepackages())
    roots.update(path for path in sys.path if path.startswith("/"))
    return {
        "python": sorted(roots),
        "home": str(Path.home()),
        "tmp": tempfile.gettempdir(),
    }


def _said(error: BaseException) -> str:
    try:
        words = f"{type(error).__name__}: {error}"[:_MOST_SAYS]
        return "".join(c if c.isprintable() else " " for c in words)
    except Exception:  # noqa: BLE001 - what hostile code raises may raise when it is printed
        return "an error that cannot be printed"
