"""Reads HDF5, versions 0 to 3 of its superblock: groups, links, attributes and datasets.

Format: https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html
"""

import re
from collections import deque
from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.blob import cut
from pratique.artifacts.reader import Claim, Item, Kind, Member, Reader, Subject, View
from pratique.artifacts.readers.hdf5.attributes import Attribute, attributes
from pratique.artifacts.readers.hdf5.datasets import Datasets
from pratique.artifacts.readers.hdf5.free import Free
from pratique.artifacts.readers.hdf5.groups import Link, links
from pratique.artifacts.readers.hdf5.headers import LAYOUT, TREE_WIDTHS, messages
from pratique.artifacts.readers.hdf5.heaps import GlobalHeaps
from pratique.artifacts.readers.hdf5.source import Source
from pratique.artifacts.readers.hdf5.superblock import MAGIC, Superblock, places, read_superblock
from pratique.artifacts.readers.hdf5.told import (
    KEPT,
    KERAS_ATTRIBUTES,
    KERAS_GROUPS,
    MAX_TEXT,
    Told,
)
from pratique.artifacts.readers.hdf5.values import parts
from pratique.artifacts.readers.tar.reader import TarReader
from pratique.artifacts.readers.tensor_layout import tensors_fact
from pratique.artifacts.views import TensorTable, TextView
from pratique.core.errors import LimitExceededError, MalformedError
from pratique.core.fact import Fact

MAX_OBJECTS = 200_000
MAX_DEPTH = 200
MAX_PROBLEMS = 20
MAX_PARTS = 3
MAX_AFTER = 16
MAX_FILLED = 1 << 20
_TAR = TarReader()
_MATLAB = re.compile(rb"(MATLAB [\x20-\x7e]{109})[\0\x20]{8}\0\x02IM")
"""What MATLAB writes before its files: a line of text, and a version."""


class Hdf5Reader(Reader):
    """Follows every link inside the file once, and accounts for all that the file calls its own.

    Bytes up to the end that the superblock names are the file's: structures, elements, and free
    space, which is looked into for texts. A user block before it is a subject of its own.
    """

    name: ClassVar[str] = "hdf5"
    kind: ClassVar[Kind] = Kind.DATA
    views: ClassVar[tuple[type[View], ...]] = (TensorTable, TextView)

    def recognises(self, subject: Subject) -> bool:
        """Tell by the mark at one of the places where the library looks for it.

        A file stored first in an archive stands at such a place, too: it is the archive's member.
        """
        return _begins(subject) is not None

    def read(self, subject: Subject) -> Iterator[Item]:
        """Yield texts, documents, tensors, claims and one fact.

        Raises:
            MalformedError: some structure is broken; all others were read.
            LimitExceededError: a bound was hit, or something that is not followed was met.

        """
        at = _begins(subject)
        if at is None:
            return
        source, superblock = read_superblock(subject.blob, at)
        yield Claim(at, source.end + _after(subject, source.end), "hdf5 file")
        yield from _user_block(subject, at)
        walk = _Walk(subject, source, superblock)
        try:
            yield from walk.run()
        finally:
            free = Free(source, subject.blob)
        yield from free.shown()
        yield TensorTable(
            source=self.name,
            tensors=tuple(sorted(walk.datasets.spans, key=lambda s: (s.start, s.end))),
            covered=source.end - at,
            partial="; ".join(
                filter(None, [*walk.datasets.lost[:MAX_PARTS], walk.datasets.shown.cut])
            ),
        )
        yield tensors_fact(self.name, walk.datasets.spans)
        data = walk.told.data(superblock.version, at, free.used, free.odd)
        yield Fact("hdf5", subject.chain, data)
        walk.end()


def _begins(subject: Subject) -> int | None:
    """Return where a superblock stands that a loader would find, None where there is none."""
    if subject.head.startswith(MAGIC):
        return 0
    for at in places(subject.size)[1:]:
        if subject.blob.read(at, len(MAGIC)) == MAGIC:
            packed = subject.head.startswith(b"PK\3\4") or _TAR.recognises(subject)
            return None if packed else at
    return None


def _after(subject: Subject, end: int) -> int:
    """Return how many bytes after the end are line ends, which tools that keep texts append."""
    rest = subject.blob.read(end, MAX_AFTER + 1)
    return len(rest) if len(rest) <= MAX_AFTER and not rest.strip(b"\r\n") else 0


def _user_block(subject: Subject, end: int) -> Iterator[Item]:
    """Yield what stands before the superblock, without the zeros that fill it up."""
    if not end:
        return
    yield Claim(0, end, "hdf5 user block")
    body = subject.blob.read(max(0, end - MAX_FILLED), min(end, MAX_FILLED))
    used = end - (len(body) - len(body.rstrip(b"\0")))
    matlab = end == len(body) and _MATLAB.fullmatch(body.rstrip(b"\0"))
    if matlab:
        yield TextView(text=matlab[1].decode("ascii"), origin="hdf5:user block", covered=end)
    elif used > end - len(body):
        yield Member("user-block", cut(subject.blob, 0, used))


class _Walk:
    """One pass over all objects that links lead to, each once, the nearest first."""

    def __init__(self, subject: Subject, source: Source, superblock: Superblock) -> None:
        self.told = Told()
        self._source, self._superblock = source, superblock
        self._heaps = GlobalHeaps(source)
        self.datasets = Datasets(subject, source, self._heaps, self.told)
        self._open: deque[tuple[str, int | None, int]] = deque()
        self._seen: set[int | None] = set()
        self._broken: list[MalformedError] = []
        self._over: list[LimitExceededError] = []

    def run(self) -> Iterator[Item]:
        """Yield what objects hold; a broken object does not keep the others from being read."""
        self._settings()
        self._open.append(("", self._superblock.root, 0))
        while self._open:
            path, address, depth = self._open.popleft()
            if address in self._seen:
                continue
            if len(self._seen) >= MAX_OBJECTS:
                self._note(LimitExceededError(f"more than {MAX_OBJECTS} objects"))
                return
            self._seen.add(address)
            try:
                yield from self._object(path, address, depth)
            except (MalformedError, LimitExceededError) as e:
                self._note(e)

    def end(self) -> None:
        """Say what could not be read.

        Raises:
            MalformedError: something was broken.
            LimitExceededError: a bound was hit.

        """
        if self._broken:
            raise self._broken[0]
        if self._over:
            raise self._over[0]

    def _note(self, error: MalformedError | LimitExceededError) -> None:
        if isinstance(error, MalformedError):
            self._broken = [*self._broken, error][:MAX_PROBLEMS]
        else:
            self._over = [*self._over, error][:MAX_PROBLEMS]

    def _settings(self) -> None:
        """Take the widths of old trees from the extension of a newer superblock."""
        if self._superblock.extension is None:
            return
        try:
            for message in messages(self._source, self._superblock.extension):
                if message.kind == TREE_WIDTHS:
                    words = self._source.sized(message.body, message.at)
                    words.take(1)
                    self._source.chunk_inner = words.number(2)
                    self._source.group_inner = words.number(2)
                    self._source.group_leaf = words.number(2)
        except (MalformedError, LimitExceededError) as e:
            self._note(e)

    def _object(self, path: str, address: int | None, depth: int) -> Iterator[Item]:
        found = messages(self._source, address)
        for attribute in attributes(self._source, found):
            yield from self._attribute(path, attribute)
        if any(message.kind == LAYOUT for message in found):
            yield from self.datasets.read(path or "/", found)
            return
        self.told.groups += 1
        for link in links(self._source, found):
            self._follow(path, link, depth)

    def _follow(self, path: str, link: Link, depth: int) -> None:
        below = f"{path}/{link.name}"[:MAX_TEXT]
        self.told.keras |= not path and link.name in KERAS_GROUPS
        if link.kind != "hard":
            self.told.link(below, link.kind, link.file, link.target)
        elif depth >= MAX_DEPTH:
            raise LimitExceededError(f"groups nested deeper than {MAX_DEPTH}")
        elif link.address not in self._seen:
            if len(self._open) >= MAX_OBJECTS:
                raise LimitExceededError(f"more than {MAX_OBJECTS} objects")
            self._open.append((below, link.address, depth + 1))

    def _attribute(self, path: str, attribute: Attribute) -> Iterator[Item]:
        texts, partial = parts(attribute.type, attribute.body, self._source, self._heaps)
        if attribute.name in KEPT and not path and texts:
            self.told.attributes[attribute.name] = texts[0][:100].decode("utf-8", "replace")
        self.told.keras |= not path and attribute.name in KERAS_ATTRIBUTES
        if texts or partial:
            yield from self.datasets.shown.values(
                f"{path}/{attribute.name}", texts, attribute.at, partial
            )
