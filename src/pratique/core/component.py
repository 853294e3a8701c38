"""What a model package names: its components, how sure their versions are, and what was unreadable.

An inventory is made once, in a jailed worker, and kept: advisories that come later are matched with
it again, and no model byte is read.
"""

from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import quote


class Sure(StrEnum):
    """How well a component's version is known."""

    EXACT = "exact"
    RANGE = "range"
    UNKNOWN = "unknown"


class Relation(StrEnum):
    """How a component belongs to the model."""

    NEEDS = "needs"
    """Whoever installs what the package names gets it."""
    CONTAINS = "contains"
    """It lies in the package."""
    MADE_WITH = "made-with"
    """A file says that this wrote it; which version will load it is not said."""
    IMPORTS = "imports"
    """Code in the package imports it; no version is said."""


PYPI, NPM, GO, CRATES, DEBIAN = "PyPI", "npm", "Go", "crates.io", "Debian"
"""Ecosystems, as OSV names them. A component of none is described and never matched."""

_TYPES = {PYPI: "pypi", NPM: "npm", GO: "golang", CRATES: "cargo", DEBIAN: "deb/debian"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """One thing that one place of the package names.

    `name` is normalised as its ecosystem wants it. `version` is set where `sure` is exact; `spec`
    is what was written. `path` and `line` (1-based; 0 is none) are where, `via` is the sort of file
    it was read from. `marker` is the condition (PEP 508) under which it is needed, `url` where it
    comes from when not from an index, `digests` what it must hash to as `sha256:...`.
    """

    ecosystem: str
    name: str
    sure: Sure
    relation: Relation
    path: str
    via: str
    version: str = ""
    spec: str = ""
    line: int = 0
    marker: str = ""
    url: str = ""
    digests: tuple[str, ...] = ()

    @property
    def purl(self) -> str:
        """Return the package URL (ECMA-427), of type `generic` where no ecosystem is known."""
        kind = _TYPES.get(self.ecosystem.partition(":")[0], "generic")
        # a configuration may say "\ud800", which no UTF-8 can hold
        name = quote(self.name.encode(errors="backslashreplace"), safe="/")
        version = quote(self.version.encode(errors="backslashreplace"), safe="")
        return f"pkg:{kind}/{name}{'@' if version else ''}{version}"


@dataclass(frozen=True, slots=True)
class Unreadable:
    """One entry of a file that names components and could not be understood."""

    path: str
    line: int
    says: str


@dataclass(frozen=True, slots=True)
class Dataset:
    """Training or evaluation data that the model card or a configuration names."""

    name: str
    path: str


@dataclass(frozen=True, slots=True)
class Inventory:
    """All components of one package, in a stable order.

    `places` counts the files that name components, `unreadable` are the entries that were not
    understood, `lost` how many more there were of either than an inventory holds. `lineage` are the
    base models that card or configuration name, `licences` what they declare.
    """

    components: tuple[Component, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()
    places: int = 0
    lost: int = 0
    lineage: tuple[str, ...] = ()
    datasets: tuple[Dataset, ...] = ()
    licences: tuple[str, ...] = ()

    @property
    def matchable(self) -> int:
        """Return how many components are of an ecosystem that has advisories."""
        return sum(bool(component.ecosystem) for component in self.components)
