"""What an index of shards (`*.index.json`) says, for the rules that compare it with the files."""

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pratique.artifacts.views import Repository, RepositoryFile

SUFFIX = ".index.json"


@dataclass(frozen=True, slots=True)
class ShardIndex:
    """One index: where it is, which tensor it puts in which file, and the size it tells."""

    path: str
    weight_map: Mapping[str, str]
    total_size: int | None

    def place(self, shard: str) -> str:
        """Return the path of a shard in the repository."""
        return posixpath.join(posixpath.dirname(self.path), shard)


def indexes(view: Repository) -> Iterator[ShardIndex]:
    """Yield each index whose map is one; entries that are no texts are left out."""
    for file in view.files:
        told = file.fact("json")
        if not file.path.endswith(SUFFIX) or not isinstance(told, Mapping):
            continue
        weights = told.get("weight_map")
        if isinstance(weights, Mapping):
            shards = {str(k): v for k, v in weights.items() if isinstance(v, str)}
            metadata = told.get("metadata")
            size = metadata.get("total_size") if isinstance(metadata, Mapping) else None
            yield ShardIndex(file.path, shards, size if type(size) is int else None)


@dataclass(frozen=True, slots=True)
class ShardTensors:
    """The tensors that a file's fact names; `cut` when it names only the first of them."""

    names: frozenset[str]
    size: int
    cut: bool


def tensors_of(file: RepositoryFile) -> ShardTensors | None:
    """Return a file's tensors, None when no reader told of any."""
    told = file.fact("tensors")
    if not isinstance(told, Mapping):
        return None
    rows = told.get("tensors")
    names = frozenset(str(row[0]) for row in rows if row) if isinstance(rows, list) else frozenset()
    size = told.get("bytes")
    return ShardTensors(names, size if type(size) is int else 0, bool(told.get("cut")))
