"""The shape every source has: names and descriptors of an artifact's files, nothing parsed."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file of an artifact, not opened yet.

    `path` is relative to the artifact and uses `/`. `open` returns a new read-only descriptor of a
    regular file (the caller closes it), or raises ArtifactError (NotRegularError for a FIFO, a
    device, a dangling or cyclic link) or OSError. `size` is -1 where it could not be told.
    `intended` maps an algorithm (`sha256`, `git-sha1`) to the hex digest that the source promises.
    """

    path: str
    size: int
    open: Callable[[], int]
    intended: Mapping[str, str] = field(default_factory=dict)


class Source(Protocol):
    """An artifact: a folder, a file, a hub revision that was fetched."""

    @property
    def name(self) -> str:
        """Return what a person calls it: the path or the address as it was given."""

    def files(self) -> Iterator[SourceFile]:
        """Yield every file in path order, unreadable ones included."""
