"""`pyproject.toml`, and the lock files of Python, npm and cargo."""

from collections.abc import Callable, Iterator, Mapping

from pratique.artifacts.inventory import requirements
from pratique.artifacts.inventory.found import Found, Place
from pratique.core.component import CRATES, NPM, Component, Relation, Sure

_CARET = "^"


def pyproject(path: str, told: object, found: Found) -> None:
    """Take what a project needs to be built and run, in PEP 621's tables and in Poetry's."""
    at = Place(path, "pyproject")
    found.read(path)
    project = _table(told, "project")
    for line in _texts(project.get("dependencies")):
        requirements.entry(line, at, found)
    for group in _table(project, "optional-dependencies").values():
        for line in _texts(group):
            requirements.entry(line, at, found)
    for group in _table(told, "dependency-groups").values():
        for line in _texts(group):
            requirements.entry(line, at, found)
    for line in _texts(_table(told, "build-system").get("requires")):
        requirements.entry(line, at, found)
    poetry = _table(_table(told, "tool"), "poetry")
    _poetry(_table(poetry, "dependencies"), at, found)
    for group in _table(poetry, "group").values():
        _poetry(_table(group, "dependencies"), at, found)


def _poetry(rows: Mapping[str, object], at: Place, found: Found) -> None:
    for name, told in rows.items():
        spec = told.get("version", "") if isinstance(told, dict) else told
        if name == "python":
            found.other(at, "python", spec, relation=Relation.NEEDS)
        elif isinstance(spec, str):
            found.python(at, name, _from_poetry(spec))
        else:
            found.trouble(at, f"{name[:80]!r} has no version that is a text")


def _from_poetry(spec: str) -> str:
    """Return Poetry's `^1.2` and bare versions as PEP 440 writes them; the rest is the same."""
    text = spec.strip()
    if text.startswith(_CARET):
        parts = text[1:].strip().split(".")
        for index, part in enumerate(parts):
            if part.isdigit() and (int(part) or index == len(parts) - 1):
                upper = [*parts[:index], str(int(part) + 1)]
                return f">={text[1:].strip()},<{'.'.join(upper)}"
        return text
    if text.startswith("~") and not text.startswith("~="):
        return f"~={text[1:].strip()}.0" if text.count(".") < 2 else f"~={text[1:].strip()}"  # noqa: PLR2004
    return f"=={text}" if text[:1].isdigit() else text


def python_lock(path: str, told: object, found: Found) -> None:
    """Take the packages of poetry.lock, uv.lock, pdm.lock and pylock.toml (PEP 751)."""
    at = Place(path, "lock")
    found.read(path)
    rows = told.get("package", told.get("packages")) if isinstance(told, dict) else None
    if not isinstance(rows, list):
        found.trouble(at, "no list of packages could be read")
        return
    for row in rows:
        name = row.get("name") if isinstance(row, dict) else None
        version = row.get("version") if isinstance(row, dict) else None
        if isinstance(name, str):
            found.python(at, name, f"=={version}" if isinstance(version, str) else "")
        else:
            found.trouble(at, "a package without a name")


def pipfile_lock(path: str, told: object, found: Found) -> None:
    """Take the packages of Pipfile.lock."""
    at = Place(path, "lock")
    found.read(path)
    for group in ("default", "develop"):
        for name, row in _table(told, group).items():
            spec = row.get("version", "") if isinstance(row, dict) else ""
            found.python(at, name, spec if isinstance(spec, str) else "")


def package_json(path: str, told: object, found: Found) -> None:
    """Take the ranges that a package.json asks for: npm's ranges are kept as they are written."""
    at = Place(path, "package.json")
    found.read(path)
    for group in ("dependencies", "devDependencies", "optionalDependencies"):
        for name, spec in _table(told, group).items():
            exact = isinstance(spec, str) and spec[:1].isdigit() and " " not in spec
            _other(at, NPM, (name, spec if exact else ""), str(spec), found)


def package_lock(path: str, told: object, found: Found) -> None:
    """Take the packages of package-lock.json, versions 1 to 3."""
    at = Place(path, "lock")
    found.read(path)
    for place, row in _table(told, "packages").items():
        name = place.rpartition("node_modules/")[2]
        if place and isinstance(row, dict):
            _other(at, NPM, (name, row.get("version")), "", found)
    for name, row in _table(told, "dependencies").items():
        if isinstance(row, dict):
            _other(at, NPM, (name, row.get("version")), "", found)


def cargo_lock(path: str, told: object, found: Found) -> None:
    """Take the crates of Cargo.lock."""
    at = Place(path, "lock")
    found.read(path)
    rows = told.get("package") if isinstance(told, dict) else None
    for row in rows if isinstance(rows, list) else []:
        if isinstance(row, dict):
            _other(at, CRATES, (row.get("name"), row.get("version")), "", found)


def _other(
    at: Place, ecosystem: str, named: tuple[object, object], spec: str, found: Found
) -> None:
    name, version = named
    if not isinstance(name, str) or not name:
        found.trouble(at, "a package without a name")
        return
    exact = isinstance(version, str) and bool(version)
    found.add(
        Component(
            ecosystem=ecosystem,
            name=name[:300],
            version=str(version)[:300] if exact else "",
            spec=(spec or str(version or ""))[:300],
            sure=Sure.EXACT if exact else (Sure.RANGE if spec else Sure.UNKNOWN),
            relation=Relation.NEEDS,
            path=at.path,
            via=at.via,
        )
    )


def _table(told: object, key: str) -> Mapping[str, object]:
    value = told.get(key) if isinstance(told, dict) else None
    return value if isinstance(value, dict) else {}


def _texts(told: object) -> Iterator[str]:
    for one in told if isinstance(told, list) else []:
        if isinstance(one, str):
            yield one


LOCKS: Mapping[str, Callable[[str, object, Found], None]] = {
    "poetry.lock": python_lock,
    "uv.lock": python_lock,
    "pdm.lock": python_lock,
    "pylock.toml": python_lock,
    "cargo.lock": cargo_lock,
}
"""Locks in TOML, by their names in lower case."""
