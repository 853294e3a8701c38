"""Reads Arrow IPC files and streams, and Feather version 2, message by message.

Format: https://arrow.apache.org/docs/format/Columnar.html#serialization-and-interprocess-communication-ipc
"""

from collections.abc import Generator, Iterator
from typing import ClassVar

from pratique.artifacts.reader import Claim, Item, Kind, Reader, Subject, View
from pratique.artifacts.readers.arrow_schema import Told, read_schema
from pratique.artifacts.readers.flatbuffer import Table, root
from pratique.artifacts.readers.values import Values
from pratique.artifacts.readers.window import Window
from pratique.artifacts.views import ModelText
from pratique.core.errors import ArtifactError, LimitExceededError, MalformedError
from pratique.core.fact import Fact
from pratique.core.limits import MiB

MAGIC = b"ARROW1"
GOES_ON = b"\xff\xff\xff\xff"
MAX_MESSAGES = 1_000_000
MAX_HEADER = 64 * MiB
MAX_PADDING = 64
SCHEMA, DICTIONARY, BATCH = 1, 2, 3
KINDS = 5
VERSIONS = 4
BUFFER, BLOCK = 16, 24


class ArrowReader(Reader):
    """Walks messages and the footer, and checks that each part lies where it says."""

    name: ClassVar[str] = "arrow"
    kind: ClassVar[Kind] = Kind.DATA
    views: ClassVar[tuple[type[View], ...]] = (ModelText,)

    def recognises(self, subject: Subject) -> bool:
        """Tell by the magic, or by a first message that holds a schema."""
        head = subject.head
        if head.startswith(MAGIC + b"\0\0"):
            return True
        try:
            window = Window(subject.blob)
            size, at = _length(window, 0)
            if not 16 <= size <= min(MAX_HEADER, subject.size - at):  # noqa: PLR2004 - the least
                return False
            message = root(window, at)
            table = message.table(2)
            sound = message.number(0, "h") <= VERSIONS and message.number(1, "B") == SCHEMA
            return sound and table is not None and table.at < at + size and _known(table)
        except ArtifactError:
            return False

    def read(self, subject: Subject) -> Iterator[Item]:
        """Yield claims of messages, what schemas say, and a fact.

        Raises:
            MalformedError: a message or a buffer lies outside of its place.
            LimitExceededError: more messages or fields than are followed.

        """
        walk = _Walk(subject)
        broke: ArtifactError | None = None
        try:
            yield from walk.run()
        except ArtifactError as e:
            broke = e
        yield from walk.values.rest()
        yield Fact("arrow", subject.chain, walk.told.data())
        if walk.at:
            yield Claim(0, min(walk.at, subject.size), "arrow messages")
        if broke is not None:
            raise broke


def _known(schema: Table) -> bool:
    return schema.number(0, "h") in {0, 1} and schema.entries(1, 4).count < MAX_MESSAGES


class _Walk:
    def __init__(self, subject: Subject) -> None:
        self.at, self.told = 0, Told()
        self.values = Values(subject.blob, "arrow")
        self._window = Window(subject.blob)
        self._starts: set[int] = set()
        self._is_file = subject.head.startswith(MAGIC)

    def run(self) -> Iterator[Item]:
        """Walk every message, then the footer of a file."""
        if self._is_file:
            self.at = 8
        for _ in range(MAX_MESSAGES):
            if self.at >= self._window.size or self._is_footer():
                break
            if not (yield from self._message()):
                break
        else:
            raise LimitExceededError(f"more than {MAX_MESSAGES} messages")
        if self._is_file:
            yield from self._footer()

    def _is_footer(self) -> bool:
        """Tell whether what follows are no messages: old writers of files end without a mark."""
        if not self._is_file or self._window.size < self.at + 10:
            return False
        return self._footer_start() == self.at

    def _footer_start(self) -> int:
        size = self._window.i32(self._window.size - 10)
        return self._window.size - 10 - size

    def _message(self) -> Generator[Item, None, bool]:
        """Walk one message; return whether another one may follow."""
        window, start = self._window, self.at
        size, at = _length(window, start)
        if size == 0:
            self.at = at
            return False
        if size < 0 or size > min(MAX_HEADER, window.size - at):
            raise MalformedError(f"a message of {size} bytes goes beyond the end", start)
        message = root(window, at)
        body, kind = message.number(3, "q"), message.number(1, "B")
        if not 1 <= kind <= KINDS:
            raise MalformedError(f"a message of kind {kind}", at)
        if body < 0 or at + size + body > window.size:
            raise MalformedError(f"a message's body of {body} bytes goes beyond the end", at)
        self._starts.add(start)
        yield from self._header(message, kind, body)
        self.at = at + size + body
        return True

    def _header(self, message: Table, kind: int, body: int) -> Iterator[Item]:
        header = message.table(2)
        if header is None:
            raise MalformedError("a message without a header", message.at)
        for pair in message.tables(4):
            yield from self.values.take(*pair.span(0), "key")
            yield from self.values.take(*pair.span(1), "message")
        if kind == SCHEMA:
            yield from read_schema(header, self.told, self.values)
            return
        batch = header.table(1) if kind == DICTIONARY else header if kind == BATCH else None
        if batch is not None:
            self.told.batches += 1
            self._check(batch, body)

    def _check(self, batch: Table, body: int) -> None:
        """Compare the buffers of a batch with the bytes it has."""
        buffers = batch.entries(2, BUFFER)
        for at in range(buffers.start, buffers.start + BUFFER * buffers.count, BUFFER):
            offset, length = self._window.number(at, "q"), self._window.number(at + 8, "q")
            if offset < 0 or length < 0 or offset + length > body:
                says = f"a buffer at {offset} of {length} bytes lies outside of its batch's {body}"
                raise MalformedError(says, at)
        if batch.number(0, "q") < 0:
            raise MalformedError("a batch has fewer rows than none", batch.at)

    def _footer(self) -> Iterator[Item]:
        window, start = self._window, self._footer_start()
        if window.take(window.size - 6, 6) != MAGIC:
            raise MalformedError("the file does not end with its mark", window.size - 6)
        if not self.at <= start <= window.size - 10:
            raise MalformedError("the footer lies outside of its place", window.size - 10)
        if start - self.at > MAX_PADDING:
            says = f"{start - self.at} bytes stand between the last message and the footer"
            raise MalformedError(says, self.at)
        footer = root(window, start)
        schema = footer.table(1)
        if schema is not None:
            yield from read_schema(schema, self.told, self.values)
        for pair in footer.tables(4):
            yield from self.values.take(*pair.span(0), "key")
            yield from self.values.take(*pair.span(1), "footer")
        for index in (2, 3):
            self._blocks(footer, index)
        self.at = window.size

    def _blocks(self, footer: Table, index: int) -> None:
        blocks = footer.entries(index, BLOCK)
        for at in range(blocks.start, blocks.start + BLOCK * blocks.count, BLOCK):
            offset = self._window.number(at, "q")
            if offset not in self._starts:
                raise MalformedError(f"the footer names a message at {offset}; none is there", at)


def _length(window: Window, at: int) -> tuple[int, int]:
    """Return the length of a message's header and where it begins: old writers have no mark."""
    if window.take(at, 4) == GOES_ON:
        return window.i32(at + 4), at + 8
    return window.i32(at), at + 4
