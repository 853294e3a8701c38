"""From an address, as a person writes it, to a source."""

import os
import stat
from pathlib import Path

from pratique.artifacts.sources.base import Source
from pratique.artifacts.sources.file import FileSource
from pratique.artifacts.sources.folder import FolderSource
from pratique.core.errors import UsageError

HUB = "hf://"


def open_source(address: str, fetched: Path | None = None) -> Source:
    """Return the source that `address` names: a file, a folder, or `hf://ORG/NAME@REVISION`.

    `fetched` is the folder that a hub's files are kept in; without one they live as long as the
    source.

    Raises:
        UsageError: there is nothing of that name, or nobody may see it.
        MachineError: the hub did not answer.

    """
    if address.startswith(HUB):
        # httpx takes 0.1 s to import, and few scans need it
        from pratique.artifacts.sources.hub import HubSource  # noqa: PLC0415

        return HubSource(address, fetched)
    if "://" in address and not os.path.lexists(address):
        raise UsageError(f"{address!r}: only hf:// addresses, files and folders can be scanned")
    return _local(address)


def _local(address: str) -> Source:
    path = Path(address)
    if not address or "\0" in address:
        raise UsageError(f"{address!r}: not a path")
    try:
        if not stat.S_ISDIR(path.stat().st_mode):
            return FileSource(path, address)
        return FolderSource(path, address)
    except FileNotFoundError as e:
        if path.is_symlink():
            return FileSource(path, address)
        raise UsageError(f"{address!r}: no such file or folder") from e
    except PermissionError as e:
        raise UsageError(f"{address!r}: permission denied") from e
    except OSError as e:
        if path.is_symlink():  # a link that leads in a circle
            return FileSource(path, address)
        raise UsageError(f"{address!r}: {e.strerror}") from e
