"""Texts as a row holds them: packed, and bounded when they come back."""

import zlib
from typing import Final

from pratique.core.limits import MiB

MAX_BODY: Final = 512 * MiB


def shut(body: str) -> bytes:
    """Return a text as a row keeps it."""
    return zlib.compress(body.encode("utf-8", "surrogatepass"), 1)


def opened(body: bytes) -> str:
    """Return the text of a row.

    Raises:
        ValueError: the row is damaged, cut or swollen.

    """
    opener = zlib.decompressobj()
    try:
        text = opener.decompress(body, MAX_BODY)
    except zlib.error as e:
        raise ValueError(f"a damaged row: {e}") from e
    if not opener.eof:
        raise ValueError("a cut or swollen row")
    return text.decode("utf-8", "surrogatepass")
