"""From the facts of all files to one inventory; runs in a worker, as all parsing does."""

import re
from collections.abc import Callable, Iterator

from pratique.artifacts.inventory import configs, environments, imports, projects, requirements
from pratique.artifacts.inventory.found import Found, Place
from pratique.artifacts.views import Repository
from pratique.core.component import Inventory

_REQUIREMENTS = re.compile(r"(?:.*[-_.])?(?:requirements?|constraints)(?:[-_.].*)?\.(?:txt|in|pip)")
_CONDA = re.compile(r"(?:conda|environment|env)[\w.-]*\.ya?ml")
_DOCKER = re.compile(r"(?:dockerfile|containerfile)(?:[.-].*)?|.*\.dockerfile")
_METADATA = re.compile(r"(?:.*/)?[^/]+\.(?:dist-info/METADATA|egg-info/PKG-INFO)|PKG-INFO")

Named = tuple[str, object]
"""A path, with members after `!`, and the data of a fact."""


_last: list[tuple[Repository, Inventory]] = []
"""The view that was asked about last: every rule over a repository asks about the same one."""


def collect(view: Repository) -> Inventory:
    """Return what a package names, whatever of it is broken."""
    if _last and _last[0][0] is view:
        return _last[0][1]
    made = _collected(view)
    _last[:] = [(view, made)]
    return made


def _collected(view: Repository) -> Inventory:
    found = Found()
    texts = dict(_facts(view, "text"))
    own = {part for f in view.files for part in _modules(f.path)}

    def text_of(path: str) -> str | None:
        told = texts.get(path)
        body = told.get("text") if isinstance(told, dict) else None
        return body if isinstance(body, str) else None

    for path, told in texts.items():
        _text(path, text_of(path) or "", found, text_of)
        if path in found.places and isinstance(told, dict) and told.get("cut"):
            found.trouble(Place(path, "text"), "is too long; the rest was not read")
    _structured(view, found)
    for path, data in _facts(view, "imports"):
        imports.read(path, data, own, found)
    _unread(view, texts, found)
    return found.inventory()


def _text(path: str, text: str, found: Found, texts: Callable[[str], str | None]) -> None:
    name = _name(path)
    listing = "/requirements/" in f"/{path.lower()}" and name.endswith((".txt", ".in", ".pip"))
    if listing or _REQUIREMENTS.fullmatch(name):
        requirements.read(path, text, found, texts)
    elif _METADATA.fullmatch(path.rpartition("!")[2]):
        configs.distribution(path, text, found)
    else:
        take = next((take for pattern, take in _TEXTS if pattern.fullmatch(name)), None)
        if take is not None:
            take(path, text, found)


_TEXTS: tuple[tuple[re.Pattern[str], Callable[[str, str, Found], None]], ...] = (
    (re.compile(r"python_env\.ya?ml"), environments.python_env),
    (re.compile(r"mlmodel"), environments.mlmodel),
    (_CONDA, environments.conda),
    (_DOCKER, environments.dockerfile),
    (re.compile(r"readme\.md"), configs.card),
)
_JSON: dict[str, Callable[[str, object, Found], None]] = {
    "package.json": projects.package_json,
    "package-lock.json": projects.package_lock,
    "pipfile.lock": projects.pipfile_lock,
}
_HEADERS: dict[str, Callable[[str, object, Found], None]] = {
    "gguf": configs.gguf,
    "safetensors": configs.safetensors,
    "onnx": configs.onnx,
    "hdf5": configs.hdf5,
}


def _structured(view: Repository, found: Found) -> None:
    for path, data in _facts(view, "toml"):
        name = _name(path)
        if name == "pyproject.toml":
            projects.pyproject(path, data, found)
        elif (lock := projects.LOCKS.get(name)) or name.startswith("pylock."):
            (lock or projects.python_lock)(path, data, found)
    for path, data in _facts(view, "json"):
        _JSON.get(_name(path), configs.document)(path, data, found)
    for kind, take in _HEADERS.items():
        for path, data in _facts(view, kind):
            take(path, data, found)
    for path in _paths(view):
        configs.shared_object(path, path.rpartition("/")[2].rpartition("!")[2], found)


def _unread(view: Repository, texts: dict[str, object], found: Found) -> None:
    """Name files that by their name list components, and of which no reader made anything."""
    for file in view.files:
        name = _name(file.path)
        listed = _REQUIREMENTS.fullmatch(name) or _DOCKER.fullmatch(name) or name in _ALWAYS
        if listed and file.path not in found.places and file.path not in texts and file.size:
            found.trouble(Place(file.path, "text"), "could not be read as what its name says")


_ALWAYS = frozenset(["pyproject.toml", "mlmodel", "conda.yaml", *projects.LOCKS, *_JSON])


def _facts(view: Repository, kind: str) -> Iterator[Named]:
    for file in view.files:
        for told, chain, data in file.facts:
            if told == kind:
                yield "!".join((file.path, *chain)), data


def _paths(view: Repository) -> Iterator[str]:
    for file in view.files:
        yield file.path
        seen = {chain for _, chain, _ in file.facts if chain}
        for chain in sorted(seen):
            yield "!".join((file.path, *chain))


def _modules(path: str) -> Iterator[str]:
    """Yield the names under which code of the package itself can be imported."""
    for part in path.split("/"):
        yield part.removesuffix(".py")


def _name(path: str) -> str:
    return path.rpartition("!")[2].rpartition("/")[2].lower()
