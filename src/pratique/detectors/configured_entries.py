"""Every place at which a configuration makes a loader run Python of the repository."""

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from pratique.artifacts.inventory.plain_yaml import load
from pratique.artifacts.views import Repository
from pratique.core.finding import Span

MOST_TARGETS = 1_000
MOST_NODES = 200_000
OWN_LIBRARIES = ("sentence_transformers.", "pylate.", "transformers.", "torch.nn.")


@dataclass(frozen=True, slots=True)
class Entry:
    """One target: `by` is the configuration, `key` what in it, `target` as it is written.

    `paths` are the files that may be meant, the likeliest first; `foreign` tells a target in
    another repository. `depth` is how deep in the document it stands.
    """

    by: str
    key: str
    target: str
    paths: tuple[str, ...] = ()
    foreign: bool = False
    depth: int = 0


INSIDE = "!/"
"""Stands between an archive and a member in a path, so that members have folders, too."""


def place(path: str, chain: tuple[str, ...]) -> str:
    """Return one path for a file or for a member of one."""
    return INSIDE.join((path, *chain))


def span(path: str, line: int = 0) -> Span:
    """Return the place that such a path stands for."""
    return Span(chain=tuple(path.split(INSIDE)), line=line)


def places(view: Repository) -> frozenset[str]:
    """Return the paths of all files, and of all members that readers told of."""
    inside = (place(file.path, chain) for file in view.files for _, chain, _ in file.facts)
    return frozenset((*(file.path for file in view.files), *inside))


def entries(view: Repository) -> Iterator[Entry]:
    """Yield every entry that the files of a repository name, in the order of the files."""
    there = places(view)
    for file in view.files:
        for kind, chain, data in file.facts:
            at = place(file.path, chain)
            if kind == "json":
                yield from _of_json(at, data)
            elif kind == "text" and isinstance(data, dict):
                yield from _of_text(there, at, str(data.get("text", "")))
    for path in sorted(there):
        if found := _BY_NAME.search(path):
            yield Entry(path, "name", found[0].lstrip("/"), (path,))


def mappings(document: object) -> Iterator[tuple[int, Mapping[str, object]]]:
    """Yield (depth, mapping) of every mapping in a document, the outermost first, within bounds."""
    level, depth, seen = [document], 0, 0
    while level:
        below: list[object] = []
        for part in level:
            seen += 1
            if seen > MOST_NODES:
                return
            if isinstance(part, dict):
                yield depth, part
                below.extend(part.values())
            elif isinstance(part, list):
                below.extend(part)
        level, depth = below, depth + 1


def auto_map(document: object) -> Iterator[tuple[int, str]]:
    """Yield (depth, target) of `auto_map` at any depth: a text, a pair or a mapping of them."""
    left = MOST_TARGETS
    for depth, node in mappings(document):
        told = node.get("auto_map")
        values = list(told.values()) if isinstance(told, dict) else [told]
        for value in values[:MOST_TARGETS]:
            for target in value[:10] if isinstance(value, list) else [value]:
                if isinstance(target, str) and target and left:
                    left -= 1
                    yield depth, target


def _of_json(path: str, document: object) -> Iterator[Entry]:
    folder = path.rpartition("/")[0]
    for depth, target in auto_map(document):
        yield _entry(path, "auto_map", target.rpartition(".")[0], target, (folder,), depth)
    if isinstance(document, list):
        yield from _sentence_modules(path, folder, document)
    if not isinstance(document, dict):
        return
    pipelines = document.get("custom_pipelines")
    for row in list(pipelines.values())[:50] if isinstance(pipelines, dict) else []:
        impl = row.get("impl") if isinstance(row, dict) else None
        if isinstance(impl, str):
            yield _entry(path, "custom_pipelines", impl.rpartition(".")[0], impl, (folder,))
    if "_class_name" in document:
        yield from _components(path, folder, document)


def _sentence_modules(path: str, folder: str, rows: list[object]) -> Iterator[Entry]:
    for row in rows[:100]:
        kind = row.get("type") if isinstance(row, dict) else None
        if isinstance(kind, str) and "." in kind and not kind.startswith(OWN_LIBRARIES):
            own = str(row.get("path") or "") if isinstance(row, dict) else ""
            folders = (folder, posixpath.join(folder, own))
            yield _entry(path, "type", kind.rpartition(".")[0], kind, folders)


def _components(path: str, folder: str, document: Mapping[str, object]) -> Iterator[Entry]:
    """Yield components that may be files: diffusers looks in the component's folder."""
    for name, row in list(document.items())[:200]:
        match row:
            case [str() as library, str() as kind] if "." not in library or "--" in library:
                folders = (folder, posixpath.join(folder, name[:100]))
                yield _entry(path, f"component {name[:60]}", library, f"{library}.{kind}", folders)
            case _:
                continue
    if isinstance(document.get("_class_name"), str):
        for module in ("pipeline", "None"):
            yield _entry(path, "_class_name", module, str(document["_class_name"]), (folder,))


def _of_text(there: frozenset[str], path: str, text: str) -> Iterator[Entry]:
    folder = path.rpartition("/")[0]
    if "loader_module" in text or "model_code_path" in text:
        yield from _mlmodel(path, folder, load(text))
    if re.search(r'^\s*backend\s*:\s*"python"', text, re.MULTILINE):
        inside = folder + "/" if folder else ""
        for other in sorted(there):
            if other.startswith(inside) and other.endswith("/model.py"):
                yield Entry(path, "backend", "python", (other,))
    for key, pattern in _IN_TEXT.items():
        for told in islice(pattern.finditer(text), 100):
            if key != "import" or path.endswith(".pth"):
                yield _entry(path, key, told[1], told[1], (folder, posixpath.join(folder, "src")))


_IN_TEXT = {
    "build-backend": re.compile(r"^build-backend\s*=\s*[\"']([\w.]+)[\"']", re.MULTILINE),
    "service": re.compile(r"^service\s*:\s*['\"]?([\w.]+):\w+", re.MULTILINE),
    "import": re.compile(r"^import[ \t]+([\w.]+)", re.MULTILINE),
}


def _mlmodel(path: str, folder: str, document: object) -> Iterator[Entry]:
    for _, node in mappings(document):
        code = node.get("code")
        inside = posixpath.join(folder, code) if isinstance(code, str) else folder
        told = node.get("loader_module")
        if isinstance(told, str) and not told.startswith("mlflow."):
            yield _entry(path, "loader_module", told, told, (inside, folder))
        told = node.get("model_code_path")
        if isinstance(told, str):
            at = posixpath.normpath(posixpath.join(folder, told))
            beside = posixpath.join(folder, told.rpartition("/")[2])
            yield Entry(path, "model_code_path", told, (at, beside))


_BY_NAME = re.compile(
    r"(?:^|/)(?:custom_generate/generate|handler|sitecustomize|usercustomize)\.py$"
)


def _entry(  # noqa: PLR0913, PLR0917 - the parts of one entry
    by: str, key: str, module: str, target: str, folders: tuple[str, ...], depth: int = 0
) -> Entry:
    if "--" in target:
        return Entry(by, key, target[:300], foreign=True, depth=depth)
    stem = module.replace(".", "/")
    paths = [
        posixpath.normpath(posixpath.join(folder, stem + ending))
        for folder in folders
        for ending in (".py", "/__init__.py")
    ]
    return Entry(by, key, target[:300], tuple(dict.fromkeys(paths)), depth=depth)
