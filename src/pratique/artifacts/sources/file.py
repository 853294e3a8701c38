"""One file that the caller named."""

import os
from collections.abc import Iterator
from pathlib import Path

from pratique.artifacts.sources.base import SourceFile
from pratique.artifacts.sources.folder import open_regular
from pratique.core.errors import NotRegularError


class FileSource:
    """One file. A link that the caller named is followed: the choice was theirs."""

    def __init__(self, path: Path, name: str | None = None) -> None:
        self._path = path
        self._name = str(path) if name is None else name

    @property
    def name(self) -> str:
        """Return the file as it was given."""
        return self._name

    @property
    def path(self) -> Path:
        """Return where the file is."""
        return self._path

    def files(self) -> Iterator[SourceFile]:
        """Yield the one file."""
        try:
            size = self._path.stat().st_size if self._path.is_file() else -1
        except OSError:
            size = -1
        yield SourceFile(self._path.name, size, self._open)

    def _open(self) -> int:
        try:
            return open_regular(os.path.realpath(self._path, strict=True))
        except FileNotFoundError as e:
            raise NotRegularError("is a dangling link, or was removed meanwhile") from e
