"""The one list of readers. Adding a format means adding one line here."""

from pratique.artifacts.reader import Reader
from pratique.artifacts.readers.pickle.reader import PickleReader
from pratique.artifacts.readers.torch_legacy import TorchLegacyReader

READERS: tuple[Reader, ...] = (
    # one reader a line; order means nothing
    PickleReader(),
    TorchLegacyReader(),
)


def readers_key() -> str:
    """Return `name@version` of every reader: a part of each result's key."""
    return ",".join(f"{r.name}@{r.version}" for r in READERS)
