"""TOML: claims a text that parses as TOML with at least one key."""

import re
import tomllib
from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.reader import Claim, Item, Kind, Reader, Subject, View
from pratique.artifacts.readers.decoding import opening, text_if_any
from pratique.core.fact import Fact, Json
from pratique.core.limits import MiB

MAX_BYTES = 2 * MiB
"""`tomllib` is plain Python and superlinear in places; a lock of hundreds of packages is 1 MiB."""
MAX_FACT_DEPTH = 24
SHOWN = frozenset(
    ["project", "build-system", "dependency-groups", "tool", "package", "packages", "metadata",
     "lock-version", "pkgs", "dev-packages"]
)  # fmt: skip
"""The tables of projects and of locks that name packages."""
_FIRST = re.compile(r"""(?:\s|\#[^\n]*\n)*(?:\[\[?[\w."' -]+\]|[\w."'-]+[ \t]*=)""")


class TomlReader(Reader):
    """Reads TOML 1.0; a text that merely resembles TOML is left to the text reader."""

    name: ClassVar[str] = "toml"
    version: ClassVar[int] = 2
    kind: ClassVar[Kind] = Kind.TEXT
    views: ClassVar[tuple[type[View], ...]] = ()

    def recognises(self, subject: Subject) -> bool:
        """Tell whether the first line that means something is a table or a key."""
        return subject.size <= MAX_BYTES and _FIRST.match(opening(subject)) is not None

    def read(self, subject: Subject) -> Iterator[Item]:
        """Yield a claim when the whole text parses."""
        text = text_if_any(subject, MAX_BYTES)
        try:
            found = tomllib.loads((text or "").replace("\r\n", "\n"))
        except (ValueError, RecursionError, MemoryError):
            return  # ini files, Python and shell resemble TOML
        if found:
            yield Claim(0, subject.size, "toml document")
            shown: dict[str, Json] = {k: _plain(v, 0) for k, v in found.items() if k in SHOWN}
            if shown:
                yield Fact("toml", subject.chain, shown)


def _plain(told: object, depth: int) -> Json:
    """Return the same without what JSON cannot say, and not deeper than a bound."""
    if depth >= MAX_FACT_DEPTH:
        return None
    if isinstance(told, dict):
        return {str(k): _plain(v, depth + 1) for k, v in told.items()}
    if isinstance(told, list):
        return [_plain(v, depth + 1) for v in told]
    return told if isinstance(told, str | bool) else str(told)
