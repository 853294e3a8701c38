"""What configurations of a repository name as code: shared by the rules about it."""

import re
from collections.abc import Iterator

from pratique.artifacts.readers.named_code import HARMFUL
from pratique.artifacts.views import Repository, RepositoryFile
from pratique.core.finding import Span

TARGETS = frozenset(
    ["_target_", "class_path", "_class_path", "__target__", "_component_", "pyref", "provider"]
)
OFTEN_ELSE = frozenset(["target", "cls"])
"""Keys of NeMo and latent diffusion, which mean a file or a class of things to others."""
NAMING = frozenset(
    ["type", "function", "func", "callable", "class", "py/object", "py/type", "py/function",
     "py/reduce", "registered_name", "fn", "loss_fn", "activation", "path", "method", "name",
     "_class_", "_component_", "__target__", "object", "factory", "class_name", "module",
     "constructor", "hook", "callback"]
)  # fmt: skip
"""Keys that name a callable to some loader, and harmless things to most."""
_FILE = re.compile(
    r".*\.(?:txt|py|md|rst|html?|json|ya?ml|toml|so|sh|js|ts|css|csv|log|pkl|pt|onnx)"
)
_MODULE = re.compile(
    r"(?:os|posix|nt|subprocess|builtins|importlib|runpy|pty|socket|ctypes|pickle|marshal|shutil)"
    r"(?:\.|\Z)"
)
_DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+")


def documents(view: Repository) -> Iterator[tuple[RepositoryFile, object]]:
    """Yield every file that holds a JSON configuration, with the document."""
    for file in view.files:
        for kind, _, data in file.facts:
            if kind == "json":
                yield file, data


def rows(file: RepositoryFile) -> Iterator[tuple[str, str, Span]]:
    """Yield (key, value, place) of the entries in a file's YAML and JSON that name code."""
    for kind, chain, data in file.facts:
        for row in data if kind in {"yaml", "named"} and isinstance(data, list) else []:
            match row:
                case [str() as key, str() as value, int() as line]:
                    yield key, value.strip(), Span(chain=(file.path, *chain), line=line)
                case _:
                    continue


def is_mlmodel(file: RepositoryFile, at: Span) -> bool:
    """Tell MLflow's file by its fixed name, or by its key `loader_module`."""
    if at.chain[-1].rpartition("/")[2] == "MLmodel":
        return True
    return any(key == "loader_module" for key, _, other in rows(file) if other.chain == at.chain)


def looked_up(target: str) -> bool:
    """Tell whether what is called is named by another entry, so that any entry may name it."""
    return "${" in target or target.startswith("hydra.utils.")


def targets(file: RepositoryFile) -> Iterator[tuple[str, Span]]:
    """Yield (dotted name, place) of every callable that a YAML or JSON file names."""
    named = list(rows(file))
    relayed = {at.chain for key, value, at in named if key in TARGETS and looked_up(value)}
    programs = {(file.path, *chain) for kind, chain, _ in file.facts if kind == "exported"}
    for key, value, at in named:
        often = key in OFTEN_ELSE and at.chain not in programs and _DOTTED.fullmatch(value)
        loose = at.chain in relayed or key in NAMING or key == "lc"
        if (
            (key in TARGETS and value)
            or (often and not _FILE.fullmatch(value))
            or (loose and HARMFUL.fullmatch(value))
        ):
            yield value, at
    for kind, chain, data in file.facts:
        if kind == "json":
            for value in _in_json(data):
                yield value, Span(chain=(file.path, *chain))


def _joined(part: dict[str, object]) -> Iterator[str]:
    """Yield what two keys name together: Keras's module and class, PEFT's library and class."""
    module, name = part.get("module"), part.get("class_name")
    if (module, name) == ("builtins", "function"):
        module = None  # so Keras writes a function that it knows by name
    if isinstance(module, str) and isinstance(name, str) and _MODULE.match(module):
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
            yield from _joined(part)
            stack.extend(part.values())
        elif isinstance(part, list):
            stack.extend(part)
