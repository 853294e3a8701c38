"""Random access to hostile bytes: a descriptor, a slice of one, or what was unpacked from one."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from pratique.core.errors import ChangedError, LimitExceededError
from pratique.core.limits import MiB

BLOCK = 16 * MiB
SMALL = 8 * MiB
"""Unpacked members up to this size stay in memory; larger ones go to the scratch descriptor."""


class Blob(Protocol):
    """Bytes that can be read anywhere, any number of times."""

    @property
    def size(self) -> int:
        """Return the number of bytes."""

    def read(self, at: int, count: int) -> bytes:
        """Return bytes `at` to `at + count`, fewer only at the end.

        Raises:
            ChangedError: the file is shorter than it was when it was opened.

        """

    def read_into(self, at: int, buffer: memoryview) -> int:
        """Fill `buffer` from `at` on; return the bytes read, fewer only at the end."""


@dataclass(frozen=True, slots=True)
class FdBlob:
    """A file behind a descriptor, from `start` for `size` bytes. The descriptor is not owned."""

    fd: int
    start: int
    size: int

    def read(self, at: int, count: int) -> bytes:
        """Return bytes `at` to `at + count`, fewer only at the end."""
        want = max(0, min(count, self.size - at))
        got = os.pread(self.fd, want, self.start + at) if want else b""
        if len(got) == want:
            return got
        buffer = bytearray(want)
        self.read_into(at, memoryview(buffer))
        return bytes(buffer)

    def read_into(self, at: int, buffer: memoryview) -> int:
        """Fill `buffer` from `at` on; return the bytes read, fewer only at the end."""
        want, done = max(0, min(len(buffer), self.size - at)), 0
        while done < want:
            got = os.preadv(self.fd, [buffer[done:want]], self.start + at + done)
            if got <= 0:
                raise ChangedError(f"the file ends at {self.start + at + done}, before its size")
            done += got
        return want


@dataclass(frozen=True, slots=True)
class MemoryBlob:
    """Bytes in memory."""

    body: bytes

    @property
    def size(self) -> int:
        """Return the number of bytes."""
        return len(self.body)

    def read(self, at: int, count: int) -> bytes:
        """Return bytes `at` to `at + count`, fewer only at the end."""
        return self.body[at : at + max(0, count)] if at >= 0 else b""

    def read_into(self, at: int, buffer: memoryview) -> int:
        """Fill `buffer` from `at` on; return the bytes read, fewer only at the end."""
        part = self.read(at, len(buffer))
        buffer[: len(part)] = part
        return len(part)


def cut(blob: Blob, start: int, end: int) -> Blob:
    """Return bytes `start` to `end` of `blob` as a blob, without copying a file's bytes."""
    start, end = max(0, start), min(blob.size, end)
    if isinstance(blob, FdBlob):
        return FdBlob(blob.fd, blob.start + start, max(0, end - start))
    return MemoryBlob(blob.read(start, end - start))


def blocks(blob: Blob, overlap: int = 0, block: int = BLOCK) -> Iterator[tuple[int, memoryview]]:
    """Yield (offset, bytes) windows through one buffer, each overlapping the next by `overlap`.

    The memoryview is reused by the next step: copy what must last.
    """
    buffer = memoryview(bytearray(min(block + overlap, max(1, blob.size))))
    at = 0
    while at < blob.size:
        got = blob.read_into(at, buffer)
        yield at, buffer[:got]
        at += block


class Scratch:
    """One writable descriptor that members are unpacked into, used as a stack."""

    def __init__(self, fd: int | None, limit: int) -> None:
        self._fd, self._limit, self._top = fd, limit, 0

    @contextmanager
    def unpack(self, chunks: Iterable[bytes]) -> Iterator[Blob]:
        """Hold what `chunks` yields as a blob until the block ends.

        Raises:
            LimitExceededError: more bytes than the scratch space holds, or there is none.

        """
        floor, held, size = self._top, [], 0
        try:
            for chunk in chunks:
                if size + len(chunk) <= SMALL:
                    held.append(chunk)
                else:
                    self._spill(held)
                    held = []
                    self._append(chunk)
                size += len(chunk)
            if self._top > floor:
                self._spill(held)
                yield FdBlob(self._fd if self._fd is not None else -1, floor, size)
            else:
                yield MemoryBlob(b"".join(held))
        finally:
            self._top = floor

    def _spill(self, held: list[bytes]) -> None:
        for chunk in held:
            self._append(chunk)

    def _append(self, chunk: bytes) -> None:
        if self._fd is None or self._top + len(chunk) > self._limit:
            raise LimitExceededError(f"unpacked past the scratch limit of {self._limit} bytes")
        done = 0
        while done < len(chunk):
            try:
                done += os.pwrite(self._fd, chunk[done:], self._top + done)
            except OSError as e:  # a full disk is the machine's limit, no bug of a reader
                raise LimitExceededError(f"no room to unpack into: {e.strerror}") from e
        self._top += len(chunk)
