"""The one list of readers. Adding a format means adding one line here."""

from pratique.artifacts.reader import Reader
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
