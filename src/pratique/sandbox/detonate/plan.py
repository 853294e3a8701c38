"""Which loaders take which files, told by content first: a name is the publisher's word.

A file that several loaders of the wild would take is planned for each of them. What nothing here
can load is named with its reason; text, pictures and settings hold nothing to run.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pratique.sandbox.detonate import formats
from pratique.sandbox.detonate.files import Listing, ModelFile

WHOLE = "."
"""The target of loaders that take the folder as a whole."""
PYTHON = (".py", ".pyc", ".so", ".pyd")
CODELESS = frozenset({"safetensors", "sentencepiece"})
"""Formats of numbers and strings alone: one run shows what their parsers do."""


@dataclass(frozen=True, slots=True)
class Task:
    """One loader over one target; `files` are the paths that it takes in when it succeeds."""

    loader: str
    target: str
    files: tuple[str, ...]

    @property
    def once(self) -> bool:
        """Tell whether one condition is enough."""
        return self.loader in CODELESS


@dataclass(frozen=True, slots=True)
class Plan:
    """The tasks, the files in which there is nothing to run, and (path, why) of what stays out."""

    tasks: tuple[Task, ...]
    inert: tuple[str, ...]
    unloaded: tuple[tuple[str, str], ...]


def plan(found: Listing, versions: Mapping[str, str]) -> Plan:
    """Return what to run of a model, with the loaders that are installed (name -> version).

    A task whose loader is not installed is replaced by entries of `unloaded` for files that no
    other task takes.
    """
    tasks = [*_folder_tasks(found), *_file_tasks(found)]
    able = [task for task in tasks if task.loader in versions]
    taken = {path for task in able for path in task.files}
    why = {
        path: f"needs {task.loader}, which is not installed beside the interpreter used"
        for task in tasks
        for path in task.files
        if path not in taken
    }
    inert = []
    for file in found.files:
        if file.path in taken or file.path in why:
            continue
        if reason := formats.unloadable(file):
            why[file.path] = reason
        else:
            inert.append(file.path)
    return Plan(tuple(able), tuple(inert), (*found.unread, *sorted(why.items())))


def _file_tasks(found: Listing) -> Iterator[Task]:
    for file in found.files:
        for loader in formats.loaders(file):
            yield Task(loader, file.path, (file.path,))


def _folder_tasks(found: Listing) -> Iterator[Task]:
    by_path = {file.path: file for file in found.files}
    for path in sorted(by_path):
        folder, _, name = path.rpartition("/")
        if name == "saved_model.pb":
            yield Task("tensorflow", folder or WHOLE, _below(found, folder))
        if name == "config.json" and _is_hub(by_path[path]):
            yield Task("transformers", folder or WHOLE, _hub_files(found, folder))
    modules = tuple(f.path for f in found.files if f.suffix in PYTHON and f.name != "setup.py")
    if modules:
        yield Task("python", WHOLE, modules)


def _is_hub(file: ModelFile) -> bool:
    words = (b'"model_type"', b'"auto_map"', b'"architectures"', b'"custom_pipelines"')
    return any(word in file.head for word in words)


_HUB_NAMES = (".safetensors", ".bin", ".json", ".model", ".jinja", ".txt", ".py")
_NOT_TRANSFORMERS = ("optimizer", "scheduler", "rng_state", "training_args")


def _hub_files(found: Listing, folder: str) -> tuple[str, ...]:
    """Return the files that `from_pretrained` takes from a folder of the hub's shape.

    Pickled weights are left to torch's own loader as well: `from_pretrained` refuses their code.
    """
    prefix = f"{folder}/" if folder else ""
    return tuple(
        file.path
        for file in found.files
        if file.path.startswith(prefix)
        and "/" not in file.path[len(prefix) :]
        and file.suffix in _HUB_NAMES
        and not file.name.startswith(_NOT_TRANSFORMERS)
        and (file.suffix != ".bin" or file.name.startswith("pytorch_model"))
    )


def _below(found: Listing, folder: str) -> tuple[str, ...]:
    prefix = f"{folder}/" if folder else ""
    return tuple(file.path for file in found.files if file.path.startswith(prefix))
