"""The one list of readers. Adding a format means adding one line here."""

from pratique.artifacts.reader import Reader
from pratique.artifacts.readers.gguf import GgufReader
from pratique.artifacts.readers.native_program import NativeProgramReader
from pratique.artifacts.readers.npy import NpyReader
from pratique.artifacts.readers.raw_tensor import RawTensorReader
from pratique.artifacts.readers.safetensors import SafetensorsReader

READERS: tuple[Reader, ...] = (
    # one reader a line; order means nothing
    GgufReader(),
    NativeProgramReader(),
    NpyReader(),
    RawTensorReader(),
    SafetensorsReader(),
)


def readers_key() -> str:
    """Return `name@version` of every reader: a part of each result's key."""
    return ",".join(f"{r.name}@{r.version}" for r in READERS)
