"""Zstandard streams (RFC 8878): frames are walked here, and unpacked by the extra `zstd`.

Without the extra a stream is told as not opened, with what would open it.
"""

import io
from collections.abc import Generator, Iterator
from functools import cache
from types import ModuleType
from typing import Any, ClassVar

from pratique.artifacts.archive import ArchiveEntries, ArchiveProblem
from pratique.artifacts.blob import Blob
from pratique.artifacts.reader import Item, Subject
from pratique.artifacts.readers.inflate import MAX_DICTIONARY, OUT, Progress
from pratique.artifacts.readers.streams import Run, StreamReader
from pratique.core.errors import LimitExceededError, MalformedError
from pratique.core.fact import Fact, Json
from pratique.core.limits import KiB

MAGIC, SKIPPABLE = b"\x28\xb5\x2f\xfd", b"\x2a\x4d\x18"
MAX_BLOCKS = 4_000_000
WINDOW = 64 * KiB
_RLE, _RESERVED = 1, 3
_FEWEST = 6


@cache
def _library() -> ModuleType | None:
    """Return the decoder, None where the extra is not installed."""
    try:
        import zstandard  # noqa: PLC0415 - an extra
    except ImportError:
        return None
    module: ModuleType = zstandard
    return module


class ZstdReader(StreamReader):
    """Reads Zstandard: all frames in a row, skippable ones passed over; no dictionaries."""

    name: ClassVar[str] = "zstd"

    def warm(self) -> None:
        """Import the decoder where it is installed."""
        _library()

    def recognises(self, subject: Subject) -> bool:
        """Tell by the mark of a frame and a header that is valid."""
        head = subject.head
        if len(head) < _FEWEST or (head[:4] != MAGIC and not _skippable(head)):
            return False
        if _skippable(head):
            after = 8 + int.from_bytes(head[4:8], "little")
            return subject.blob.read(after, 4) == MAGIC
        return not head[4] & 0x08

    def read(self, subject: Subject) -> Iterator[Item]:
        """Yield the unpacked content, what was claimed, and how it went."""
        if _library() is not None:
            yield from super().read(subject)
            return
        says = "is a zstd stream, which the extra opens: pip install 'pratique[zstd]'"
        problem = ArchiveProblem("method", "", 0, says)
        yield ArchiveEntries(format=self.name, entries=(), problems=(problem,), partial=says)
        data: Json = {"format": self.name, "flavour": "", "entries": 0}
        yield Fact("archive", subject.chain, data)

    def _chunks(self, subject: Subject, run: Run, state: Progress) -> Iterator[bytes]:
        blob, at = subject.blob, 0
        while run.streams < subject.limits.members:
            try:
                end, content = _frame(blob, at)
            except MalformedError as e:
                run.ledger.skip("corrupt", "", at, str(e))
                end, content = blob.size, True
            if end == at:
                return
            if content:
                broke = yield from _unpack(blob, at, end)
                if broke:
                    run.ledger.skip("corrupt", "", at, broke)
            at = run.end = end
            run.streams += 1
        state.over = True


def _skippable(head: bytes) -> bool:
    return head[1:4] == SKIPPABLE and head[:1] >= b"\x50" and head[:1] <= b"\x5f"


def _frame(blob: Blob, at: int) -> tuple[int, bool]:
    """Return where the frame at `at` ends, `at` itself where none begins, and if it has content.

    Raises:
        MalformedError: it ends early, or has a block of a kind that nobody writes.
        LimitExceededError: it has too many blocks.

    """
    head = blob.read(at, 18)
    if _skippable(head):
        end = at + 8 + int.from_bytes(head[4:8], "little")
        if len(head) < 8 or end > blob.size:  # noqa: PLR2004 - mark and size
            raise MalformedError("a skippable frame of a zstd stream ends early", at)
        return end, False
    if head[:4] != MAGIC:
        return at, False
    if len(head) < _FEWEST:
        raise MalformedError("a zstd stream ends early", at)
    told = head[4]
    single = bool(told & 0x20)
    size = (1 if single else 0, 2, 4, 8)[told >> 6]
    begin = at + 5 + (not single) + (0, 1, 2, 4)[told & 3] + size
    return _blocks(blob, begin) + (4 if told & 4 else 0), True


def _blocks(blob: Blob, at: int) -> int:
    """Return the end of the last block of those that begin at `at`."""
    window, base = b"", 0
    for _ in range(MAX_BLOCKS):
        inside = at - base
        if inside < 0 or inside + 3 > len(window):
            window, base, inside = blob.read(at, WINDOW), at, 0
        block = window[inside : inside + 3]
        if len(block) < 3:  # noqa: PLR2004 - the bytes of a block's header
            raise MalformedError("a zstd stream ends early", at)
        told = int.from_bytes(block, "little")
        kind, size = told >> 1 & 3, told >> 3
        if kind == _RESERVED:
            raise MalformedError("a block of a zstd stream that nobody writes", at)
        at += 3 + (1 if kind == _RLE else size)
        if at > blob.size:
            raise MalformedError("a zstd stream ends early", at)
        if told & 1:
            return at
    raise LimitExceededError(f"a zstd frame of more than {MAX_BLOCKS} blocks is not read")


class _Source(io.RawIOBase):
    """The packed bytes of one frame, as a file."""

    def __init__(self, blob: Blob, at: int, end: int) -> None:
        super().__init__()
        self._blob, self._at, self._end = blob, at, end

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - a buffer
        view = memoryview(buffer)[: max(0, self._end - self._at)]
        count = self._blob.read_into(self._at, view)
        self._at += count
        return count


def _unpack(blob: Blob, at: int, end: int) -> Generator[bytes, None, str]:
    """Yield what a frame unpacks to; return how it broke, empty for not at all."""
    library = _library()
    if library is None:  # never asked without it
        return "no decoder"
    machine = library.ZstdDecompressor(max_window_size=MAX_DICTIONARY)
    with machine.stream_reader(_Source(blob, at, end), read_size=WINDOW) as stream:
        while True:
            try:
                chunk = stream.read(OUT)
            except library.ZstdError as e:
                return f"the packed content is broken ({e})"
            if not chunk:
                return ""
            yield chunk
