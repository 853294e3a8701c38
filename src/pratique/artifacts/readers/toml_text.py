"""TOML: claims a text that parses as TOML with at least one key."""

import re
import tomllib
from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.reader import Claim, Item, Kind, Reader, Subject, View
from pratique.artifacts.readers.decoding import opening, text_if_any
from pratique.core.limits import KiB

MAX_BYTES = 512 * KiB
"""`tomllib` is plain Python and superlinear in places; real TOML files are a few KiB."""
_FIRST = re.compile(r"""(?:\s|\#[^\n]*\n)*(?:\[\[?[\w."' -]+\]|[\w."'-]+[ \t]*=)""")


class TomlReader(Reader):
    """Reads TOML 1.0; a text that merely resembles TOML is left to the text reader."""

    name: ClassVar[str] = "toml"
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
