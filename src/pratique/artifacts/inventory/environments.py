"""Conda environments, MLflow's `MLmodel` and `python_env.yaml`, and Dockerfiles."""

import json
import re
from collections.abc import Iterator, Sequence

from pratique.artifacts.inventory import commands, requirements
from pratique.artifacts.inventory.aliases import FLAVOURS
from pratique.artifacts.inventory.found import Found, Place
from pratique.artifacts.inventory.plain_yaml import Plain, load
from pratique.artifacts.inventory.texts import Texts
from pratique.core.component import Relation

MOST_LINES = 50_000
MOST_WORDS = 64 * 1024
_FROM = re.compile(r"FROM\s+(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?\s*", re.IGNORECASE)
_RUN = re.compile(r"(?:ONBUILD\s+)*RUN\s+(.+)", re.IGNORECASE | re.DOTALL)
_FLAGS = re.compile(r"(?:--[a-z]+(?:=\S+)?\s+)+")
_HEREDOC = re.compile(r"<<-?\s*([\"']?)([A-Za-z_]\w*)\1")
_ESCAPE = re.compile(r"#\s*escape\s*=\s*`\s*", re.IGNORECASE)
_MARKS = frozenset(["dependencies", "channels"])


def conda(path: str, text: str, found: Found, texts: Texts) -> None:
    """Take the dependencies of a conda environment, those that pip installs as Python's own.

    A mapping without any of conda's own keys is somebody else's `environment.yml`.
    """
    told = load(text)
    if isinstance(told, dict) and _MARKS.isdisjoint(told):
        found.read(path)
        return
    rows = told.get("dependencies") if isinstance(told, dict) else None
    at = Place(path, "conda")
    found.read(path)
    if not isinstance(rows, list):
        found.trouble(at, "no list of `dependencies` could be read")
        return
    for row in rows:
        if isinstance(row, dict):
            _listed(row.get("pip"), at, found, texts)
        elif isinstance(row, str):
            commands.entry_of_conda(row, at, found)
        else:
            found.trouble(at, "a dependency that is no text")


def _listed(rows: Plain, at: Place, found: Found, texts: Texts) -> None:
    """Take lines as pip takes them, with the lists that they include."""
    for line in rows if isinstance(rows, list) else [rows]:
        if isinstance(line, str):
            for aim in requirements.entry(line, at, found, texts):
                requirements.read(aim, found, texts)
        elif line is not None:
            found.trouble(at, "a requirement that is no text")


def mlmodel(path: str, text: str, found: Found, _: Texts) -> None:
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
            if key in FLAVOURS:
                found.made_with(at, FLAVOURS[key], value)
            elif key == "python_version" and isinstance(value, str):
                found.other(at, "python", value)


def python_env(path: str, text: str, found: Found, texts: Texts) -> None:
    """Take what MLflow's `python_env.yaml` builds and installs."""
    found.read(path)
    told = load(text)
    if not isinstance(told, dict):
        found.trouble(Place(path, "python_env"), "is no YAML mapping")
        return
    at = Place(path, "python_env")
    if isinstance(told.get("python"), str):
        found.other(at, "python", told["python"], relation=Relation.NEEDS)
    for key in ("build_dependencies", "dependencies"):
        _listed(told.get(key), at, found, texts)


def dockerfile(path: str, text: str, found: Found, texts: Texts) -> None:
    """Take base images, and what commands are told to install."""
    found.read(path)
    stages: set[str] = set()
    for line, words in _instructions(text, Place(path, "Dockerfile"), found):
        at = Place(path, "Dockerfile", line)
        if base := _FROM.fullmatch(words):
            if base[1].lower() not in stages and base[1] != "scratch":
                _image(base[1], at, found)
            stages.add((base[2] or "").lower())
        elif run := _RUN.fullmatch(words):
            _run(_FLAGS.sub("", run[1], count=1), at, found, texts)


def _run(body: str, at: Place, found: Found, texts: Texts) -> None:
    """Take one RUN: a shell's words, or the list of words that no shell splits."""
    told = _list(body)
    if told is None:
        commands.script(body, at, found, texts)
    elif inner := commands.argv(told, at, found, texts):
        commands.script(inner, at, found, texts)


def _list(body: str) -> Sequence[str] | None:
    """Return the words of a RUN in the form of JSON, None for a shell's."""
    if not body.lstrip().startswith("["):
        return None
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return None  # which is what a builder makes of it
    return told if isinstance(told, list) and all(isinstance(w, str) for w in told) else None


def _image(name: str, at: Place, found: Found) -> None:
    image, _, digest = name.partition("@")
    bare, colon, tag = image.rpartition(":")
    if not colon or "/" in tag:
        bare, tag = image, ""
    found.other(at, f"image {bare}", digest or tag or None, relation=Relation.NEEDS)


def _instructions(text: str, at: Place, found: Found) -> Iterator[tuple[int, str]]:
    """Yield (line, instruction), continuations joined and here-documents after their RUN."""
    lines = text.splitlines()
    if len(lines) > MOST_LINES:
        found.trouble(Place(at.path, at.via, MOST_LINES), f"more than {MOST_LINES} lines")
    escape = "`" if lines and any(_ESCAPE.fullmatch(one) for one in lines[:3]) else "\\"
    rest = iter(enumerate(lines[:MOST_LINES], 1))
    kept, began = "", 0
    for number, raw in rest:
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        began = began or number
        if line.endswith(escape) and len(kept) < MOST_WORDS:
            kept += line[:-1] + " "
            continue
        whole = kept + line
        for mark in _HEREDOC.finditer(whole) if _RUN.fullmatch(whole) else []:
            whole += _here(rest, mark[2])
        yield began, _HEREDOC.sub("", whole)
        kept, began = "", 0
    if kept:
        yield began, kept


def _here(rest: Iterator[tuple[int, str]], end: str) -> str:
    body = []
    for _, raw in rest:
        if raw.strip() == end:
            break
        body.append(raw)
    return "\n" + "\n".join(body)
