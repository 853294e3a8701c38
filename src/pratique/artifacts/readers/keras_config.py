"""Keras's configurations: how they are told from other JSON, and pickles that stand in them."""

import base64
import binascii
from collections.abc import Iterator, Mapping

from pratique.artifacts.blob import MemoryBlob
from pratique.artifacts.reader import Member
from pratique.core.limits import KiB

MAX_PARTS = 1_000_000
MAX_MODULES = 100
LEAST = 16
LONGEST = 512 * KiB
"""Compiled code in base64 is one long text."""
KEYS = frozenset(
    ["class_name", "config", "module", "registered_name", "function", "code", "vocabulary", "items"]
)
"""What rules read of an entry, however many other settings stand beside it."""
_ALONE = ("optimizer_config", "compile_config")


def is_keras(document: object) -> bool:
    """Tell whether Keras would make a model, an optimizer or a loss of a document."""
    if not isinstance(document, dict):
        return False
    inner = document.get("model_config")
    return (
        ("class_name" in document and "config" in document)
        or any(isinstance(document.get(key), dict) for key in _ALONE)
        or (isinstance(inner, dict) and "class_name" in inner)
    )


def mappings(document: object) -> Iterator[Mapping[str, object]]:
    """Yield every mapping of a document, at any depth, in no order; nothing past a bound."""
    stack = [document]
    for _ in range(MAX_PARTS):
        if not stack:
            return
        part = stack.pop()
        if isinstance(part, dict):
            yield part
            stack.extend(part.values())
        elif isinstance(part, list):
            stack.extend(part)


def torch_modules(document: object) -> Iterator[Member]:
    """Yield what layers that wrap a torch module carry: a saved module in base64."""
    left = MAX_MODULES
    for part in mappings(document):
        name = part.get("class_name")
        if isinstance(name, str) and name.rpartition(">")[2] == "TorchModuleWrapper":
            for body in _saved(part.get("config")):
                left -= 1
                yield Member(f"torch-module-{MAX_MODULES - left}.pt", MemoryBlob(body))
        if left <= 0:
            return


def _saved(config: object) -> Iterator[bytes]:
    """Yield the texts of a layer that are base64 of something of a size, and what they stand for.

    The text may stand in a mapping of its own, which Keras makes of bytes.
    """
    values = list(config.values()) if isinstance(config, Mapping) else []
    for value in values[:MAX_MODULES]:
        inner = value.get("config") if isinstance(value, dict) else None
        told = inner.get("value") if isinstance(inner, dict) else value
        if isinstance(told, str) and len(told) >= LEAST:
            try:
                yield base64.b64decode(told, validate=True)
            except (binascii.Error, ValueError):
                continue
