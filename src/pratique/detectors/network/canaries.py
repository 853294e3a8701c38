"""Planted texts, in the spellings by which they leave."""

import base64
from collections.abc import Iterator, Sequence
from typing import Final
from urllib.parse import quote

from pratique.core.trace import Decoy, Event

LEAST: Final = 12
"""A shorter text could be there by chance."""
PIECE: Final = 12
MOST_DECOYS: Final = 64

_WORDS: Final = ("preview", "name", "argv", "path", "to", "args", "address")


class Search:
    """Finds planted texts in what events tell."""

    def __init__(self, decoys: Sequence[Decoy]) -> None:
        self._known: dict[str, str] = {}
        for decoy in decoys[:MOST_DECOYS]:
            for needle in spellings(decoy.value):
                self._known.setdefault(needle, decoy.name)
        self._grams = {needle[:PIECE] for needle in self._known}

    def found(self, event: Event) -> str | None:
        """Return the name of the decoy whose text an event holds, None where it holds none."""
        for word in _WORDS:
            text = event.word(word)
            if len(text) >= PIECE:
                name = self._in(text) or self._in(_joined(text))
                if name:
                    return name
        return None

    def _in(self, text: str) -> str | None:
        """Look up each run of `PIECE` characters: no slower for more decoys."""
        low = text.lower()
        for start in range(len(low) - PIECE + 1):
            gram = low[start : start + PIECE]
            if gram in self._grams:
                return self._known.get(gram)
        return None


def _joined(text: str) -> str:
    """Return a text without what splits it: dots of a name, white space, escapes of line ends."""
    return "".join(text.replace("\\n", "").replace("\\r", "").split()).replace(".", "")


def spellings(value: str) -> Iterator[str]:
    """Yield every run of `PIECE` small letters by which a text, or a part of it, is known.

    The text itself, backwards, in hexadecimal, base64 at each of its three offsets, base32 and
    with percent signs. Case is left out, as names of hosts do.
    """
    body = value.encode()
    told = [value, value[::-1], body.hex(), quote(value, safe=""), _percent(body)]
    told += [_plain64(body, offset) for offset in range(3)]
    told.append(base64.b32encode(body).decode().rstrip("="))
    for text in told:
        low = _joined(text.lower())
        for start in range(len(low) - PIECE + 1):
            yield low[start : start + PIECE]


def _plain64(body: bytes, offset: int) -> str:
    """Return the base64 of a text that stands `offset` bytes into something longer.

    Characters that depend on what comes before or after are left out.
    """
    told = base64.b64encode(b"\0" * offset + body).decode().rstrip("=")
    return told[(0, 2, 3)[offset] : len(told) - 1]


def _percent(body: bytes) -> str:
    return "".join(f"%{byte:02x}" for byte in body)
