"""The one list of readers. Adding a format means adding one line here."""

from pratique.artifacts.reader import Reader
from pratique.artifacts.readers.streams import (
    Bzip2Reader,
    GzipReader,
    JoblibZfileReader,
    Lz4Reader,
    LzmaReader,
    XzReader,
    ZlibReader,
)
from pratique.artifacts.readers.tar.reader import TarReader
from pratique.artifacts.readers.unopened import UnopenedReader
from pratique.artifacts.readers.zip.reader import ZipReader

READERS: tuple[Reader, ...] = (
    # one reader a line; order means nothing
    Bzip2Reader(),
    GzipReader(),
    JoblibZfileReader(),
    Lz4Reader(),
    LzmaReader(),
    TarReader(),
    UnopenedReader(),
    XzReader(),
    ZipReader(),
    ZlibReader(),
)


def readers_key() -> str:
    """Return `name@version` of every reader: a part of each result's key."""
    return ",".join(f"{r.name}@{r.version}" for r in READERS)
