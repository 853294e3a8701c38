"""What runs when configured code runs: the modules it imports from the repository, and their calls.

A graph of files and functions, followed from the entries that configurations name. Nothing is
executed: facts of the Python reader are joined by the names that modules import from each other.
"""

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pratique.artifacts.views import Repository
from pratique.detectors.configured_entries import Entry, entries, place, places

MOST_FILES = 2_000
MOST_STEPS = 50_000
LOADED = frozenset(
    ["__init__", "__new__", "__post_init__", "__call__", "__setstate__", "from_pretrained",
     "post_init", "_init_weights", "load_context", "_load_pyfunc", "_load_context", "initialize",
     "__init_subclass__", "__setattr__", "from_dict", "register_for_auto_class", "setup", "run",
     "load", "load_model", "__enter__", "__del__", "__reduce__", "_from_config", "from_config",
     "build_wheel", "build_sdist", "build_editable", "prepare_metadata_for_build_wheel"]
)  # fmt: skip
"""Methods that a loader calls by itself once the class is imported."""


@dataclass(frozen=True, slots=True)
class Act:
    """One call in code that is reached: `when` is `import`, `load` or `function`.

    `true` are keywords that are True, and `hidden` where the name was assembled.
    """

    path: str
    line: int
    callee: str
    when: str
    words: str
    true: tuple[str, ...]
    by: Entry


@dataclass(slots=True)
class Reach:
    """The files that entries lead to, what they call, and why something stayed unknown."""

    files: dict[str, Entry] = field(default_factory=dict)
    acts: list[Act] = field(default_factory=list)
    imports: list[tuple[str, str, int]] = field(default_factory=list)
    """(path, package, line) of what is imported from outside of the repository."""
    unknown: dict[str, str] = field(default_factory=dict)
    """Per file, why its code is not wholly known."""


class Graph:
    """Modules of one repository by path, with the facts that the Python reader told of them."""

    def __init__(self, view: Repository) -> None:
        self._facts: dict[str, Mapping[str, object]] = {}
        self.paths = places(view)
        for file in view.files:
            for kind, chain, data in file.facts:
                if kind == "python" and isinstance(data, dict):
                    self._facts[place(file.path, chain)] = data

    def first(self, entry: Entry) -> str:
        """Return the path of the file that an entry means, empty where none is there."""
        return next((path for path in entry.paths if path in self.paths), "")

    def reach(self, starts: list[tuple[str, Entry]]) -> Reach:
        """Return what is reached from these files, each with the entry that leads to it."""
        found = Reach()
        waiting = list(starts)
        while waiting and len(found.files) < MOST_FILES:
            path, entry = waiting.pop()
            if path in found.files:
                continue
            found.files[path] = entry
            fact = self._facts.get(path)
            if fact is None:
                found.unknown[path] = "is not read as Python"
                continue
            if why := str(fact.get("partial") or fact.get("odd") or ""):
                found.unknown[path] = why
            for name, line in _imports(fact):
                aims = self.aims(path, entry, name)
                waiting += [(aim, entry) for aim in aims]
                if not aims:
                    found.imports.append((path, name, line))
        self._judge_moments(found)
        return found

    def aims(self, path: str, entry: Entry, name: str) -> list[str]:
        """Return the files of the repository that importing `name` in `path` runs."""
        bare = name.lstrip(".")
        folder = posixpath.dirname(path)
        for _ in range(min(20, len(name) - len(bare) - 1)):
            folder = posixpath.dirname(folder)
        roots = [folder] if bare != name else [folder, posixpath.dirname(entry.by), ""]
        parts = bare.split(".")[:20] if bare else []
        for root in dict.fromkeys(roots):
            for count in range(len(parts), 0, -1):
                stem = posixpath.join(root, *parts[:count])
                for aim in (f"{stem}.py", f"{stem}/__init__.py"):
                    if aim in self._facts:
                        return [aim, *self._packages(root, parts[:count])]
        return []

    def _packages(self, root: str, parts: list[str]) -> list[str]:
        inits = (
            posixpath.join(root, *parts[:count], "__init__.py") for count in range(1, len(parts))
        )
        return [path for path in inits if path in self._facts]

    def _judge_moments(self, found: Reach) -> None:
        """Give each call the earliest moment at which some reached code gets to it."""
        moments = _Moments(self, found)
        moments.spread()
        for path, entry in found.files.items():
            for row in _rows(self._facts.get(path, {}), "calls"):
                act = self._act(path, entry, row, moments)
                if act is not None and len(found.acts) < MOST_STEPS:
                    found.acts.append(act)

    def _act(self, path: str, entry: Entry, row: list[object], moments: "_Moments") -> Act | None:
        match row:
            case [
                str() as callee, int() as line, str() as when, str() as function, str() as words,
                str() as true,
            ]:  # fmt: skip
                moment = when if when != "function" else moments.of(path, function)
                meant = self.meant(path, entry, callee)
                return Act(path, line, meant, moment, words, tuple(true.split(",")), entry)
            case _:
                return None

    def meant(self, path: str, entry: Entry, callee: str) -> str:
        """Return what a name that comes from another module stands for there."""
        base, _, name = callee.partition("(")[0].rpartition(".")
        for aim in self.aims(path, entry, base) if base.strip(".") or callee[:1] == "." else []:
            for pair in _rows(self._facts[aim], "exports"):
                if len(pair) == 2 and pair[0] == name:  # noqa: PLR2004 - a pair
                    return str(pair[1])
        return callee

    def fact(self, path: str) -> Mapping[str, object]:
        """Return what the reader told of a file, empty for one that is no Python."""
        return self._facts.get(path, {})


class _Moments:
    """When each function runs: `import`, else `load`, else `function`."""

    def __init__(self, graph: Graph, found: Reach) -> None:
        self._graph, self._found = graph, found
        self._at: dict[tuple[str, str], str] = {}

    def of(self, path: str, function: str) -> str:
        return self._at.get((path, function), "function")

    def spread(self) -> None:
        waiting: list[tuple[str, str, str]] = []
        for path in self._found.files:
            waiting += [(path, name, "load") for name in LOADED]
            waiting += [(path, "", "import")]
        for _ in range(MOST_STEPS):
            if not waiting:
                return
            path, function, moment = waiting.pop(0)
            if self._at.get((path, function)) in {"import", moment}:
                continue
            self._at[path, function] = moment
            waiting += self._next(path, function, moment)

    def _next(self, path: str, function: str, moment: str) -> Iterator[tuple[str, str, str]]:
        fact = self._graph.fact(path)
        for row in _rows(fact, "edges"):
            match row:
                case [str() as caller, str() as aim, str() as when]:
                    now = "import" if when == "import" else moment if caller == function else ""
                    if now and (caller == function or when == "import"):
                        yield path, aim, now
                case _:
                    continue
        entry = self._found.files[path]
        for row in _rows(fact, "calls"):
            match row:
                case [str() as callee, int(), str() as when, str() as caller, *_]:
                    if caller != function and not (when == "import" and not function):
                        continue
                    now = "import" if when == "import" else moment
                    base, _, name = callee.partition("(")[0].rpartition(".")
                    for aim in self._graph.aims(path, entry, base) if base else []:
                        yield aim, name, now
                case _:
                    continue


def reached(view: Repository) -> tuple[Graph, Reach]:
    """Return the graph of a repository and what its configurations lead to."""
    graph = Graph(view)
    starts = [(path, e) for e in entries(view) if (path := graph.first(e))]
    return graph, graph.reach(starts[::-1])


def _imports(fact: Mapping[str, object]) -> Iterator[tuple[str, int]]:
    for row in _rows(fact, "imports"):
        if len(row) > 1 and isinstance(row[0], str) and isinstance(row[1], int):
            yield row[0], row[1]


def _rows(fact: Mapping[str, object], key: str) -> Iterator[list[object]]:
    told = fact.get(key)
    for row in told if isinstance(told, list) else []:
        if isinstance(row, list):
            yield row
