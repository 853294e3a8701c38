"""The one list of readers. Adding a format means adding one line here."""

from pratique.artifacts.reader import Reader
from pratique.artifacts.readers.streams import (
    Bzip2Reader,
    GzipReader,
    JoblibZfileReader,
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
    LzmaReader(),
    TarReader(),
    UnopenedReader(),
    XzReader(),
    ZipReader(),
    ZlibReader(),
from pratique.artifacts.readers.pickle.reader import PickleReader
from pratique.artifacts.readers.torch_legacy import TorchLegacyReader

READERS: tuple[Reader, ...] = (
    # one reader a line; order means nothing
    PickleReader(),
    TorchLegacyReader(),
from pratique.artifacts.readers.jinja_template import JinjaReader
from pratique.artifacts.readers.json_text import JsonReader
from pratique.artifacts.readers.plain_text import PlainTextReader
from pratique.artifacts.readers.python_source import PythonReader
from pratique.artifacts.readers.toml_text import TomlReader
from pratique.artifacts.readers.yaml_text import YamlReader

READERS: tuple[Reader, ...] = (
    # one reader a line; order means nothing
    JinjaReader(),
    JsonReader(),
    PlainTextReader(),
    PythonReader(),
    TomlReader(),
    YamlReader(),
)


def readers_key() -> str:
    """Return `name@version` of every reader: a part of each result's key."""
    return ",".join(f"{r.name}@{r.version}" for r in READERS)
