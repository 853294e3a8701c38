"""Takes in components as they are read, within bounds, and names what could not be understood."""

import posixpath
import re
from dataclasses import dataclass, field

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from pratique.core.component import (
    PYPI,
    Component,
    Dataset,
    Inventory,
    Relation,
    Sure,
    Unreadable,
)

MOST_COMPONENTS = 20_000
MOST_UNREADABLE = 1_000
MOST_WORDS = 200
MAX_TEXT = 500
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,198}[A-Za-z0-9])?")


def is_name(text: str) -> bool:
    """Tell whether a text can be the name of a Python distribution (PEP 508)."""
    return _NAME.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Place:
    """Where something was read: a path with members after `!`, a line, and the sort of file."""

    path: str
    via: str
    line: int = 0


@dataclass(slots=True)
class Found:
    """Everything that was found in one package so far."""

    components: dict[Component, None] = field(default_factory=dict)
    unreadable: list[Unreadable] = field(default_factory=list)
    places: set[str] = field(default_factory=set)
    lineage: dict[str, None] = field(default_factory=dict)
    datasets: dict[Dataset, None] = field(default_factory=dict)
    licences: dict[str, None] = field(default_factory=dict)
    lost: int = 0

    def read(self, path: str) -> None:
        """Note a file that names components, whether it named any or not."""
        self.places.add(path)

    def add(self, component: Component) -> None:
        """Take a component, or count it where there is no room."""
        self.read(component.path)
        if component in self.components:
            return
        if len(self.components) >= MOST_COMPONENTS:
            self.lost += 1
        else:
            self.components[component] = None

    def trouble(self, at: Place, says: str) -> None:
        """Take an entry that was not understood, or count it where there is no room."""
        self.read(at.path)
        if len(self.unreadable) >= MOST_UNREADABLE:
            self.lost += 1
        else:
            self.unreadable.append(Unreadable(at.path, at.line, says[:MAX_TEXT]))

    def python(  # noqa: PLR0913 - the parts of one requirement
        self,
        at: Place,
        name: str,
        spec: str,
        *,
        relation: Relation = Relation.NEEDS,
        marker: str = "",
        url: str = "",
        digests: tuple[str, ...] = (),
    ) -> None:
        """Take a Python distribution with a version specifier as PEP 440 writes it."""
        if not is_name(name):
            self.trouble(at, f"{name[:80]!r} is no name of a Python distribution")
            return
        sure, version = judged(spec)
        self.add(
            Component(
                ecosystem=PYPI,
                name=canonicalize_name(name),
                version=version,
                spec=spec[:MAX_TEXT],
                sure=sure,
                relation=relation,
                path=at.path,
                line=at.line,
                via=at.via,
                marker=marker[:MAX_TEXT],
                url=url[:MAX_TEXT],
                digests=digests[:16],
            )
        )

    def made_with(self, at: Place, name: str, version: object) -> None:
        """Take what a file says that it was written by, where it says a version."""
        if isinstance(version, str) and version.strip():
            text = version.strip()[:MAX_TEXT]
            spec = f"=={text}" if not text.startswith("=") else text
            self.python(at, name, spec, relation=Relation.MADE_WITH)

    def other(
        self,
        at: Place,
        name: str,
        version: object,
        ecosystem: str = "",
        relation: Relation = Relation.MADE_WITH,
    ) -> None:
        """Take a component of another ecosystem, or of none."""
        text = str(version).strip()[:MAX_TEXT] if version is not None else ""
        if name:
            self.add(
                Component(
                    ecosystem=ecosystem,
                    name=name[:MAX_TEXT],
                    version=text,
                    spec=text,
                    sure=Sure.EXACT if text else Sure.UNKNOWN,
                    relation=relation,
                    path=at.path,
                    line=at.line,
                    via=at.via,
                )
            )

    def ancestor(self, name: object) -> None:
        """Take the name of a base model."""
        for one in name if isinstance(name, list) else [name]:
            if isinstance(one, str) and one.strip() and len(self.lineage) < MOST_WORDS:
                self.lineage[one.strip()[:MAX_TEXT]] = None

    def dataset(self, name: object, path: str) -> None:
        """Take the name of a dataset."""
        for one in name if isinstance(name, list) else [name]:
            if isinstance(one, str) and one.strip() and len(self.datasets) < MOST_WORDS:
                self.datasets[Dataset(one.strip()[:MAX_TEXT], path)] = None

    def licence(self, name: object) -> None:
        """Take a licence that somebody declares."""
        for one in name if isinstance(name, list) else [name]:
            if isinstance(one, str) and one.strip() and len(self.licences) < MOST_WORDS:
                self.licences[one.strip()[:MAX_TEXT]] = None

    def inventory(self) -> Inventory:
        """Return all of it, in an order that does not depend on that of the files."""
        order = sorted(
            self.components, key=lambda c: (c.path, c.line, c.name, c.spec, c.via, c.relation)
        )
        return Inventory(
            components=tuple(order),
            unreadable=tuple(sorted(self.unreadable, key=lambda u: (u.path, u.line, u.says))),
            places=len(self.places),
            lost=self.lost,
            lineage=tuple(sorted(self.lineage)),
            datasets=tuple(sorted(self.datasets, key=lambda d: (d.name, d.path))),
            licences=tuple(sorted(self.licences)),
        )


def judged(spec: str) -> tuple[Sure, str]:
    """Return how sure a specifier makes of the version, and the version where it is exact.

    One `==` without a wildcard, or one `===`, is exact; anything that is no specifier is kept as an
    exact text that no ordering knows, so that it is told as unknown and not dropped.
    """
    text = spec.strip()
    if not text or text == "*":
        return Sure.UNKNOWN, ""
    try:
        parts = list(SpecifierSet(text))
    except InvalidSpecifier:
        return Sure.EXACT, text.lstrip("=").strip()[:MAX_TEXT]
    if len(parts) == 1 and parts[0].operator in {"==", "==="} and "*" not in parts[0].version:
        return Sure.EXACT, _canonical(parts[0].version)
    return Sure.RANGE, ""


def _canonical(version: str) -> str:
    try:
        return str(Version(version))
    except InvalidVersion:
        return version[:MAX_TEXT]


def beside(path: str, other: str) -> str:
    """Return the path of a file that another one names relative to itself."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), other))
