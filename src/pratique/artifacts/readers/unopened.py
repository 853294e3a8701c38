"""Archives that are recognised and not opened here: said aloud, because silence is not clean."""

import re
from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.archive import ArchiveEntries, ArchiveProblem
from pratique.artifacts.reader import Item, Kind, Reader, Subject, View
from pratique.core.fact import Fact, Json

FORMATS: tuple[tuple[str, re.Pattern[bytes]], ...] = tuple(
    (name, re.compile(mark, re.DOTALL))
    for name, mark in (
        ("rar", rb"Rar!\x1a\x07(\x00|\x01\x00)"),
        ("lz4-legacy", rb"\x02\x21\x4c\x18..[\x00-\x80]\x00"),
        ("lzip", rb"LZIP\x01"),
        ("lzop", rb"\x89LZO\x00\r\n\x1a\n"),
        ("snappy", rb"\xff\x06\x00\x00sNaPpY"),
        ("cab", rb"MSCF\x00\x00\x00\x00"),
        ("cpio", rb"07070[12][0-9A-Fa-f]{104}|070707[0-7]{70}"),
        ("ar", rb"!<arch>\n"),
        ("xar", rb"xar!\x00\x1c"),
        ("squashfs", rb"hsqs.{24}\x04\x00\x00\x00"),
    )
)


class UnopenedReader(Reader):
    """Recognises archives for which no decoder is here; claims nothing in them."""

    name: ClassVar[str] = "unopened"
    kind: ClassVar[Kind] = Kind.ARCHIVE
    views: ClassVar[tuple[type[View], ...]] = (ArchiveEntries,)

    def recognises(self, subject: Subject) -> bool:
        """Tell by the first bytes."""
        return bool(_format(subject.head))

    def read(self, subject: Subject) -> Iterator[Item]:
        """Yield a view that says that nothing was read."""
        name = _format(subject.head)
        says = f"is a {name} archive, which is not opened here"
        yield ArchiveEntries(
            format=name,
            entries=(),
            problems=(ArchiveProblem("method", "", 0, says),),
            partial=says,
        )
        data: Json = {"format": name, "flavour": "", "entries": 0}
        yield Fact("archive", subject.chain, data)


def _format(head: bytes) -> str:
    return next((name for name, mark in FORMATS if mark.match(head[:4096])), "")
