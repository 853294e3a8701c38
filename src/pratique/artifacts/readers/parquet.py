"""Reads Parquet: the footer, every column's pages by their headers, and what the schema says.

Format: https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift
"""

import base64
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from pratique.artifacts.blob import MemoryBlob
from pratique.artifacts.reader import PACKED, Claim, Item, Kind, Member, Reader, Subject, View
from pratique.artifacts.readers.thrift import Parser, Span, Struct
from pratique.artifacts.readers.values import Values
from pratique.artifacts.readers.window import Window
from pratique.artifacts.views import ModelText
from pratique.core.errors import ArtifactError, LimitExceededError, MalformedError
from pratique.core.fact import Fact, Json
from pratique.core.limits import MiB

MAGIC, ENCRYPTED = b"PAR1", b"PARE"
ENDING = 8
MAX_FOOTER = 256 * MiB
MAX_VALUES = 20_000_000
MAX_CHUNKS = 2_000_000
MAX_PAGES = 300_000
MAX_PAGE_HEADER = 16 * MiB
MAX_NAMES = 1_000
MAX_SCHEMA = 8 * MiB
"""The longest Arrow schema that a footer's metadata is decoded for."""
MAX_PATH = 4_096
PAGES = 3
GZIP = 2
BLOOM_HEADER = 64


@dataclass(slots=True)
class _Told:
    """What the footer has said, and which bytes it accounts for."""

    claims: list[Claim] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    pages: int = 0
    chunks: int = 0


class ParquetReader(Reader):
    """Takes the footer apart, and follows it to every byte that it speaks of."""

    name: ClassVar[str] = "parquet"
    kind: ClassVar[Kind] = Kind.DATA
    views: ClassVar[tuple[type[View], ...]] = (ModelText,)

    def recognises(self, subject: Subject) -> bool:
        """Tell by the magic at both ends, or one of them where the rest was cut or covered."""
        head, tail = subject.head[:4], subject.tail[-4:]
        return subject.size > ENDING and (head in {MAGIC, ENCRYPTED} or tail == MAGIC)

    def read(self, subject: Subject) -> Iterator[Item]:
        """Yield claims of pages, indexes and footer, texts of schema and metadata, and a fact.

        Raises:
            MalformedError: a part lies outside of the file, or a page contradicts its column.
            LimitExceededError: the footer is encrypted, or larger than what is parsed.

        """
        walk = _Walk(subject)
        broke: ArtifactError | None = None
        try:
            yield from walk.run()
        except ArtifactError as e:
            broke = e
        yield from walk.values.rest()
        yield from walk.told.claims
        told = walk.told
        data: Json = {
            "names": told.names,
            "outside": told.outside,
            "chunks": told.chunks,
            "pages": told.pages,
        }
        yield Fact("parquet", subject.chain, data)
        if broke is not None:
            raise broke


class _Walk:
    def __init__(self, subject: Subject) -> None:
        self.told, self.values = _Told(), Values(subject.blob, "parquet")
        self._window = Window(subject.blob)
        self._parser = Parser(self._window, MAX_VALUES)

    def run(self) -> Iterator[Item]:
        """Follow the footer."""
        window, size = self._window, self._window.size
        ends = window.take(0, 4), window.take(size - 4, 4)
        if ENCRYPTED in ends:
            raise LimitExceededError("the footer is encrypted")
        if ends != (MAGIC, MAGIC):
            raise MalformedError("the file has its mark at one end only", 0)
        length = window.u32(size - ENDING)
        start = size - ENDING - length
        if start < 4:  # noqa: PLR2004 - behind the mark
            raise MalformedError(f"the footer of {length} bytes is longer than the file", start)
        if length > MAX_FOOTER:
            raise LimitExceededError(f"a footer of {length} bytes")
        footer, end = self._parser.struct(start, size - ENDING)
        self._claim(0, 4, "parquet mark")
        self._claim(start, end, "parquet footer")
        self._claim(size - ENDING, size, "parquet mark")
        yield from self._schema(footer)
        for group in footer.structs(4):
            for chunk in group.structs(1):
                yield from self._chunk(chunk, start)

    def _claim(self, start: int, end: int, what: str) -> None:
        claims = self.told.claims
        if claims and claims[-1].end == start and claims[-1].what == what:
            claims[-1] = Claim(claims[-1].start, end, what)
        elif end > start:
            claims.append(Claim(start, end, what))

    def _schema(self, footer: Struct) -> Iterator[Item]:
        for element in footer.structs(2):
            place = element.span(4)
            yield from self.values.take(*place, "field")
            if len(self.told.names) < MAX_NAMES:
                self.told.names.append(self._text(place, 300))
        yield from self._pairs(footer.structs(5))
        yield from self.values.take(*footer.span(6), "created_by")

    def _pairs(self, pairs: list[Struct]) -> Iterator[Item]:
        for pair in pairs:
            key, value = pair.span(1), pair.span(2)
            yield from self.values.take(*key, "key")
            name = self._text(key, 300)
            if name == "ARROW:schema":
                yield from self._arrow(value)
            else:
                yield from self.values.take(*value, name)

    def _arrow(self, value: Span) -> Iterator[Item]:
        """Hand on the Arrow schema that loaders rebuild their types from."""
        if value.end - value.start > MAX_SCHEMA:
            raise LimitExceededError(f"an Arrow schema of {value.end - value.start} bytes")
        raw = self._window.take(value.start, value.end - value.start)
        try:
            body = base64.b64decode(raw + b"=" * (-len(raw) % 4))
        except ValueError:
            raise MalformedError("the Arrow schema is no base64", value.start) from None
        yield Member("ARROW:schema", MemoryBlob(body))

    def _text(self, place: Span, most: int) -> str:
        return self._window.text(place.start, min(most, place.end - place.start))

    def _chunk(self, chunk: Struct, footer: int) -> Iterator[Item]:
        self.told.chunks += 1
        if self.told.chunks > MAX_CHUNKS:
            raise LimitExceededError(f"more than {MAX_CHUNKS} columns")
        yield from self._pairs(chunk.struct(3).structs(8))
        path = self._text(chunk.span(1), MAX_PATH)
        if path:
            if len(self.told.outside) < MAX_NAMES:
                self.told.outside.append(path)
            yield from self.values.say(path, chunk.span(1).start, "file_path")
            return
        self._inside(chunk, footer)

    def _inside(self, chunk: Struct, footer: int) -> None:
        """Follow a column that lies in this file, as all but datasets' indexes say."""
        for offset, length in ((4, 5), (6, 7)):
            if chunk.number(offset):
                self._part(chunk.number(offset), chunk.number(length), footer, "parquet index")
        about = chunk.struct(3)
        if about.number(14):
            self._bloom(about, footer)
        offsets = [about.number(key) for key in (9, 11) if about.number(key) > 0]
        if about.fields and offsets:
            start, size = min(offsets), about.number(7)
            self._part(start, size, footer, "parquet pages")
            self._copy(chunk.number(2), about, (start + size, footer))
            if self.told.pages < MAX_PAGES:
                self._pages(start, start + size, packed=about.number(4) == GZIP)

    def _part(self, start: int, size: int, footer: int, what: str) -> None:
        if start < 4 or size < 0 or start + size > footer:  # noqa: PLR2004 - behind the mark
            raise MalformedError(
                f"a part of {size} bytes at {start} lies outside of the file", start
            )
        self._claim(start, start + size, what)

    def _copy(self, at: int, about: Struct, bounds: tuple[int, int]) -> None:
        """Claim the second copy of a column's metadata, which old writers put behind its pages."""
        if at != bounds[0] or at >= bounds[1]:
            return
        copy, end = self._parser.struct(at, bounds[1])
        copy = copy if copy.number(9) else copy.struct(3)
        if copy.number(9) == about.number(9) and copy.number(7) == about.number(7):
            self._claim(at, end, "parquet metadata")

    def _bloom(self, about: Struct, footer: int) -> None:
        at, size = about.number(14), about.number(15)
        if not size:
            header, end = self._parser.struct(at, min(footer, at + BLOOM_HEADER))
            size = end - at + header.number(1)
        self._part(at, size, footer, "parquet filter")

    def _pages(self, at: int, end: int, *, packed: bool) -> None:
        """Go from page header to page header through one column."""
        while at < end:
            header, body = self._parser.struct(at, min(end, at + MAX_PAGE_HEADER))
            size = header.number(3, -1)
            if not 0 <= header.number(1, -1) <= PAGES or size < 0 or header.number(2, -1) < 0:
                raise MalformedError("a page's header tells no kind or no size", at)
            if body + size > end:
                says = f"a page of {size} bytes goes beyond its column's {end - at}"
                raise MalformedError(says, at)
            if packed and size:
                self.told.claims.append(Claim(body, body + size, PACKED))
            at = body + size
            self.told.pages += 1
            if self.told.pages >= MAX_PAGES:
                return
