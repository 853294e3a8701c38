"""What configurations of a repository name as code: shared by the rules about it."""

import re
from collections.abc import Iterator

from pratique.artifacts.views import Repository, RepositoryFile

_DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+|[a-z_]{2,20}")
NAMING = frozenset(
    ["type", "function", "func", "callable", "class", "py/object", "py/type", "py/function",
     "registered_name", "fn", "loss_fn", "activation"]
)  # fmt: skip
"""Keys that name a callable to some loader, and harmless things to most."""
_HARMFUL = re.compile(
    r"(?:os|posix|nt|subprocess|builtins|importlib|runpy|pty|socket|ctypes|pickle|marshal|shutil)"
    r"\.\w+"
)


def documents(view: Repository) -> Iterator[tuple[RepositoryFile, object]]:
    """Yield every file that holds a JSON configuration, with the document."""
    for file in view.files:
        for kind, _, data in file.facts:
            if kind == "json":
                yield file, data


def rows(file: RepositoryFile) -> Iterator[tuple[str, str, int]]:
    """Yield (key, value, line) of the keys in a file's YAML that name code."""
    for kind, _, data in file.facts:
        for row in data if kind == "yaml" and isinstance(data, list) else []:
            match row:
                case [str() as key, str() as value, int() as line]:
                    yield key, value, line
                case _:
                    continue


def is_mlmodel(file: RepositoryFile) -> bool:
    """Tell MLflow's file by its fixed name, or by its key `loader_module`."""
    if file.path.rpartition("/")[2] == "MLmodel":
        return True
    return any(key == "loader_module" for key, _, _ in rows(file))


def targets(file: RepositoryFile) -> Iterator[tuple[str, int]]:
    """Yield (dotted name, line) of every callable that a YAML or JSON file names."""
    for key, value, line in rows(file):
        if (key in {"_target_", "class_path"} and value) or (
            key == "target" and "." in value and _DOTTED.fullmatch(value)
        ):
            yield value, line
    for kind, _, data in file.facts:
        if kind == "json":
            for value in _in_json(data):
                yield value, 0


def _joined(part: dict[str, object]) -> Iterator[str]:
    """Yield what two keys name together: Keras's module and class, PEFT's library and class."""
    module, name = part.get("module"), part.get("class_name")
    if (module, name) == ("builtins", "function"):
        module = None  # so Keras writes a function that it knows by name
    if isinstance(module, str) and isinstance(name, str) and _HARMFUL.match(f"{module}.{name}"):
        yield f"{module}.{name}"
    mapping = part.get("auto_mapping")
    if isinstance(mapping, dict) and isinstance(mapping.get("parent_library"), str):
        yield f"{mapping['parent_library']}.{mapping.get('base_model_class')}"


def _in_json(document: object) -> Iterator[str]:
    stack = [document]
    for _ in range(200_000):
        if not stack:
            return
        part = stack.pop()
        if isinstance(part, dict):
            for key, value in part.items():
                if isinstance(value, str) and (
                    key in {"_target_", "class_path"} or (key in NAMING and _HARMFUL.match(value))
                ):
                    yield value
            yield from _joined(part)
            stack.extend(part.values())
        elif isinstance(part, list):
            stack.extend(part)
