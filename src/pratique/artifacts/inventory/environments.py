"""Conda environments, MLflow's `MLmodel` and `python_env.yaml`, and Dockerfiles."""

import re
import shlex
from collections.abc import Iterator

from pratique.artifacts.inventory import requirements
from pratique.artifacts.inventory.found import Found, Place
from pratique.artifacts.inventory.plain_yaml import Plain, load
from pratique.core.component import Relation

_CONDA = re.compile(r"(?:[\w-]+::)?([A-Za-z0-9_][\w.-]*)\s*(.*)")
_FROM = re.compile(r"FROM\s+(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?\s*", re.IGNORECASE)
_RUN = re.compile(r"RUN\s+(.+)", re.IGNORECASE)
_PIP = re.compile(r"(?:^|[\s/])(?:pip[0-9.]*|uv\s+pip)\s+install\s+(.*)")
_APT = re.compile(r"(?:^|\s)apt(?:-get)?\s+(?:-\S+\s+)*install\s+(.*)")
_DEBIAN = re.compile(r"([a-z0-9][a-z0-9+.-]+)(?:=(\S+))?")
_SPLIT = re.compile(r"\s*(?:&&|\|\||;|\|)\s*")
_VERSIONS = {
    "sklearn_version": "scikit-learn",
    "pytorch_version": "torch",
    "keras_version": "keras",
    "tf_version": "tensorflow",
    "xgb_version": "xgboost",
    "lgb_version": "lightgbm",
    "catboost_version": "catboost",
    "transformers_version": "transformers",
    "onnx_version": "onnx",
    "spacy_version": "spacy",
    "fastai_version": "fastai",
    "statsmodels_version": "statsmodels",
    "prophet_version": "prophet",
    "langchain_version": "langchain",
    "openai_version": "openai",
    "sentence_transformers_version": "sentence-transformers",
    "cloudpickle_version": "cloudpickle",
}
"""What MLflow's flavours call the versions that they were saved with."""


def conda(path: str, text: str, found: Found) -> None:
    """Take the dependencies of a conda environment, those that pip installs as Python's own."""
    found.read(path)
    told = load(text)
    rows = told.get("dependencies") if isinstance(told, dict) else None
    if not isinstance(rows, list):
        found.trouble(Place(path, "conda"), "no list of `dependencies` could be read")
        return
    at = Place(path, "conda")
    for row in rows:
        if isinstance(row, dict):
            for line in _texts(row.get("pip")):
                requirements.entry(line, at, found)
        elif isinstance(row, str):
            _conda_entry(row, at, found)
        else:
            found.trouble(at, "a dependency that is no text")


def _conda_entry(row: str, at: Place, found: Found) -> None:
    match = _CONDA.fullmatch(row.strip())
    if match is None:
        found.trouble(at, f"{row[:120]!r} is no conda package")
        return
    name, spec = match[1], match[2].strip()
    version, _, _ = spec.lstrip("=").strip().partition("=")  # the build comes after it
    exact = spec.startswith("=") and re.fullmatch(r"[\w.!+]+", version)
    named = {"pytorch": "torch"}.get(name, name)
    if spec.startswith("=") and not spec.startswith("==") and version.count(".") < 2:  # noqa: PLR2004
        found.python(at, named, f"=={version}.*" if exact else spec)  # `=1.2` is any 1.2
    else:
        found.python(at, named, f"=={version}" if exact else spec)


def mlmodel(path: str, text: str, found: Found) -> None:
    """Take the versions that an MLflow model says it was saved with."""
    found.read(path)
    told = load(text)
    if not isinstance(told, dict):
        found.trouble(Place(path, "MLmodel"), "is no YAML mapping")
        return
    at = Place(path, "MLmodel")
    found.made_with(at, "mlflow", told.get("mlflow_version"))
    flavours = told.get("flavors")
    for flavour in flavours.values() if isinstance(flavours, dict) else []:
        for key, value in flavour.items() if isinstance(flavour, dict) else []:
            if key in _VERSIONS:
                found.made_with(at, _VERSIONS[key], value)
            elif key == "python_version" and isinstance(value, str):
                found.other(at, "python", value)


def python_env(path: str, text: str, found: Found) -> None:
    """Take what MLflow's `python_env.yaml` builds and installs."""
    found.read(path)
    told = load(text)
    if not isinstance(told, dict):
        found.trouble(Place(path, "python_env"), "is no YAML mapping")
        return
    at = Place(path, "python_env")
    if isinstance(told.get("python"), str):
        found.other(at, "python", told["python"], relation=Relation.NEEDS)
    for line in (*_texts(told.get("build_dependencies")), *_texts(told.get("dependencies"))):
        if not line.startswith("-"):  # `-r requirements.txt` is read where it lies
            requirements.entry(line, at, found)


def dockerfile(path: str, text: str, found: Found) -> None:
    """Take base images, and what `pip` and `apt-get` are told to install."""
    found.read(path)
    stages: set[str] = set()
    for line, words in _instructions(text):
        at = Place(path, "Dockerfile", line)
        if base := _FROM.fullmatch(words):
            if base[1].lower() not in stages and base[1] != "scratch":
                _image(base[1], at, found)
            stages.add((base[2] or "").lower())
        elif run := _RUN.fullmatch(words):
            for command in _SPLIT.split(run[1]):
                _command(command, at, found)


def _image(name: str, at: Place, found: Found) -> None:
    image, _, digest = name.partition("@")
    bare, colon, tag = image.rpartition(":")
    if not colon or "/" in tag:
        bare, tag = image, ""
    found.other(at, f"image {bare}", digest or tag or None, relation=Relation.NEEDS)


def _command(command: str, at: Place, found: Found) -> None:
    if pip := _PIP.search(command):
        for word in _words(pip[1], at, found):
            requirements.entry(word, at, found)
    elif apt := _APT.search(command):
        for word in _words(apt[1], at, found):
            match = _DEBIAN.fullmatch(word)
            if match:
                found.other(at, match[1], match[2], "Debian", Relation.NEEDS)


_TAKES = frozenset(
    ["-r", "-c", "-e", "-i", "-f", "-t", "--index-url", "--extra-index-url", "--find-links",
     "--target", "--requirement", "--constraint", "--platform", "--python-version", "--prefix"]
)  # fmt: skip


def _words(text: str, at: Place, found: Found) -> Iterator[str]:
    try:
        words = shlex.split(text)
    except ValueError:
        found.trouble(at, f"{text[:120]!r} is no command line")
        return
    skip = False
    for word in words:
        if skip or word.startswith("-"):
            skip = word in _TAKES and not skip
        elif "$" in word:
            found.trouble(at, f"{word[:120]!r} is known only when the image is built")
        else:
            yield word


def _instructions(text: str) -> Iterator[tuple[int, str]]:
    kept, began = "", 0
    for number, raw in enumerate(text.splitlines()[:50_000], 1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        began = began or number
        if line.endswith("\\") and len(kept) < 64 * 1024:
            kept += line[:-1] + " "
            continue
        yield began, kept + line
        kept, began = "", 0
    if kept:
        yield began, kept


def _texts(told: Plain) -> list[str]:
    return [one for one in told if isinstance(one, str)] if isinstance(told, list) else []
