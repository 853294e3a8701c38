"""From the facts of all files to one inventory; runs in a worker, as all parsing does."""

from collections.abc import Callable, Iterator

from pratique.artifacts.inventory import configs, environments, imports, projects, requirements
from pratique.artifacts.inventory.found import Found, Place
from pratique.artifacts.inventory.names import KINDS, LISTED, OPTIONAL, sort_of
from pratique.artifacts.inventory.texts import Texts
from pratique.artifacts.views import Repository
from pratique.core.component import Inventory

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
    told = {path: data for path, data in _facts(view, "text") if isinstance(data, dict)}
    bodies = {
        path: text for path, data in told.items() if isinstance(text := data.get("text"), str)
    }
    texts = Texts(bodies, frozenset(path for path, data in told.items() if data.get("cut")))
    for path, text in bodies.items():
        if (take := _TEXTS.get(sort_of(path))) is not None:
            take(path, text, found, texts)
    _structured(view, found, texts)
    own = {part for path in _paths(view) for part in _modules(path)}
    for path, data in _facts(view, "imports"):
        imports.read(path, data, own, found)
    for path in sorted(texts.cut & found.places):
        found.trouble(Place(path, "text"), "is too long; the rest was not read")
    _unread(view, found)
    return found.inventory()


def _requirements(path: str, _: str, found: Found, texts: Texts) -> None:
    found.read(path)
    requirements.read(path, found, texts)


def _metadata(path: str, text: str, found: Found, _: Texts) -> None:
    configs.distribution(path, text, found)


def _card(path: str, text: str, found: Found, _: Texts) -> None:
    configs.card(path, text, found)


_TEXTS: dict[str, Callable[[str, str, Found, Texts], None]] = {
    "requirements": _requirements,
    "metadata": _metadata,
    "python_env": environments.python_env,
    "mlmodel": environments.mlmodel,
    "conda": environments.conda,
    "dockerfile": environments.dockerfile,
    "card": _card,
    "setup_cfg": projects.setup_cfg,
}
_TOML: dict[str, Callable[[str, object, Found], None]] = {
    "python_lock": projects.python_lock,
    "cargo_lock": projects.cargo_lock,
    "pipfile": projects.pipfile,
}
_JSON: dict[str, Callable[[str, object, Found], None]] = {
    "package_json": projects.package_json,
    "package_lock": projects.package_lock,
    "pipfile_lock": projects.pipfile_lock,
}
_HEADERS: dict[str, Callable[[str, object, Found], None]] = {
    "gguf": configs.gguf,
    "safetensors": configs.safetensors,
    "onnx": configs.onnx,
    "hdf5": configs.hdf5,
}


def _structured(view: Repository, found: Found, texts: Texts) -> None:
    for path, data in _facts(view, "toml"):
        sort = sort_of(path)
        if sort == "pyproject":
            projects.pyproject(path, data, found, texts)
        elif (take := _TOML.get(sort)) is not None:
            take(path, data, found)
    for path, data in _facts(view, "json"):
        _JSON.get(sort_of(path), configs.document)(path, data, found)
    for kind, take in _HEADERS.items():
        for path, data in _facts(view, kind):
            take(path, data, found)
    for path in _paths(view):
        configs.shared_object(path, path.rpartition("/")[2].rpartition("!")[2], found)


def _unread(view: Repository, found: Found) -> None:
    """Name what by its name lists components, and of which no reader made anything."""
    inside = {path for path, data in _facts(view, LISTED) if data}
    whole = {file.path for file in view.files if file.size}
    for path in sorted(inside | whole):
        sort = sort_of(path)
        if sort in KINDS and sort not in OPTIONAL and path not in found.places:
            found.trouble(Place(path, KINDS[sort]), "could not be read as what its name says")


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
    inner = path.rpartition("!")[2]
    if inner.endswith(".py"):
        yield from inner.removesuffix(".py").split("/")
