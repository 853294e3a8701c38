"""`pyproject.toml`, and the lock files of Python, npm and cargo."""

import re
import shlex
from collections.abc import Iterator, Mapping
from configparser import Error as ConfigParserError
from configparser import RawConfigParser

from pratique.artifacts.inventory import requirements
from pratique.artifacts.inventory.found import Found, Place
from pratique.artifacts.inventory.texts import Texts
from pratique.core.component import CRATES, NPM, Component, Relation, Sure

_CARET = "^"
_OWN = frozenset(["virtual", "editable"])
_EXACT = re.compile(r"\d+\.\d+\.\d+(?:[-+][\w.+-]*)?")
MOST_NESTED = 50_000


def pyproject(path: str, told: object, found: Found, texts: Texts) -> None:
    """Take what a project needs to be built, run and worked on, in every tool's tables."""
    at = Place(path, "pyproject")
    found.read(path)
    project, tool = _table(told, "project"), _table(told, "tool")
    listed = [project.get("dependencies"), *_table(project, "optional-dependencies").values()]
    listed += [
        *_table(told, "dependency-groups").values(),
        _table(told, "build-system").get("requires"),
    ]
    listed += _tools(tool)
    for rows in listed:
        for line in _texts(rows):
            requirements.entry(line, at, found)
    _dynamic(project, tool, at, (found, texts))
    poetry = _table(tool, "poetry")
    for rows in (poetry, *_tables(_table(poetry, "group"))):
        _poetry(_table(rows, "dependencies"), at, found)
    _poetry(_table(poetry, "dev-dependencies"), at, found)


def setup_cfg(path: str, text: str, found: Found, texts: Texts) -> None:
    """Take what setuptools reads from setup.cfg: `install_requires` and its extras."""
    at = Place(path, "setup.cfg")
    parser = RawConfigParser(strict=False)
    found.read(path)
    try:
        parser.read_string(text)
    except ConfigParserError as e:
        found.trouble(at, f"is no setup.cfg: {str(e).partition(chr(10))[0]}")
        return
    rows = [parser.get("options", "install_requires", fallback="")]
    if parser.has_section("options.extras_require"):
        rows += [value for _, value in parser.items("options.extras_require")]
    for line in (line.strip() for row in rows for line in row.split("\n")):
        if line.startswith("file:"):
            for name in line[5:].split(","):
                for aim in requirements.entry(f"-r {shlex.quote(name.strip())}", at, found, texts):
                    requirements.read(aim, found, texts)
        elif line and not line.startswith("#"):
            requirements.entry(line, at, found)


def _tools(tool: Mapping[str, object]) -> Iterator[object]:
    """Yield the lists of requirements in the tables of uv, PDM, Hatch and Flit."""
    uv, flit = _table(tool, "uv"), _table(_table(tool, "flit"), "metadata")
    for key in ("dev-dependencies", "constraint-dependencies", "override-dependencies"):
        yield uv.get(key)
    yield from _table(_table(tool, "pdm"), "dev-dependencies").values()
    for one in _tables(_table(_table(tool, "hatch"), "envs")):
        yield from (one.get("dependencies"), one.get("extra-dependencies"))
    yield flit.get("requires")
    yield from _table(flit, "requires-extra").values()


def _dynamic(
    project: Mapping[str, object], tool: Mapping[str, object], at: Place, to: tuple[Found, Texts]
) -> None:
    """Follow dependencies that are read from files when the project is built."""
    found, texts = to
    rows = _table(_table(tool, "setuptools"), "dynamic")
    named = {"dependencies": _table(rows, "dependencies")}
    extras = _table(rows, "optional-dependencies")
    dynamic = [name for name in _texts(project.get("dynamic")) if "dependencies" in name]
    for name in dynamic:
        told = [named["dependencies"]] if name == "dependencies" else list(_tables(extras))
        files = [file for one in told for file in _files(one.get("file"))]
        if not files:
            found.trouble(at, f"its {name} are known only when it is built")
        for file in files:
            for aim in requirements.entry(f"-r {shlex.quote(file)}", at, found, texts):
                requirements.read(aim, found, texts)


def _files(told: object) -> list[str]:
    return [told] if isinstance(told, str) else list(_texts(told))


def _tables(told: Mapping[str, object]) -> Iterator[Mapping[str, object]]:
    for one in told.values():
        if isinstance(one, dict):
            yield one


def _poetry(rows: Mapping[str, object], at: Place, found: Found) -> None:
    for name, told in rows.items():
        for one in told if isinstance(told, list) else [told]:
            spec = one.get("version", "") if isinstance(one, dict) else one
            if name == "python":
                found.other(at, "python", spec, relation=Relation.NEEDS)
            elif isinstance(spec, str):
                found.python(at, name, _from_poetry(spec))
            else:
                found.trouble(at, f"{name[:80]!r} has no version that is a text")


def pipfile(path: str, told: object, found: Found) -> None:
    """Take the packages of a Pipfile, those of every category."""
    at = Place(path, "Pipfile")
    found.read(path)
    for name, rows in told.items() if isinstance(told, dict) else []:
        if isinstance(rows, dict) and name not in {"requires", "scripts", "pipenv"}:
            for package, row in rows.items():
                spec = row.get("version", "") if isinstance(row, dict) else row
                found.python(at, str(package), str(spec) if spec != "*" else "")


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
    lists = [told.get(key) for key in ("package", "packages")] if isinstance(told, dict) else []
    if not any(isinstance(rows, list) for rows in lists):
        found.trouble(at, "no list of packages could be read")
    for row in (row for rows in lists if isinstance(rows, list) for row in rows):
        name = row.get("name") if isinstance(row, dict) else None
        version = row.get("version") if isinstance(row, dict) else None
        if path.lower().endswith("uv.lock") and _OWN & set(_table(row, "source")):
            continue  # the project itself
        if isinstance(name, str):
            found.python(at, name, f"=={version}" if isinstance(version, str) else "")
        else:
            found.trouble(at, "a package without a name")


def pipfile_lock(path: str, told: object, found: Found) -> None:
    """Take the packages of Pipfile.lock."""
    at = Place(path, "lock")
    found.read(path)
    for group in told if isinstance(told, dict) else []:
        for name, row in _table(told, group).items() if group != "_meta" else []:
            spec = row.get("version", "") if isinstance(row, dict) else ""
            found.python(at, name, spec if isinstance(spec, str) else "")


def package_json(path: str, told: object, found: Found) -> None:
    """Take the ranges that a package.json asks for: npm's ranges are kept as they are written."""
    at = Place(path, "package.json")
    found.read(path)
    for group in ("dependencies", "devDependencies", "optionalDependencies", "peerDependencies"):
        for name, spec in _table(told, group).items():
            exact = isinstance(spec, str) and _EXACT.fullmatch(spec.strip()) is not None
            _other(at, NPM, (name, spec if exact else ""), str(spec), found)


def package_lock(path: str, told: object, found: Found) -> None:
    """Take the packages of package-lock.json, versions 1 to 3."""
    at = Place(path, "lock")
    found.read(path)
    for place, row in _table(told, "packages").items():
        name = place.rpartition("node_modules/")[2]
        if place and isinstance(row, dict):
            _other(at, NPM, (name, row.get("version")), "", found)
    waiting, count = [_table(told, "dependencies")], 0
    while waiting:
        for name, row in waiting.pop().items():
            count += 1
            if isinstance(row, dict) and count <= MOST_NESTED:
                _other(at, NPM, (name, row.get("version")), "", found)
                waiting.append(_table(row, "dependencies"))
    if count > MOST_NESTED:
        found.trouble(at, f"more than {MOST_NESTED} nested packages")


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
