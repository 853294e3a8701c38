"""What is told of an HDF5 file to rules over the repository, bounded."""

from dataclasses import dataclass, field

from pratique.core.fact import Json
from pratique.core.limits import MiB

MAX_ROWS = 500
MAX_TEXT = 1_000
SPARSE_FROM = 16 * MiB
SPARSE_TIMES = 100
"""Datasets at least so large and so many times larger than what is stored for them are told."""
KEPT = frozenset({"keras_version", "backend", "transformers_version"})
KERAS_ATTRIBUTES = frozenset({"keras_version", "layer_names", "model_config"})
KERAS_GROUPS = frozenset(
    ["model_weights", "optimizer_weights", "layers", "_layer_checkpoint_dependencies", "vars"]
)
"""What a file of Keras has at its root, one of them at least."""


@dataclass(slots=True)
class Told:
    """Links and storage that lead elsewhere, sizes, filters, and a few attributes of the root."""

    links: list[Json] = field(default_factory=list)
    external: list[Json] = field(default_factory=list)
    sparse: list[Json] = field(default_factory=list)
    filters: set[str] = field(default_factory=set)
    attributes: dict[str, Json] = field(default_factory=dict)
    keras: bool = False
    groups: int = 0
    datasets: int = 0
    declared: int = 0
    stored: int = 0

    def link(self, path: str, kind: str, file: str, target: str) -> None:
        """Note a link that is no plain one."""
        if len(self.links) < MAX_ROWS:
            self.links.append([_cut(path), kind, _cut(file), _cut(target)])

    def outside(self, path: str, kind: str, file: str) -> None:
        """Note that elements of a dataset lie in another file."""
        if len(self.external) < MAX_ROWS:
            self.external.append([_cut(path), kind, _cut(file)])

    def sized(self, path: str, shape: tuple[int, ...], declared: int, stored: int) -> None:
        """Note how large a dataset says it is, and how much is stored for it."""
        self.declared += declared
        self.stored += stored
        large = declared >= SPARSE_FROM and declared > SPARSE_TIMES * stored
        if large and len(self.sparse) < MAX_ROWS:
            dims: list[Json] = [_whole(dim) for dim in shape]
            self.sparse.append([_cut(path), dims, _whole(declared), _whole(stored)])

    def data(self, version: int, user_block: int, free: int, odd: int) -> Json:
        """Return the fact; `free` and `odd` are bytes of free space that are no zeros, no text."""
        links, external, sparse = list(self.links), list(self.external), list(self.sparse)
        return {
            "superblock": version,
            "user_block": user_block,
            "free": free,
            "odd": odd,
            "keras": self.keras,
            "groups": self.groups,
            "datasets": self.datasets,
            "declared": _whole(self.declared),
            "stored": _whole(self.stored),
            "links": links,
            "external": external,
            "sparse": sparse,
            "filters": sorted(self.filters),
            "attributes": dict(self.attributes),
        }


def _cut(text: str) -> str:
    return text[:MAX_TEXT].encode("utf-8", "replace").decode()


def _whole(number: int) -> Json:
    """Return a number that JSON readers agree on; sizes beyond any machine become that bound."""
    return min(number, 1 << 62)
